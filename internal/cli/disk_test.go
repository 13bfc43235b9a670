package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/server"
)

// notWithRace skips what fills a disk: megabytes of results are judged, each of
// which takes seconds with the race detector.
func notWithRace(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("takes minutes with the race detector")
	}
}

// A diskTest is a manifest, a server in this process and a state folder that
// apply, another process, works in.
type diskTest struct {
	t      *testing.T
	server *server.Server
	url    string
	file   string // the manifest
	state  string
	out    string // the JSONL report

	concurrency int
}

// newDiskTest makes a manifest of tasks whose runs take a while and have results
// of so many bytes.
func newDiskTest(t *testing.T, state string, tasks, bytes int, delay string) *diskTest {
	t.Helper()
	agent, err := server.Script(strings.NewReader(fmt.Sprintf(`[{"result": {"text": %q}, "delay": %q}]`, strings.Repeat("x", bytes), delay)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Agent: agent, Concurrency: 100})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.CloseClientConnections(); h.Close(); _ = s.Close() })
	dir := t.TempDir()
	var m strings.Builder
	m.WriteString("version: 1\nlimits: {requestsPerSecond: 400}\ndefaults: {resultSchema: {type: object, required: [text]}}\ntasks:\n")
	for i := range tasks {
		fmt.Fprintf(&m, "  - {id: t%d, task: do t%d}\n", i, i)
	}
	d := &diskTest{t: t, server: s, url: h.URL, file: filepath.Join(dir, "tasks.yaml"), state: state, out: filepath.Join(dir, "out.jsonl"), concurrency: 8}
	if err := os.WriteFile(d.file, []byte(m.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// command is bbbatch, behind the words of before, if there are any.
func (d *diskTest) command(before []string, args ...string) *exec.Cmd {
	words := append(append([]string{}, before...), append([]string{os.Args[0]}, args...)...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	d.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // to see what it waits for
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(os.Environ(), asProgram+"=1", "BROWSERBASE_API_KEY=any", "BROWSERBASE_BASE_URL="+d.url)
	return cmd
}

// run runs bbbatch to its end and returns what it said and its exit code.
func (d *diskTest) run(before []string, args ...string) (said string, code int) {
	d.t.Helper()
	cmd := d.command(before, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (d *diskTest) apply(before ...string) (said string, code int) {
	d.t.Helper()
	return d.run(before, "apply", d.file, "--state", d.state, "-j", strconv.Itoa(d.concurrency), "--settle", "0s", "-o", d.out)
}

// outcomes reads what a report says of the tasks, and their run ids.
func (d *diskTest) outcomes() (outcomes map[string]int, runs map[string]bool) {
	d.t.Helper()
	if said, code := d.run(nil, "report", "--state", d.state, "-o", d.out); code != 0 {
		d.t.Fatalf("report: exit code %d: %s", code, said)
	}
	path := d.out
	if _, err := os.Stat(path); err != nil {
		path = strings.TrimSuffix(path, ".jsonl") + ".partial.jsonl"
	}
	text, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	outcomes, runs = map[string]int{}, map[string]bool{}
	for in := json.NewDecoder(bytes.NewReader(text)); in.More(); {
		var r struct {
			Outcome  string
			Attempts []struct{ RunID string }
		}
		if err := in.Decode(&r); err != nil {
			d.t.Fatal(err)
		}
		outcomes[r.Outcome]++
		for _, a := range r.Attempts {
			if a.RunID != "" {
				runs[a.RunID] = true
			}
		}
	}
	return outcomes, runs
}

// boughtOnce checks that every task was bought once.
func (d *diskTest) boughtOnce(tasks int) {
	d.t.Helper()
	stats := d.server.Stats()
	if stats.Creates != tasks {
		d.t.Errorf("%d creates for %d tasks", stats.Creates, tasks)
	}
	for text, n := range stats.ByTask {
		if n != 1 {
			d.t.Errorf("%q was bought %d times", text, n)
		}
	}
}

// cli.md "Exit codes" 6: of processes that are started at the same moment, in a
// folder that none has seen yet, exactly one works.
func TestOneOfManyWorks(t *testing.T) {
	t.Parallel()
	const tasks, processes = 3, 3
	for range 2 {
		d := newDiskTest(t, filepath.Join(t.TempDir(), "state"), tasks, 10, "1500ms")
		var running [processes]*exec.Cmd
		var said [processes]bytes.Buffer
		for i := range running {
			running[i] = d.command(nil, "apply", d.file, "--state", d.state, "-q", "-o", filepath.Join(t.TempDir(), "out.jsonl"))
			running[i].Stderr = &said[i]
			if err := running[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		codes := map[int]int{}
		for i, cmd := range running {
			_ = cmd.Wait()
			code := cmd.ProcessState.ExitCode()
			codes[code]++
			if code != 0 && (code != 6 || !strings.Contains(said[i].String(), "another process works on batch")) {
				t.Errorf("exit code %d: %s", code, said[i].String())
			}
		}
		if codes[0] != 1 || codes[6] != processes-1 {
			t.Errorf("exit codes (how often each): got %v, want 0 once and 6 for the others", codes)
		}
		d.boughtOnce(tasks)
	}
}
