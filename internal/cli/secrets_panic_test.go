package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

const panicSecret = "canaryPanic0123456789"

// panicBatch writes a manifest whose one task gets the secret.
func panicBatch(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "tasks.yaml")
	text := "version: 1\nsecrets: [SHOP_PASSWORD]\nvariables: {p: '${{ secrets.SHOP_PASSWORD }}'}\ntasks: [{id: a, task: 'log in with %p%'}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func panicSystem(stdout, stderr *bytes.Buffer) Sys {
	sys := System()
	sys.Stdin, sys.Stdout, sys.Stderr = strings.NewReader(""), stdout, stderr
	sys.Getenv = func(name string) string { return map[string]string{"SHOP_PASSWORD": panicSecret}[name] }
	sys.Terminal = func() (int, bool) { return 0, false }
	return sys
}

// noSecretBelow fails the test when a file below a folder holds the secret.
func noSecretBelow(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(panicSecret)) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A panicking provider does so where a task calls it, with the secret in hand.
type panicking struct {
	batch.Provider
	get bool
}

func (p *panicking) Start(ctx context.Context, s batch.Spec) (batch.Observed, error) {
	if !p.get {
		panic(fmt.Sprintf("can't send %+v", s))
	}
	return p.Provider.Start(ctx, s)
}

func (p *panicking) Get(context.Context, string) (batch.Observed, error) {
	panic(fmt.Errorf("can't read with %q", panicSecret))
}

// A panic in a task is that task's failure; its trace shows no secret, in no
// stream, report or file.
func TestAPanicInATaskShowsNoSecret(t *testing.T) {
	for _, get := range []bool{false, true} {
		file := panicBatch(t)
		m, err := manifest.Load(file, manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(m.Dir, stateFolder)
		srv, err := connectLocal(Sys{}, m, &applyFlags{}, dir)
		if err != nil {
			t.Fatal(err)
		}
		srv.provider = &panicking{srv.provider, get}
		store, err := ledger.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		sys := panicSystem(&stdout, &stderr)
		f := &applyFlags{progress: "plain", state: dir}
		a := &application{
			sys: sys, flags: f, state: dir, manifest: m, show: newDisplay(sys, f), holding: &holding{store: store}, service: srv,
			secrets: batch.Secrets{"SHOP_PASSWORD": panicSecret},
			outputs: []output{{Output: report.Output{Format: report.JSONL, Path: report.Stdout}}, {Output: report.Output{Format: report.CSV, Path: filepath.Join(m.Dir, "out.csv")}}},
		}
		if err := a.run(t.Context()); codeOf(err) != exitFailed {
			t.Errorf("got %v, want exit code %d", err, exitFailed)
		}
		for _, err := range []error{store.Close(), srv.close()} {
			if err != nil {
				t.Error(err)
			}
		}
		for name, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
			if strings.Contains(text, panicSecret) {
				t.Errorf("%s holds the secret: %s", name, text)
			}
		}
		if out := stdout.String(); !strings.Contains(out, "panic: can't") || !strings.Contains(out, "***SHOP_PASSWORD***") {
			t.Errorf("stdout %s, want the panic with the secret's name", out)
		}
		noSecretBelow(t, m.Dir)
	}
}

// A panic outside of a task ends the program with its trace, without secrets.
func TestAPanicOfTheProgramShowsNoSecret(t *testing.T) {
	file := panicBatch(t)
	var stdout, stderr bytes.Buffer
	sys := panicSystem(&stdout, &stderr)
	sys.Now = func() time.Time { panic("no clock for " + panicSecret) }
	if code := Main([]string{"apply", file, "--local"}, sys); code != exitInternal {
		t.Errorf("exit code %d, want %d", code, exitInternal)
	}
	if text := stderr.String(); strings.Contains(text, panicSecret) || !strings.Contains(text, "no clock for ***SHOP_PASSWORD***") || !strings.Contains(text, "application.go") {
		t.Errorf("stderr %s, want the panic and its trace, the secret masked", text)
	}
	noSecretBelow(t, filepath.Dir(file))
}
