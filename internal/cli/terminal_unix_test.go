//go:build unix

package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/bbbatch/bbbatch/report"
	"github.com/bbbatch/bbbatch/report/terminaltest"
	"github.com/bbbatch/bbbatch/schema"
)

// A session is the program in a terminal of its own.
type session struct {
	t      *testing.T
	screen *terminaltest.Screen
	master *os.File
	cmd    *exec.Cmd
	read   chan struct{}
}

// inTerminal starts an apply of count tasks against a server whose runs take
// delay; every seventh result breaks its schema.
func inTerminal(t *testing.T, width, count int, delay string, args ...string) *session {
	t.Helper()
	return inTerminalWith(t, nil, width, count, delay, args...)
}

// inTerminalWith adds variables to the environment.
func inTerminalWith(t *testing.T, env []string, width, count int, delay string, args ...string) *session {
	t.Helper()
	url := serve(t, `[{"match": "bad", "delay": "`+delay+`", "result": {"price": "?"}}, {"delay": "`+delay+`", "result": {"price": 1}}]`)
	dir := writeTasks(t, count)
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	cmd := bbbatch(url, append([]string{"apply", filepath.Join(dir, "tasks.yaml"), "-j", "20"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	s := &session{t: t, screen: terminaltest.New(width, t.Errorf), master: master, cmd: cmd, read: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.read)
		_, _ = io.Copy(s.screen, master) // ends with EIO when the program has ended
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// bbbatch is this test binary as the program, without what makes it plain.
func bbbatch(url string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); name != "CI" && name != "NO_COLOR" && name != "TERM" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, asProgram+"=1", "TERM=xterm-256color", "BROWSERBASE_API_KEY=any", "BROWSERBASE_BASE_URL="+url)
	return cmd
}

// resize makes the terminal and what it shows narrower or wider.
func (s *session) resize(width int) {
	s.t.Helper()
	s.screen.Resize(width)
	if err := pty.Setsize(s.master, &pty.Winsize{Rows: 40, Cols: uint16(width)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) press(key string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, key); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for something to be on the screen.
func (s *session) until(what string) {
	s.t.Helper()
	for range 1500 {
		if strings.Contains(s.screen.Text(), what) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("not on the screen within 15 s: %q; there is:\n%s", what, s.screen.Text())
}

// end waits for the program, checks its exit code, and returns what is left on
// the screen.
func (s *session) end(want int) string {
	s.t.Helper()
	err := s.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	<-s.read
	text := s.screen.Text()
	if got := s.cmd.ProcessState.ExitCode(); got != want {
		s.t.Errorf("exit code %d, want %d:\n%s", got, want, text)
	}
	return text
}

// leftBehind are pieces of a bar.
var leftBehind = []string{"% [", "] ", "elapsed", " left\n", " running  "}

// cli.md "Streams": one goroutine owns the terminal. Standard output and error
// are the same one here: the records come whole, the lines come whole, and of
// the bar nothing is left, also when the terminal becomes narrower and wider.
func TestTheBarLeavesNothingBehind(t *testing.T) {
	record, err := schema.Compile(report.ResultSchema(), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{40, 80, 200} {
		for _, cuts := range []bool{false, true} {
			t.Run(fmt.Sprintf("width=%d,cuts=%v", width, cuts), func(t *testing.T) {
				t.Parallel()
				const tasks = 70
				args := []string{}
				if cuts { // lines that the terminal cuts can't be read
					args = []string{"-o", "out.jsonl"}
				}
				s := inTerminal(t, width, tasks, "400ms", args...)
				s.screen.Cuts = cuts
				s.until("/70")
				for _, w := range []int{width / 2, width * 2, width / 3, width} {
					time.Sleep(500 * time.Millisecond)
					s.resize(w)
				}
				text := s.end(3)
				for _, piece := range leftBehind {
					if strings.Contains(text, piece) {
						t.Errorf("%q is left:\n%s", piece, text)
					}
				}
				records, invalid := 0, 0
				for line := range strings.SplitSeq(text, "\n") {
					switch {
					case strings.HasPrefix(line, "{"):
						if problems := record.Validate([]byte(line)); len(problems) > 0 {
							t.Errorf("%q is no record: %v", line, problems)
						}
						records++
					case strings.HasPrefix(line, "invalid"):
						invalid++
					}
				}
				if invalid != tasks/7 || !cuts && records != tasks {
					t.Errorf("got %d records and %d lines about invalid results, want %d and %d:\n%s", records, invalid, tasks, tasks/7, text)
				}
				if !strings.Contains(text, "60 of 70 passed") {
					t.Errorf("the summary is missing:\n%s", text)
				}
			})
		}
	}
}

// engine.md "Stopping": Ctrl-C once waits, twice detaches; the terminal is left
// as it should be.
func TestCtrlCInATerminal(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		for presses := 1; presses <= 2; presses++ {
			t.Run(fmt.Sprintf("width=%d,presses=%d", width, presses), func(t *testing.T) {
				t.Parallel()
				s := inTerminal(t, width, 70, map[int]string{1: "2s", 2: "30s"}[presses], "-o", "out.csv")
				s.until("/70")
				time.Sleep(1200 * time.Millisecond)
				s.press("\x03")
				s.until("nothing new is started; waiting for ")
				began := time.Now()
				if presses == 2 {
					s.press("\x03")
				}
				text := s.end(130)
				if took := time.Since(began); presses == 2 && took > 3*time.Second {
					t.Errorf("the second Ctrl-C took %s", took)
				}
				for _, piece := range append(leftBehind, "^C") {
					if strings.Contains(text, piece) {
						t.Errorf("%q is left:\n%s", piece, text)
					}
				}
				if !strings.Contains(text, "\nnext: bbbatch apply ") || presses == 2 && !strings.Contains(text, "detached: 20 runs in flight") {
					t.Errorf("the last lines are not as they should be:\n%s", text)
				}
			})
		}
	}
}

// engine.md "Stopping": a terminal that Ctrl-S has stopped keeps nobody from
// ending the program.
func TestAStoppedTerminalDoesNotHoldTheProgram(t *testing.T) {
	t.Parallel()
	s := inTerminal(t, 80, 70, "30s", "-o", "out.csv", "-v")
	s.until("/70")
	s.press("\x13") // Ctrl-S
	time.Sleep(1500 * time.Millisecond)
	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.end(130)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s to end", took)
	}
}

// engine.md "Stopping": neither does a full pipe that nobody reads, and the
// ledger is whole: the next apply collects what was started.
func TestAnUnreadPipeDoesNotHoldTheProgram(t *testing.T) {
	for _, c := range []struct {
		name    string
		signals []os.Signal
		args    []string
	}{
		{"SIGTERM", []os.Signal{syscall.SIGTERM}, nil},
		{"SIGINT twice", []os.Signal{os.Interrupt, os.Interrupt}, nil},
		{"objects", []os.Signal{syscall.SIGTERM}, []string{"--progress", "json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, `[{"match": "bad", "result": {"price": "?"}}, {"delay": "3s", "result": {"price": 1}}]`)
			dir := writeTasks(t, 21)
			args := []string{"apply", filepath.Join(dir, "tasks.yaml"), "-j", "20", "-o", filepath.Join(dir, "out.csv")}
			cmd := bbbatch(url, append(append(args, "-v"), c.args...)...)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			fill(t, w)
			cmd.Stderr = w
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			_ = w.Close()
			for range 1000 { // until runs are in flight
				if started(dir) {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(time.Second)
			began := time.Now()
			for _, sig := range c.signals {
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond)
			}
			_ = cmd.Wait()
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s to end", took)
			}
			if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("exit code %d, want 130", got)
			}
			again := bbbatch(url, append(args, "-q")...)
			if _ = again.Run(); again.ProcessState.ExitCode() != 3 {
				t.Errorf("the next apply: exit code %d, want 3", again.ProcessState.ExitCode())
			}
		})
	}
}

// fill writes into a pipe until it is full.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	if err := w.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for size := 4096; ; {
		if _, err := w.Write(make([]byte, size)); err != nil {
			if size == 1 {
				return
			}
			size = 1
		}
	}
}

// started reports whether there is a ledger with something in it.
func started(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, ".bbbatch", "ledger.db-wal"))
	return err == nil && info.Size() > 0
}

