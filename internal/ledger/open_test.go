package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// modes checks that nobody else can read what lies in a state folder.
func modes(t *testing.T, dir string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(fileMode)
		if d.IsDir() {
			want = dirMode
		} else {
			files++
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("got %d files, %v", files, err)
	}
}

func TestModesOfEverything(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	s := openStore(t, dir)
	l, err := Lock(dir, "main")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	})
	b := begin(t, s, "main", ledgertest.Tasks(2)...)
	spilled := filepath.Join(t.TempDir(), "spilled")
	if err := os.WriteFile(spilled, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, r := range []batch.Result{{Raw: make([]byte, rowLimit+1)}, {File: spilled}} {
		end := wholeWay(i, nil)[2]
		end.Run.Result = r
		mustAppend(t, b, wholeWay(i, nil)[0], wholeWay(i, nil)[1], end)
	}
	modes(t, dir)
}

func TestOddPaths(t *testing.T) {
	names := []string{"with space", "100%", "a%20b", "q?mode=ro", "h#x", "ü"}
	if runtime.GOOS == "windows" {
		names = []string{"with space", "100%", "a%20b", "h#x", "ü"}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			begin(t, openStore(t, dir), "main", ledgertest.Tasks(1)...)
			if _, err := os.Stat(filepath.Join(dir, "ledger.db-wal")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "ledger.db" {
		t.Errorf("got %v, %v, want ledger.db alone", left, err)
	}
	if err := b.Append(wholeWay(0, nil)[0]); !errors.Is(err, ErrClosed) {
		t.Errorf("append: got %v, want %v", err, ErrClosed)
	}
	if _, err := b.Task(0); !errors.Is(err, ErrClosed) {
		t.Errorf("read: got %v, want %v", err, ErrClosed)
	}
	again, err := openStore(t, dir).Batch(b.ID())
	if err != nil {
		t.Fatal(err)
	}
	if row, err := again.Task(2); err != nil || row.ID != "task-2" {
		t.Errorf("got %v, %v", row, err)
	}
}

// Another process that is stopped in the middle of a read does not hold up who
// closes, and nothing is lost.
func TestCloseDoesNotWaitForReadersElsewhere(t *testing.T) {
	dir := t.TempDir()
	s, elsewhere := openStore(t, dir), openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(2)...)
	var closed error
	var took time.Duration
	err := elsewhere.read(func(c *connection) error {
		var n int
		if _, err := c.one(`SELECT count(*) FROM tasks`, nil, &n); err != nil {
			return err
		}
		mustAppend(t, b, wholeWay(1, []byte("1"))...)
		began := time.Now()
		done := make(chan error, 1)
		go func() { done <- s.Close() }()
		select {
		case closed = <-done:
		case <-time.After(5 * time.Second):
		}
		took = time.Since(began)
		return nil
	})
	if err != nil || closed != nil || took > 2*time.Second {
		t.Errorf("closed after %s, %v, %v", took, closed, err)
	}
	again, err := elsewhere.Batch(b.ID())
	if err != nil {
		t.Fatal(err)
	}
	if row, err := again.Task(1); err != nil || row.State != batch.StateDone {
		t.Errorf("got %v, %v", row, err)
	}
}

func raw(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", source(filepath.Join(dir, fileName), "rwc", busyTimeout))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, dir, fmt.Sprintf("PRAGMA user_version = %d", version+1))
	before, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir)
	v, ok := errors.AsType[*VersionError](err)
	if !ok || *v != (VersionError{Path: s.path, Version: version + 1, Supported: version}) || !strings.Contains(err.Error(), s.path) {
		t.Errorf("got %v, want a version error of %s", err, s.path)
	}
	if after, err := os.ReadFile(s.path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
}

// The ledgers of every version before this one load, whole, and can be written.
func TestOlderVersionsAreMigrated(t *testing.T) {
	for v := 1; v < version; v++ {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			dir := t.TempDir()
			old, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("v%d.db", v)))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fileName), old, 0o600); err != nil {
				t.Fatal(err)
			}
			s := openStore(t, dir)
			b, ok, err := s.Latest("")
			if err != nil || !ok {
				t.Fatalf("got %v, %v, want a batch", ok, err)
			}
			sum, err := b.Summary()
			if err != nil {
				t.Fatal(err)
			}
			want := map[batch.Outcome]int{batch.Passed: 10, batch.Invalid: 2, batch.Failed: 1}
			switch v {
			case 3:
				want = map[batch.Outcome]int{batch.Passed: 13}
			case 4:
				want = map[batch.Outcome]int{batch.Passed: 6, batch.Invalid: 1}
			}
			if diff := cmp.Diff(want, sum.Counts); diff != "" || sum.Info.Selection != "" {
				t.Errorf("selection %q, counts (-want +got):\n%s", sum.Info.Selection, diff)
			}
			records := 0
			for r, err := range b.Records(0) {
				if err != nil {
					t.Fatal(err)
				}
				if r.Outcome == batch.Passed && !r.Result.Present() {
					t.Errorf("%s: the result is gone", r.ID)
				}
				records++
			}
			if records != sum.Info.Total {
				t.Errorf("got %d records, want %d", records, sum.Info.Total)
			}
			begin(t, s, "new", ledgertest.Tasks(2)...)
		})
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(t *testing.T, dir, path string)
		is    error
	}{
		{"text", func(t *testing.T, _, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrNotLedger},
		{"another program's database", func(t *testing.T, dir, _ string) { raw(t, dir, "CREATE TABLE x (y)") }, ErrNotLedger},
		{"another program's version", func(t *testing.T, dir, _ string) { raw(t, dir, "PRAGMA user_version = 7") }, ErrNotLedger},
		{"another application", func(t *testing.T, dir, _ string) { raw(t, dir, "PRAGMA application_id = 7") }, ErrNotLedger},
		{"a folder", func(t *testing.T, _, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"a state folder that is a file", func(t *testing.T, dir, _ string) {
			if err := errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			c.setup(t, dir, filepath.Join(dir, fileName))
			s, err := Open(dir)
			if err == nil {
				_ = s.Close()
				t.Fatal("got no error")
			}
			if c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %v with the path", err, c.is)
			}
		})
	}
}

