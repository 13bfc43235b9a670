package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// Every example is run by a script of its own, says at its top how it is run,
// and loads without a warning.
func TestTheExamplesAreRun(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "examples*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	examples, err := filepath.Glob(filepath.Join("..", "..", "examples", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) < 5 {
		t.Fatalf("got %d examples, want 5 at least", len(examples))
	}
	for _, path := range examples {
		run := "bbbatch apply examples/" + filepath.Base(path) + " --local\n"
		if !strings.Contains(all.String(), " "+run) && !strings.Contains(all.String(), strings.TrimSuffix(run, "\n")+" ") {
			t.Errorf("%s: no script runs it", path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), "\nversion: 1\n")
		if !strings.HasPrefix(head, "# ") || !strings.Contains(head+"\n", "#   "+run) {
			t.Errorf("%s: its first comment does not say %s", path, run)
		}
		m, err := manifest.Load(path, manifest.Options{Env: func(string) (string, bool) { return "", false }})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if len(m.Warnings) > 0 {
			t.Errorf("%s: got warnings %v, want none", path, m.Warnings)
		}
	}
}
