package manifest

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// unpack writes the files of an archive into a folder of its own and makes it
// the working directory. It returns the text of the file called want. In the
// files ␉ is a tab, ␍ a carriage return, ␀ a byte of no UTF-8 text, and a
// last line that ends in ␄ has no newline.
func unpack(t testing.TB, path string) (a *txtar.Archive, want string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	real := strings.NewReplacer("␉", "\t", "␍", "\r", "␀", "\xff", "␄\n", "")
	for _, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(real.Replace(string(f.Data))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return a, want
}

// output is what the command line prints for the result of Load.
func output(m *Manifest, err error) string {
	var b strings.Builder
	var wrong Problems
	switch {
	case errors.As(err, &wrong):
	case err != nil:
		return "not a list of problems: " + err.Error() + "\n"
	default:
		wrong = m.Warnings
	}
	for _, p := range wrong {
		if p.Warning {
			b.WriteString("warning: ")
		}
		b.WriteString(p.Error() + "\n")
		if p.Hint != "" {
			b.WriteString("hint: " + p.Hint + "\n")
		}
	}
	return filepath.ToSlash(b.String())
}

// Each archive in testdata/bad is a manifest that is wrong, or odd, with all
// that is said about it. Its first line is the rule.
func TestBad(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(paths) < 290 {
		t.Fatalf("got %d archives, %v, want 290 at least", len(paths), err)
	}
	for _, path := range paths {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, want := unpack(t, path)
			m, err := Load("tasks.yaml", Options{})
			got := output(m, err)
			if err == nil && len(m.Warnings) == 0 {
				t.Fatal("nothing is said about it")
			}
			if *update {
				rewrite(t, path, a, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the output differs (-want +got):\n%s", diff)
			}
		})
	}
}

func rewrite(t *testing.T, path string, a *txtar.Archive, got string) {
	for i := range a.Files {
		if a.Files[i].Name == "want" {
			a.Files = append(a.Files[:i], a.Files[i+1:]...)
			break
		}
	}
	a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