// The objects of --progress json are for programs: a terminal does not make a
// bar of them.
func TestObjectsOnATerminal(t *testing.T) {
	t.Parallel()
	s := inTerminal(t, 80, 7, "50ms", "-o", "out.csv", "--progress", "json")
	for line := range strings.SplitSeq(strings.TrimSpace(s.end(3)), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q is no object", line)
		}
	}
}

// cli.md "Streams": NO_COLOR, CI and a dumb terminal are respected.
func TestPlainTerminals(t *testing.T) {
	for variable, bar := range map[string]bool{"NO_COLOR=1": true, "CI=true": false, "TERM=dumb": false} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			s := inTerminalWith(t, []string{variable}, 80, 7, "300ms", "-o", "out.csv")
			text := s.end(3)
			raw := s.screen.Raw()
			if got := strings.Contains(raw, "\x1b["); got != bar {
				t.Errorf("escape sequences: got %v, want %v: %q", got, bar, raw)
			}
			if got := strings.Contains(raw, "\x1b[3"); got {
				t.Errorf("there are colours: %q", raw)
			}
			if got := strings.Contains(text, "passed  task-0"); got == bar {
				t.Errorf("a line about a passed task: got %v, want %v:\n%s", got, !bar, text)
			}
		})
	}
	t.Run("colours", func(t *testing.T) {
		t.Parallel()
		s := inTerminal(t, 80, 7, "300ms", "-o", "out.csv")
		s.end(3)
		if raw := s.screen.Raw(); !strings.Contains(raw, "\x1b[31minvalid\x1b[0m") {
			t.Errorf("there are no colours: %q", raw)
		}
	})
}
