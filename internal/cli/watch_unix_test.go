//go:build unix

package cli_test

import (
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/bbbatch/bbbatch/report/terminaltest"
)

// watched starts an apply that nobody sees, and status --watch in a terminal.
func watched(t *testing.T, delay string) *session {
	t.Helper()
	url := serve(t, `[{"delay": "`+delay+`", "result": {"price": 1}}]`)
	dir := writeTasks(t, 3)
	apply := bbbatch(url, "apply", filepath.Join(dir, "tasks.yaml"), "-j", "3", "-q", "-o", filepath.Join(dir, "out.csv"))
	apply.Dir = dir
	if err := apply.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = apply.Process.Kill(); _ = apply.Wait() })
	state := filepath.Join(dir, ".bbbatch")
	for range 500 {
		if bbbatch(url, "status", "--state", state).Run() == nil {
			break
		}
	}
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 60}); err != nil {
		t.Fatal(err)
	}
	cmd := bbbatch(url, "status", "--watch", "--state", state)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	s := &session{t: t, screen: terminaltest.New(60, t.Errorf), master: master, cmd: cmd, read: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.read)
		_, _ = io.Copy(s.screen, master)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// cli.md "status --watch": a terminal shows where the batch stands now, once,
// until it is closed.
func TestWatchIsDrawnAnew(t *testing.T) {
	t.Parallel()
	s := watched(t, "3s")
	s.until("unfinished")
	s.until("in flight")
	text := s.end(0)
	if strings.Count(text, " of tasks: ") != 1 || strings.Count(text, "opened ") != 1 || strings.Contains(text, "in flight") || strings.Contains(text, "unfinished") || strings.Contains(text, "task-") {
		t.Errorf("got something left behind:\n%s", text)
	}
	if !strings.Contains(text, "3 of 3 tasks done: 3 passed") {
		t.Errorf("got no end:\n%s", text)
	}
	if n := strings.Count(s.screen.Raw(), "opened "); n < 3 {
		t.Errorf("drawn %d times, want at least 3", n)
	}
}

func TestWatchEndsAtCtrlC(t *testing.T) {
	t.Parallel()
	s := watched(t, "30s")
	s.until("in flight")
	s.press("\x03")
	if text := s.end(130); strings.Count(text, "opened ") != 1 {
		t.Errorf("got something left behind:\n%s", text)
	}
}
