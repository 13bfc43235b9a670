//go:build unix

package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/server"
)

// agentsAPI is a server that makes the readers of runs wait, from the first
// create on.
func agentsAPI(t *testing.T, rules string, reads time.Duration) (*server.Server, string) {
	t.Helper()
	agent, err := server.Script(strings.NewReader(rules))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Agent: agent, Concurrency: 1000})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && s.Stats().Creates > 0 {
			select {
			case <-time.After(reads):
			case <-r.Context().Done():
			}
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { h.CloseClientConnections(); h.Close(); _ = s.Close() })
	return s, h.URL
}

// background starts the program; its standard error is in the buffer once it has
// ended.
func background(t *testing.T, dir, url string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := bbbatch(url, args...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, &said
}

// ended waits for the program and returns its exit code.
func ended(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func writeManifest(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	var m strings.Builder
	m.WriteString("version: 1\nlimits: {requestsPerSecond: 1000}\ntasks:\n")
	for i := range n {
		fmt.Fprintf(&m, "  - {id: t%d, task: do t%d}\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "tasks.yaml"), []byte(m.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// inFlight waits until the newest batch has had so many runs, as the ledger
// has it.
func inFlight(t *testing.T, dir string, want int) {
	t.Helper()
	for range 1500 {
		if r, err := ledger.OpenReader(filepath.Join(dir, ".bbbatch")); err == nil {
			n := -1
			if b, ok, err := r.Latest("", 0); err == nil && ok {
				if sum, err := b.Summary(); err == nil {
					n = sum.Runs
				}
			}
			_ = r.Close()
			if n >= want {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not %d runs within 15 s", want)
}

// engine.md, "Stopping": detaching takes a second at most, also with 200 runs in
// flight and a service that does not answer.
func TestDetachingTakesASecondAtMost(t *testing.T) {
	s, url := agentsAPI(t, `[{"result": {"ok": true}, "delay": "1m"}]`, time.Minute)
	dir := writeManifest(t, 210)
	cmd, said := background(t, dir, url, "apply", "tasks.yaml", "-j", "200", "-o", "out.csv")
	inFlight(t, dir, 200)
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code := ended(t, cmd)
	took := time.Since(began)
	if code != 130 || !strings.Contains(said.String(), "detached: 200 runs in flight; the next apply collects them") {
		t.Errorf("exit code %d, want 130, and:\n%s", code, said)
	}
	t.Logf("detaching took %s", took)
	if took > 2*time.Second { // the machine may be busy
		t.Errorf("detaching took %s, want a second", took)
	}
	if _, err := os.Stat(filepath.Join(dir, "out.partial.csv")); err != nil {
		t.Error(err)
	}
	if got := s.Stats().Creates; got != 200 {
		t.Errorf("%d creates, want 200", got)
	}
}

// engine.md, "Stopping", lock: where a person removes the lock of a process that
// does not move, and another works on its batch, the first one changes nothing
// when it moves again and says what happened: neither in a batch that the other
// has finished, nor in one whose runs it has stopped.
func TestAProcessWhoseLockWasTakenChangesNothing(t *testing.T) {
	apply := []string{"apply", "tasks.yaml", "-j", "6", "--settle", "0s", "-o", "second.csv"}
	for delay, args := range map[string][]string{"1500ms": apply, "6s": {"stop"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			s, url := agentsAPI(t, `[{"result": {"ok": true}, "delay": "`+delay+`"}]`, 0)
			dir := writeManifest(t, 6)
			first, said := background(t, dir, url, "apply", "tasks.yaml", "-j", "3", "-o", "first.csv")
			inFlight(t, dir, 3)
			time.Sleep(time.Second) // it must not be stopped in the middle of a write, which would keep all others from theirs
			if err := first.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, ".bbbatch", "tasks.lock")); err != nil {
				t.Fatal(err)
			}
			second, hisWords := background(t, dir, url, args...)
			if code := ended(t, second); code != 0 {
				t.Fatalf("the second ended with %d:\n%s", code, hisWords)
			}
			creates, stops := s.Stats().Creates, s.Stats().Requests["stop"]
			bought := map[string]int{"apply": 6, "stop": 3}[args[0]]
			if creates != bought {
				t.Errorf("%d creates, want %d", creates, bought)
			}

			if err := first.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			if code := ended(t, first); code != 6 {
				t.Errorf("the first ended with %d, want 6", code)
			}
			if text := said.String(); !strings.Contains(text, "the lock was taken from this process") || !strings.Contains(text, "hint: nothing is lost") {
				t.Errorf("it said:\n%s", text)
			}
			if _, err := os.Stat(filepath.Join(dir, "first.csv")); err == nil {
				t.Error("the first wrote a report")
			}
			if args[0] == "apply" {
				if got := s.Stats().Creates; got != creates {
					t.Errorf("%d more creates, want none", got-creates)
				}
				return
			}

			// What it may have started before it noticed is in the ledger.
			third, words := background(t, dir, url, apply...)
			if code := ended(t, third); code != 0 {
				t.Fatalf("the next apply ended with %d:\n%s", code, words)
			}
			for i := range 6 {
				text, want := fmt.Sprintf("do t%d", i), 1
				if i < 3 && stops == 3 {
					want = 2 // it was stopped by order
				}
				if got := s.Stats().ByTask[text]; got != want {
					t.Errorf("%q was bought %d times, want %d", text, got, want)
				}
			}
		})
	}
}

// Two processes that are started together: one works, the other says who does.
func TestOfTwoAppliesOneWorks(t *testing.T) {
	t.Parallel()
	s, url := agentsAPI(t, `[{"result": {"ok": true}, "delay": "2s"}]`, 0)
	for round := range 3 {
		dir := writeManifest(t, 4)
		a, saidA := background(t, dir, url, "apply", "tasks.yaml", "-o", "out.csv")
		b, saidB := background(t, dir, url, "apply", "tasks.yaml", "-o", "out.csv")
		codes := map[int]string{ended(t, a): saidA.String(), ended(t, b): saidB.String()}
		if said, ok := codes[6]; !ok || !strings.Contains(said, "another process works on batch \"tasks\"") {
			t.Errorf("round %d: got %v, want one of them to end with 6", round, codes)
		}
		if said, ok := codes[0]; !ok || strings.Contains(said, "continuing") {
			t.Errorf("round %d: got %v, want one of them to end with 0", round, codes)
		}
		if got, want := s.Stats().Creates, 4*(round+1); got != want {
			t.Fatalf("round %d: %d creates, want %d", round, got, want)
		}
	}
}

// engine.md, "Stopping": a lost terminal detaches; where --on-interrupt says so
// it stops the runs.
func TestALostTerminal(t *testing.T) {
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the tests run under nohup, and so would the program")
	}
	s, url := agentsAPI(t, `[{"result": {"ok": true}, "delay": "1m"}]`, 0)
	for how, stops := range map[string]int{"drain": 0, "stop": 2} {
		dir := writeManifest(t, 3)
		master, terminal, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		cmd := bbbatch(url, "apply", "tasks.yaml", "-j", "2", "--on-interrupt", how)
		cmd.Dir = dir
		cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		_ = terminal.Close()
		inFlight(t, dir, 2)
		before := s.Stats().Requests["stop"]
		_ = master.Close()
		if code := ended(t, cmd); code != 130 {
			t.Errorf("%s: exit code %d, want 130", how, code)
		}
		if got := s.Stats().Requests["stop"] - before; got != stops {
			t.Errorf("%s: %d stops, want %d", how, got, stops)
		}
	}
}
