package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

func ballastOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, ballastName))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != fileMode && runtime.GOOS != "windows" {
		t.Errorf("mode %v, want %o", info.Mode(), fileMode)
	}
	return info.Size()
}

// The ballast is made once, made whole where a process was killed over it, and
// left alone otherwise. Something else of its name is not touched.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	path := filepath.Join(dir, ballastName)
	for _, before := range []func() error{
		func() error { return nil },
		func() error { return os.Truncate(path, 5) },
		func() error { return os.Truncate(path, ballastSize+1) },
		func() error { return os.Remove(path) },
	} {
		if err := errors.Join(before(), s.Reserve()); err != nil {
			t.Fatal(err)
		}
		if got := ballastOf(t, dir); got != ballastSize {
			t.Errorf("got %d bytes, want %d", got, ballastSize)
		}
	}
	first, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(); err != nil {
		t.Fatal(err)
	}
	if again, err := os.Stat(path); err != nil || !again.ModTime().Equal(first.ModTime()) {
		t.Errorf("it was written again: %v", err)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, dirMode)); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder of that name: got %v, want the path", err)
	}
}

// A write that finds no room is done once more when the ballast is gone; what
// can't be done twice is told so, and the store goes on.
func TestRoomIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := s.Reserve(); err != nil {
		t.Fatal(err)
	}
	b := begin(t, s, "main", ledgertest.Tasks(2)...)
	tries := 0
	err := s.writeAgain(func(*connection) error {
		if tries++; ballastOf(t, dir) > 0 {
			return errNoRoom
		}
		return nil
	})
	if err != nil || tries != 2 || ballastOf(t, dir) != 0 {
		t.Errorf("got %v after %d tries, ballast of %d, want none after 2", err, tries, ballastOf(t, dir))
	}
	select {
	case <-s.Full():
	default:
		t.Error("nobody was told that the disk is full")
	}
	if err := s.write(func(*connection) error { return errNoRoom }); !errors.Is(err, ErrFull) || errors.Is(err, ErrBroken) {
		t.Errorf("what can't be done twice: got %v, want %v", err, ErrFull)
	}
	mustAppend(t, b, wholeWay(0, []byte("{}"))...)
	if err := s.writeAgain(func(*connection) error { return errNoRoom }); !errors.Is(err, ErrBroken) {
		t.Errorf("without ballast: got %v, want %v", err, ErrBroken)
	}
}

// An event that was rolled back with its group comes a second time, with its
// side file, although what is remembered of its task is ahead of the rows.
func TestAGroupThatIsDoneTwice(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(1)...)
	way := wholeWay(0, []byte(strings.Repeat("1", rowLimit+1)))
	for i, e := range way {
		var writes []write
		if err := b.prepare(&writes, []batch.Event{e}); err != nil {
			t.Fatal(err)
		}
		tries := 0
		err := s.writeAgain(func(c *connection) error {
			if err := applyAll(c, writes); err != nil {
				return err
			}
			if tries++; tries == 1 {
				return errNoRoom
			}
			return nil
		})
		if err = errors.Join(err, writes[0].refused); err != nil || tries != 2 {
			t.Fatalf("event %d: got %v after %d tries", i, err, tries)
		}
	}
	row, err := b.Task(0)
	if err != nil || row.State != batch.StateDone {
		t.Errorf("got %s, %v, want %s", row.State, err, batch.StateDone)
	}
	r, err := b.Result(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(r.File); err != nil || info.Size() != rowLimit+1 {
		t.Errorf("side file: %v", err)
	}
	events, err := b.TaskEvents(0)
	if err != nil || len(events) != 1+len(way) {
		t.Errorf("got %d events, %v, want %d", len(events), err, 1+len(way))
	}
}

// What killed processes read answers into is removed a day later, and nothing
// else.
func TestSpillsAreSwept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd [ab] *")
	s := openStore(t, dir)
	old := time.Now().Add(-spillsKept - time.Minute)
	for name, age := range map[string]time.Time{
		"result-123.json": old, "result-new.json": time.Now(), "notes.json": old, "result-1.txt": old,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte("{}"), fileMode), os.Chtimes(path, age, age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Reserve(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"result-123.json": false, "result-new.json": true, "notes.json": true, "result-1.txt": true, fileName: true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %v", name, err, want)
		}
	}
}

// A row can't name a side file outside of the folder of results.
func TestSideFilesStayInside(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(1)...)
	mustAppend(t, b, wholeWay(0, []byte(strings.Repeat("1", rowLimit+1)))...)
	if r, err := b.Result(0, 1); err != nil || !strings.HasPrefix(r.File, filepath.Join(dir, "results")) {
		t.Fatalf("got %q, %v", r.File, err)
	}
	for _, name := range []string{"../secret", "results/../../secret", "results/../ledger.db", "/etc/passwd", "ledger.db", "", "results//x", `..\secret`} {
		raw(t, dir, "UPDATE results SET file = '"+name+"'")
		if r, err := b.Result(0, 1); !errors.Is(err, ErrDamaged) || r.File != "" {
			t.Errorf("%q: got %q, %v, want %v", name, r.File, err, ErrDamaged)
		}
		for r, err := range b.Records(0) {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%q: got %v, %v, want %v", name, r.Result.File, err, ErrDamaged)
			}
		}
	}
}

// A lock that was not given back is told of, also when somebody has looked at
// the ledger since, and until it is given back.
func TestAbandonedLock(t *testing.T) {
	dir := t.TempDir()
	for i, want := range []bool{false, true, true, false} {
		l, err := Lock(dir, "main")
		if err != nil {
			t.Fatal(err)
		}
		if l.Abandoned() != want {
			t.Errorf("holder %d: got %v, want %v", i, l.Abandoned(), want)
		}
		if i < 2 {
			err = l.Leave()
		} else {
			err = l.Unlock()
		}
		if err != nil {
			t.Fatal(err)
		}
		if h := HeldBy(dir, "main"); h != nil {
			t.Errorf("holder %d: still held: %v", i, h)
		}
	}
}
