package report

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// tree lists what is below dir, with the contents of files and the targets of
// links.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case d.IsDir():
			got[name] = "folder"
		case d.Type()&os.ModeSymlink != 0:
			link, _ := os.Readlink(path)
			got[name] = "-> " + link
		default:
			text, err := os.ReadFile(path)
			got[name] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func want(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	s := &memory{records: []batch.Record{done(0, "a", batch.Passed, `{"v":1}`)}}
	text := rendered(t, CSV, s)
	o := Output{Format: CSV, Path: filepath.Join(dir, "x", "y", "out.csv")}
	partial := filepath.Join(dir, "x", "y", "out.partial.csv")

	if path, err := WriteFile(o, s, false); err != nil || path != partial {
		t.Fatalf("got %q, %v, want %q", path, err, partial)
	}
	want(t, filepath.Join(dir, "x", "y"), map[string]string{"out.partial.csv": text})

	if path, err := WriteFile(o, s, true); err != nil || path != o.Path {
		t.Fatalf("got %q, %v, want %q", path, err, o.Path)
	}
	want(t, filepath.Join(dir, "x", "y"), map[string]string{"out.csv": text})

	s.records = append(s.records, done(1, "b", batch.Running, ""))
	if _, err := WriteFile(o, s, false); err != nil {
		t.Fatal(err)
	}
	want(t, filepath.Join(dir, "x", "y"), map[string]string{"out.csv": text, "out.partial.csv": rendered(t, CSV, s)})
}

func TestPartialName(t *testing.T) {
	for path, want := range map[string]string{
		"out.csv": "out.partial.csv", "a.b/out": "a.b/out.partial", "x/a.b.jsonl": "x/a.b.partial.jsonl",
	} {
		if got := PartialName(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// failing yields one record and then an error, as a broken ledger does.
type failing struct{ memory }

var errLedger = errors.New("the ledger is broken")

func (f *failing) Records(from int) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		if yield(done(0, "a", batch.Passed, ""), nil) {
			yield(batch.Record{}, errLedger)
		}
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.jsonl")
	put(t, path, "old", 0o644)
	if _, err := WriteFile(Output{Format: JSONL, Path: path}, &failing{}, true); !errors.Is(err, errLedger) {
		t.Errorf("got %v, want %v", err, errLedger)
	}
	want(t, dir, map[string]string{"out.jsonl": "old"})
}

func TestModeIsKept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are not files' there")
	}
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a.csv": 0o600, "b.csv": 0o666, "c.csv": 0o640} {
		path := filepath.Join(dir, name)
		put(t, path, "old", mode)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := WriteFile(Output{Format: CSV, Path: path}, &memory{}, true); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%s: got %v, want %v", name, got, mode)
		}
	}
}

func TestLinksStay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	dir := t.TempDir()
	header := rendered(t, CSV, &memory{})
	if err := os.MkdirAll(filepath.Join(dir, "real", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "real", "target.csv"), "old", 0o644)
	for link, target := range map[string]string{
		"to-file.csv": "real/target.csv",
		"folder":      "real/deep",
		"dangling":    "real/new.csv",
		"loop.csv":    "loop.csv",
		// real/deep holds it, so that .. is real
		"real/deep/up.csv": "../up-target.csv",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"to-file.csv", "dangling", "folder/up.csv"} {
		o := Output{Format: CSV, Path: filepath.Join(dir, name)}
		if err := CheckFile(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := WriteFile(o, &memory{}, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	want(t, dir, map[string]string{
		"to-file.csv": "-> real/target.csv", "folder": "-> real/deep", "dangling": "-> real/new.csv", "loop.csv": "-> loop.csv",
		"real": "folder", "real/deep": "folder", "real/deep/up.csv": "-> ../up-target.csv",
		"real/target.csv": header, "real/new.csv": header, "real/up-target.csv": header,
	})
	if _, err := WriteFile(Output{Format: CSV, Path: filepath.Join(dir, "loop.csv")}, &memory{}, true); err == nil {
		t.Error("a link to itself was written")
	}
}

func TestDevicesAreWrittenAsTheyAre(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no device files there")
	}
	o := Output{Format: CSV, Path: "/dev/null"}
	if err := CheckFile(o); err != nil {
		t.Error(err)
	}
	if path, err := WriteFile(o, &memory{}, false); err != nil || path != "/dev/null" {
		t.Errorf("got %q, %v, want /dev/null", path, err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("got %v, %v: the device was replaced", info, err)
	}
}

func TestCheckFileLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "old.csv"), "old", 0o644)
	put(t, filepath.Join(dir, "out.partial.csv"), "part", 0o644)
	before := tree(t, dir)
	for _, name := range []string{"a.csv", "x/y/z/a.csv", "old.csv", "out.csv"} {
		if err := CheckFile(Output{Format: CSV, Path: filepath.Join(dir, name)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want(t, dir, before)
	}
	if err := CheckFile(Output{Format: CSV, Path: Stdout}); err != nil {
		t.Error(err)
	}
}

func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "", 0o644)
	for _, d := range []string{"d.csv", "e.partial.csv"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, why := range map[string]string{
		"d.csv":                           "is a folder",
		"e.csv":                           "e.partial.csv: is a folder",
		"x.csv/":                          "names a folder",
		"":                                "is a folder",
		"file/a.csv":                      "",
		strings.Repeat("x", 300) + ".csv": "",
		"n/" + strings.Repeat("x", 300):   "",
		"n/m/" + strings.Repeat("x", 252): "", // the partial's name is too long
		"nul\x00.csv":                     "",
	} {
		path := dir + "/" + name
		before := tree(t, dir)
		err := CheckFile(Output{Format: CSV, Path: path})
		if err == nil {
			t.Errorf("%.20q: got no error", name)
			continue
		}
		if !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%.20q: got %v, want the path and %q", name, err, why)
		}
		want(t, dir, before)
	}
	for _, path := range []string{"", "-"} {
		if _, err := WriteFile(Output{Format: CSV, Path: path}, &memory{}, true); err == nil {
			t.Errorf("%q was written as a file", path)
		}
	}
}

func TestProtected(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("nothing is protected from this user")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	put(t, path, "old", 0o444)
	if err := CheckFile(Output{Format: CSV, Path: path}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("check: got %v, want %v", err, os.ErrPermission)
	}
	if _, err := WriteFile(Output{Format: CSV, Path: path}, &memory{}, true); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v, want %v", err, os.ErrPermission)
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.csv", "x/a.csv"} {
		if err := CheckFile(Output{Format: CSV, Path: filepath.Join(locked, name)}); !errors.Is(err, os.ErrPermission) {
			t.Errorf("%s: got %v, want %v", name, err, os.ErrPermission)
		}
	}
}
