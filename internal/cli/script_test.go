package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bbbatch/bbbatch/internal/cli"
	"github.com/bbbatch/bbbatch/internal/server"
)

// asProgram, set in the environment, makes this test binary the program.
const asProgram = "BBBATCH_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		program()
	}
	// The tests mostly wait, for servers and for time to pass.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"bbbatch": program})
}

// program is bbbatch, with less patience when the environment says so, or at a
// later time.
func program() {
	sys := cli.System()
	if later, err := time.ParseDuration(os.Getenv("BBBATCH_TEST_LATER")); err == nil {
		sys.Now = func() time.Time { return time.Now().Add(later) }
	}
	sys.Timeout, _ = time.ParseDuration(os.Getenv("BBBATCH_TEST_TIMEOUT"))
	code := cli.Main(os.Args[1:], sys)
	tellPeak()
	os.Exit(code)
}

// concurrent are the scripts in which goroutines, processes or signals meet:
// those that are run with -short, which the race detector needs ten times as long
// for.
var concurrent = []string{
	"big", "create-adopted", "deadline", "detach", "drain", "edited-killed", "edited-unsure", "events", "events-continued",
	"interrupt-stop", "killed", "lock", "nohup", "policy-budget", "policy-canary", "policy-halt",
	"policy-limits", "policy-retry", "policy-time", "retry", "reuse",
	"status-running", "status-watch", "stdout", "stop", "stop-interrupted", "submit-only", "unread",
}

// TestScripts runs the program. A script that has a folder .server gets a
// local agents API at $BROWSERBASE_BASE_URL: .server/rules.json are the rules
// of its script agent, and each word of .server/faults.txt is one of its faults.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, files := "testdata/script", []string(nil)
	if testing.Short() {
		for _, name := range concurrent {
			files = append(files, filepath.Join(dir, name+".txtar"))
		}
		dir = ""
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Files:               files,
		Deadline:            time.Now().Add(8 * time.Minute),
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("TZ", "UTC")
			return startServer(e)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "hangup": // a SIGHUP reaches the program
				return !signal.Ignored(syscall.SIGHUP), nil
			case "root": // whom no permission keeps out
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"creates":   creates,
			"scrub":     scrub,
			"status":    status,
			"await":     await,
			"get":       get,
			"restore":   restore,
			"revoke":    revoke,
			"terminate": terminate,
			"agent":     agent,
			"elsewhere": elsewhere,
			"repeat":    repeat,
			"unsent":    unsent,
			"requests":  requests,
			"valid":     valid,
		},
	})
}

type (
	serverKey  struct{}
	revokedKey struct{}
)