func TestReadOnlyIsRefused(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("modes do not bind this user")
	}
	for name, lock := range map[string]func(dir string) error{
		"folder": func(dir string) error { return os.Chmod(dir, 0o500) },
		"file":   func(dir string) error { return os.Chmod(filepath.Join(dir, fileName), 0o400) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := openStore(t, dir).Close(); err != nil {
				t.Fatal(err)
			}
			if err := lock(dir); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
			s, err := Open(dir)
			if err == nil {
				_ = s.Close()
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "writable") {
				t.Errorf("got %v, want the path and what is wrong", err)
			}
		})
	}
}

func TestManyOpenTheSameNewFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			s, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// The write-ahead log of SQLite before 3.51.3 can be corrupted when it is
// reset while another process checkpoints.
func TestSQLiteVersion(t *testing.T) {
	s := openStore(t, t.TempDir())
	var major, minor, patch int
	err := s.read(func(c *connection) error {
		_, err := c.one(`SELECT substr(v, 1, 1), substr(v, 3, 2), substr(v, 6) FROM (SELECT sqlite_version() AS v)`, nil, &major, &minor, &patch)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if major*1_000_000+minor*1000+patch < 3_051_003 {
		t.Errorf("got SQLite %d.%d.%d, want 3.51.3 or later", major, minor, patch)
	}
}

// What durability rests on is set on the connection that writes, and readers
// cannot write.
func TestPragmas(t *testing.T) {
	s := openStore(t, t.TempDir())
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "60000", "fullfsync": "1"} {
		var got string
		err := s.write(func(c *connection) error {
			_, err := c.one("PRAGMA "+pragma, nil, &got)
			return err
		})
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", pragma, got, err, want)
		}
	}
	err := s.read(func(c *connection) error {
		_, err := c.exec("DELETE FROM batches")
		return err
	})
	if err == nil {
		t.Error("a reader may write")
	}
}
