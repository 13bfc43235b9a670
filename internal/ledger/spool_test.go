package ledger

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// Rows of killed processes are swept; those of the process itself, of batches of
// other names, and of a moment ago are not.
func TestSweepSpools(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	old, own, young := SpoolName("a"), SpoolName("a"), SpoolName("a")
	other, longer := SpoolName("b"), SpoolName("a-b")
	long := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{old, own, young, other, longer} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("{}\n"), fileMode); err != nil {
			t.Fatal(err)
		}
		if name != young {
			if err := os.Chtimes(path, long, long); err != nil {
				t.Fatal(err)
			}
		}
		if !Owns(name) {
			t.Errorf("a report may be written to %s", name)
		}
	}
	s.SweepSpools("a", own)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), spoolPrefix) {
			got = append(got, e.Name())
		}
	}
	want := []string{own, young, other, longer}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: without %s", got, want, old)
	}
}

// The parameters of a batch are what they were when its manifest was read last.
func TestParams(t *testing.T) {
	store := openStore(t, t.TempDir())
	b := begin(t, store, "plain")
	if got := paramsOf(t, b); got != nil {
		t.Errorf("got %s, want no parameters", got)
	}
	opened, err := store.Begin(batch.Info{Name: "with", Params: []byte(`{"n":1e400}`)}, sequence(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := paramsOf(t, opened); string(got) != `{"n":1e400}` {
		t.Errorf("got %s, want those that it was opened with", got)
	}
	for _, k := range []Continuation{
		{Manifest: []byte("m"), Params: []byte(`{"country":"DE","n":1.50}`)},
		{}, // the manifest was not read: what is stored stays
	} {
		if err := b.Continue(k, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := string(paramsOf(t, b)), `{"country":"DE","n":1.50}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if err := b.Continue(Continuation{Manifest: []byte("m")}, nil); err != nil {
		t.Fatal(err)
	}
	if got := paramsOf(t, b); got != nil {
		t.Errorf("got %s, want no parameters", got)
	}
}

func paramsOf(t *testing.T, b *Batch) []byte {
	t.Helper()
	info, err := b.Info()
	if err != nil {
		t.Fatal(err)
	}
	return info.Params
}
