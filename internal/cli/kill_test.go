package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/server"
)

// engine.md, "State and events" and "Creating" 1: a process that is killed
// again and again buys no task twice, and every run that was bought is in the
// report: as its task's own, or as a candidate of an unknown one.
func TestKilledAgainAndAgainBuysNothingTwice(t *testing.T) {
	const tasks, kills = 400, 15
	agent, err := server.Script(strings.NewReader(`[{"result": {"ok": true}, "delay": "30ms"}]`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Agent: agent, Concurrency: 100})
	if err != nil {
		t.Fatal(err)
	}
	// A create takes a while to arrive and its answer a while to come back, so
	// that kills hit both windows.
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			s.ServeHTTP(w, r)
			return
		}
		time.Sleep(15 * time.Millisecond)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		time.Sleep(15 * time.Millisecond)
		w.WriteHeader(answer.Code)
		_, _ = answer.Body.WriteTo(w)
	}))
	t.Cleanup(func() {
		h.CloseClientConnections()
		h.Close()
		_ = s.Close()
	})
	dir := t.TempDir()
	var m strings.Builder
	m.WriteString("version: 1\nlimits: {requestsPerSecond: 400}\ntasks:\n")
	for i := range tasks {
		fmt.Fprintf(&m, "  - {id: t%d, task: do t%d}\n", i, i)
	}
	file := filepath.Join(dir, "tasks.yaml")
	if err := os.WriteFile(file, []byte(m.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	apply := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "apply", file, "-j", "12", "--settle", "0s", "-q", "-o", filepath.Join(dir, "out.jsonl"))
		cmd.Env = append(os.Environ(), asProgram+"=1", "BROWSERBASE_API_KEY=any", "BROWSERBASE_BASE_URL="+h.URL)
		cmd.Stderr = os.Stderr
		return cmd
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	killed, finished := 0, false
	for range kills {
		if finished {
			break // the next apply would be a batch of its own
		}
		cmd := apply()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+dice.IntN(500)) * time.Millisecond)
		_ = cmd.Process.Kill()
		var exit *exec.ExitError
		if err := cmd.Wait(); errors.As(err, &exit) && exit.ExitCode() == -1 {
			killed++
		}
		finished = isClosed(t, filepath.Join(dir, ".bbbatch"))
	}
	last := apply()
	if finished {
		t.Logf("finished after %d kills", killed)
		last.Args = []string{last.Args[0], "report", file, "-o", filepath.Join(dir, "out.jsonl")}
	}
	if err := last.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Fatalf("the last apply: %v", err)
		}
	}
	if killed < kills/3 {
		t.Errorf("only %d of %d processes were killed at work", killed, kills)
	}
	checkAccounts(t, filepath.Join(dir, "out.jsonl"), tasks, s)
}

// isClosed reports whether the newest batch of a state folder is.
func isClosed(t *testing.T, state string) bool {
	t.Helper()
	store, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	b, ok, err := store.Latest("")
	if err != nil || !ok {
		return false
	}
	info, err := b.Info()
	return err == nil && !info.ClosedAt.IsZero()
}

func checkAccounts(t *testing.T, report string, tasks int, s *server.Server) {
	t.Helper()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	stats := s.Stats()
	lines, unknown := 0, 0
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); lines++ {
		var r struct {
			ID, Outcome string
			Candidates  []string
			Attempts    []struct{ RunID string }
		}
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		bought := stats.ByTask["do "+r.ID]
		switch r.Outcome {
		case "passed":
			if bought != 1 {
				t.Errorf("%s passed and was bought %d times, want 1", r.ID, bought)
			}
		case "unknown":
			unknown++
			if bought != len(r.Candidates) {
				t.Errorf("%s is unknown with candidates %v and was bought %d times", r.ID, r.Candidates, bought)
			}
		default:
			t.Errorf("%s: outcome %s, want passed or unknown", r.ID, r.Outcome)
		}
	}
	if lines != tasks {
		t.Errorf("%d rows, want %d", lines, tasks)
	}
	t.Logf("%d creates for %d tasks, %d unknown", stats.Creates, tasks, unknown)
}
