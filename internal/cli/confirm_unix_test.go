//go:build unix

package cli_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/bbbatch/bbbatch/report/terminaltest"
)

// terminal runs the program in a terminal of its own, in a folder.
func terminal(t *testing.T, dir, url string, args ...string) *session {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	cmd := bbbatch(url, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	s := &session{t: t, screen: terminaltest.New(100, t.Errorf), master: master, cmd: cmd, read: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.read)
		_, _ = io.Copy(s.screen, master) // ends with EIO when the program has ended
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// engine.md "Identity": more than 0 passed tasks to be bought again are asked for
// on a terminal. Only a yes buys them.
func TestBuyingAgainIsAskedFor(t *testing.T) {
	url := serve(t, `[{"delay": "10ms", "result": {"ok": true}}]`)
	dir := t.TempDir()
	manifest := func(text string) {
		t.Helper()
		text = "version: 1\nname: t\ntasks:\n  - {id: a, task: " + text + "}\n  - {id: b, task: do b}\n"
		if err := os.WriteFile(filepath.Join(dir, "tasks.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := bbbatch(url, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err, string(err.(*exec.ExitError).Stderr))
		}
		return string(out)
	}
	bought := func(want string) {
		t.Helper()
		if got := run("status", "--json"); !strings.Contains(got, `"runs":`+want+`,`) {
			t.Errorf("got %s, want %s runs", got, want)
		}
	}
	manifest("do a")
	run("apply", "tasks.yaml", "--batch", "k", "-q", "-o", "out.csv")
	bought("2")
	manifest("do a better")
	again := []string{"apply", "tasks.yaml", "--batch", "k", "--rerun", "changed", "-o", "out.csv"}
	for _, c := range []struct {
		key  string
		code int
		runs string
	}{{"n\n", 2, "2"}, {"\n", 2, "2"}, {"\x04", 2, "2"}, {"\x03", 130, "2"}, {"y\n", 0, "3"}} {
		s := terminal(t, dir, url, again...)
		s.until("1 task that passed would be bought again: a. Go on? [y/N]")
		s.press(c.key)
		s.end(c.code)
		bought(c.runs)
	}
}
