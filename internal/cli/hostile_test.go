package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// peakFile, in the environment, names the file into which the program writes
// the kilobytes of its peak resident memory when it ends.
const peakFile = "BBBATCH_TEST_PEAK"

func tellPeak() {
	name := os.Getenv(peakFile)
	if name == "" {
		return
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	peak, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	_ = os.WriteFile(name, []byte(peak), 0o600)
}

// A repeated text, between two others, that is never held whole.
type repeated struct {
	before, text string
	times        int
	after        string
}

func (r repeated) writeTo(w io.Writer) {
	_, _ = io.WriteString(w, r.before)
	block := max(1, 64<<10/max(len(r.text), 1))
	piece := strings.Repeat(r.text, block)
	for left := r.times; left > 0; left -= block {
		if _, err := io.WriteString(w, piece[:len(r.text)*min(left, block)]); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, r.after)
}

// Whatever a service answers, the program's memory stays within a bound, also
// when twenty runs get the same at once.
func TestMemoryIsBounded(t *testing.T) {
	if runtime.GOOS != "linux" || raceDetector || testing.Short() {
		t.Skip("reads /proc, takes a while, and the race detector takes memory of its own")
	}
	t.Parallel()
	row := `{"runId":"%x","status":"COMPLETED"},`
	for _, c := range []struct {
		name   string
		schema string
		result repeated                              // of every run
		list   func(w http.ResponseWriter, page int) // nil: an empty page
		lost   bool                                  // no create is answered, so that the runs are listed
		agent  *repeated                             // an agent's default schema
		tasks  int
		megas  int
		exit   int
	}{
		{name: "nothing special", result: repeated{before: `{"v":1}`}, tasks: 20, megas: 80},
		{name: "1 MB of objects", result: repeated{`[`, `{"a":{}},`, 100_000, `0]`}, tasks: 20, megas: 300, exit: 3},
		{name: "60 MB of tiny objects", result: repeated{`[`, `{},`, 20_000_000, `0]`}, tasks: 2, megas: 300, exit: 3},
		{name: "24 MB of arrays in the vendor's form", result: repeated{`{"output":{"v":[`, `[],`, 8_000_000, `0]}}`}, tasks: 2, megas: 550, exit: 3},
		{name: "as many objects as may be, one in another", result: repeated{`[`, strings.Repeat(`{"a":`, 900) + "0" + strings.Repeat("}", 900) + ",", 550, `0]`}, tasks: 2, megas: 550, exit: 3},
		{name: "60 MB of text", result: repeated{`["`, `x`, 60_000_000, `"]`}, tasks: 2, megas: 550, exit: 3},
		{name: "a listing that does not end", lost: true, tasks: 1, megas: 200, exit: 1, list: func(w http.ResponseWriter, page int) {
			_, _ = io.WriteString(w, `{"data":[`)
			for i := range 9_999 {
				_, _ = fmt.Fprintf(w, row, page*10_000+i)
			}
			_, _ = fmt.Fprintf(w, `null],"limit":1000,"nextCursor":"%d%s"}`, page+1, strings.Repeat("c", 4000))
		}},
		{name: "pages of 500 MB", lost: true, tasks: 1, megas: 300, exit: 1, list: func(w http.ResponseWriter, _ int) {
			repeated{`{"data":[`, `{"runId":"a","status":"COMPLETED","task":"` + strings.Repeat("t", 50_000) + `"},`, 10_000, `null],"nextCursor":null}`}.writeTo(w)
		}},
		{name: "an agent with a schema of 4 MB", agent: &repeated{`{"type":"object","enum":[`, `{},`, 1_300_000, `0]}`}, tasks: 1, megas: 350, exit: 1},
		{name: "an agent with as large a schema as may be", agent: &repeated{`{"type":"object","enum":[`, `{"a":{}},`, 99_000, `0]}`}, result: repeated{before: `{"v":1}`}, tasks: 1, megas: 400, exit: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var creates atomic.Int64
			pages := make(chan int, 1)
			pages <- 0
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				id, isRun := strings.CutPrefix(r.URL.Path, "/v1/agents/runs/")
				switch {
				case r.Method == http.MethodPost:
					n := creates.Add(1)
					if c.lost {
						panic(http.ErrAbortHandler)
					}
					w.WriteHeader(http.StatusCreated)
					_, _ = fmt.Fprintf(w, `{"runId":"run-%d","status":"PENDING"}`, n)
				case isRun:
					_, _ = fmt.Fprintf(w, `{"runId":%q,"status":"COMPLETED","result":`, id)
					c.result.writeTo(w)
					_, _ = io.WriteString(w, "}")
				case r.URL.Path == "/v1/agents/a":
					_, _ = io.WriteString(w, `{"agentId":"a","name":"n","resultSchema":`)
					c.agent.writeTo(w)
					_, _ = io.WriteString(w, "}")
				case c.list != nil && r.URL.Query().Get("limit") != "1":
					page := <-pages
					pages <- page + 1
					c.list(w, page)
				default:
					_, _ = io.WriteString(w, `{"data":[],"limit":1,"nextCursor":null}`)
				}
			}))
			t.Cleanup(func() { h.CloseClientConnections(); h.Close() })
			dir := t.TempDir()
			task := `resultSchema: {type: object, required: [v]}`
			if c.agent != nil {
				task = `agentId: a`
			}
			var m strings.Builder
			m.WriteString("version: 1\nlimits: {requestsPerSecond: 400}\ntasks:\n")
			for i := range c.tasks {
				_, _ = fmt.Fprintf(&m, "  - {id: t%d, task: do t%d, %s}\n", i, i, task)
			}
			file, peak := filepath.Join(dir, "tasks.yaml"), filepath.Join(dir, "peak")
			if err := os.WriteFile(file, []byte(m.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0], "apply", file, "-j", "20", "--settle", "0s", "-o", filepath.Join(dir, "out.csv"))
			cmd.Env = append(os.Environ(), asProgram+"=1", peakFile+"="+peak, "BROWSERBASE_API_KEY=any-key", "BROWSERBASE_BASE_URL="+h.URL)
			out, _ := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != c.exit {
				t.Errorf("exit code %d, want %d\n%.2000s", got, c.exit, out)
			}
			text, err := os.ReadFile(peak)
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, out)
			}
			kb, _ := strconv.Atoi(string(text))
			t.Logf("peak %d MB; %d creates; %.300s", kb>>10, creates.Load(), out)
			if kb>>10 > c.megas || kb == 0 {
				t.Errorf("peak resident memory %d MB, want at most %d MB", kb>>10, c.megas)
			}
			if want := int64(c.tasks); c.agent == nil && creates.Load() != want {
				t.Errorf("%d creates, want %d", creates.Load(), want)
			}
		})
	}
}