func startServer(e *testscript.Env) error {
	rules, err := os.Open(filepath.Join(e.WorkDir, ".server", "rules.json"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = rules.Close() }()
	agent, err := server.Script(rules)
	if err != nil {
		return err
	}
	words, err := os.ReadFile(filepath.Join(e.WorkDir, ".server", "faults.txt"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	faults, err := server.ParseFaults(strings.Join(strings.Fields(string(words)), ","))
	if err != nil {
		return err
	}
	s, err := server.New(server.Config{Key: "test-key-1234567890", Agent: agent, Faults: faults, Seed: 1, Concurrency: 100})
	if err != nil {
		return err
	}
	k := &revocable{next: s, left: -1}
	if n, err := os.ReadFile(filepath.Join(e.WorkDir, ".server", "revoke-after.txt")); err == nil {
		if k.left, err = strconv.Atoi(strings.TrimSpace(string(n))); err != nil {
			return err
		}
	}
	h := httptest.NewServer(k)
	e.Defer(func() { h.CloseClientConnections(); h.Close(); _ = s.Close() })
	e.Setenv("BROWSERBASE_BASE_URL", h.URL)
	e.Setenv("BROWSERBASE_API_KEY", "test-key-1234567890")
	e.Values[serverKey{}] = s
	e.Values[revokedKey{}] = k
	return nil
}

// A revocable server answers 401 to everything once it has seen so many
// creates, until the script says restore. Less than 0 is never.
type revocable struct {
	next http.Handler
	mu   sync.Mutex
	left int
}

func (k *revocable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	refused := k.left == 0
	if k.left > 0 && r.Method == http.MethodPost && r.URL.Path == "/v1/agents/runs" {
		k.left--
	}
	k.mu.Unlock()
	if !refused {
		k.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"statusCode":401,"error":"Unauthorized","message":"the key was revoked"}`)
}

// restore makes the server accept the key again.
func restore(ts *testscript.TestScript, neg bool, args []string) {
	k := ts.Value(revokedKey{}).(*revocable)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = -1
}

// revoke N makes the server refuse the key after so many more creates.
func revoke(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: revoke N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	k := ts.Value(revokedKey{}).(*revocable)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = n
}

// creates N [TEXT] checks how many creates the server accepted, in all or of
// tasks with the text.
func creates(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || neg {
		ts.Fatalf("usage: creates N [TEXT]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := accepted(ts, args[1:]); got != want {
		ts.Fatalf("the server accepted %d creates, want %d", got, want)
	}
}

// await N [TEXT] waits until the server has accepted so many creates.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || neg {
		ts.Fatalf("usage: await N [TEXT]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range 2000 {
		if accepted(ts, args[1:]) >= want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("the server did not accept %d creates within 20 s", want)
}

func accepted(ts *testscript.TestScript, text []string) int {
	stats := ts.Value(serverKey{}).(*server.Server).Stats()
	if len(text) == 0 {
		return stats.Creates
	}
	return stats.ByTask[text[0]]
}

// status CODE ARG… runs bbbatch and checks its exact exit code. Its output is
// there for stdout and stderr.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: status CODE COMMAND [ARG]…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		var code int
		if _, e := fmt.Sscanf(err.Error(), "exit status %d", &code); e != nil {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = code
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// What differs from run to run, and what stands for it.
var volatile = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`"batch":"[0-9a-f]{8}"`), `"batch":"BATCH"`},
	{regexp.MustCompile(`"(run|judge)":"([rj]1):[0-9a-f]{64}"`), `"$1":"$2:HASH"`},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`TIME,TIME,[0-9.]+,`), "TIME,TIME,SECONDS,"},
	{regexp.MustCompile(`\b\d+(\.\d+)?m?s of run time`), "T of run time"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`  +\d+(\.\d+)?s$`), "  TIME"},
}

// scrub FILE… replaces what differs from run to run, in files or in stdout and
// stderr, which become files of those names.
func scrub(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		text := ts.ReadFile(name)
		for _, v := range volatile {
			text = v.find.ReplaceAllString(text, v.put)
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o666))
	}
}

// get URL prints what a plain HTTP GET answers, with the script's key.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: get URL")
	}
	req, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	req.Header.Set("X-BB-API-Key", "any")
	resp, err := http.DefaultClient.Do(req)
	for range 500 { // the server may just be starting
		if err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
		resp, err = http.DefaultClient.Do(req)
	}
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%d\n%s\n", resp.StatusCode, bytes.TrimSpace(body))
	ts.Check(err)
}

// terminate sends SIGTERM to every command in the background.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// agent MANIFEST SCHEMA creates an agent with a default schema, and puts its
// id in place of AGENT in the manifest.
func agent(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: agent MANIFEST SCHEMA")
	}
	body := fmt.Sprintf(`{"name":"test","resultSchema":%s}`, ts.ReadFile(args[1]))
	req, err := http.NewRequest(http.MethodPost, ts.Getenv("BROWSERBASE_BASE_URL")+"/v1/agents", strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-BB-API-Key", ts.Getenv("BROWSERBASE_API_KEY"))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	var created struct{ AgentID string }
	ts.Check(json.NewDecoder(resp.Body).Decode(&created))
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "AGENT", created.AgentID)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// requests ENDPOINT N checks how many requests an endpoint of the server got
// since the script began, those of the script included.
func requests(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: requests ENDPOINT N")
	}
	if endpoints := []string{"create", "get", "list", "stop", "messages", "agents"}; !slices.Contains(endpoints, args[0]) {
		ts.Fatalf("%q is no endpoint, must be one of %s", args[0], strings.Join(endpoints, ", "))
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := ts.Value(serverKey{}).(*server.Server).Stats().Requests[args[0]]; got != want {
		ts.Fatalf("the server got %d requests to %s, want %d", got, args[0], want)
	}
}
