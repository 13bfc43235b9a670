package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A file may have any name; a terminal is not to obey it.
func TestCheckSpoilsNoTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a\x1b]0;title\a.yaml")
	if err := os.WriteFile(path, []byte("version: 1\nname: a\ntasks: [{id: a, task: a}]\n"), 0o600); err != nil {
		t.Skip(err) // such a name can't be had here
	}
	var stdout, stderr bytes.Buffer
	code := Main([]string{"check", path}, Sys{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Now: time.Now,
		StdoutTerminal: func() bool { return true },
		Terminal:       func() (int, bool) { return 0, false },
	})
	if code != 0 || !strings.Contains(stdout.String(), ": ok: 1 task\n") {
		t.Errorf("exit code %d, %q, %q", code, stdout.String(), stderr.String())
	}
	if strings.ContainsAny(stdout.String(), "\x1b\a") {
		t.Errorf("a terminal gets %q", stdout.String())
	}
}
