package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/cli"
)

// call runs the program within this process, with an environment of its own.
func call(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	sys := cli.System()
	sys.Stdout, sys.Stderr, sys.Stdin = &out, &errs, strings.NewReader("")
	sys.Getenv = func(name string) string { return env[name] }
	sys.Environ = nil
	sys.Terminal = func() (int, bool) { return 0, false }
	sys.StdoutTerminal = nil
	code = cli.Main(args, sys)
	return code, out.String(), errs.String()
}

// What check --render shows is what apply sends, to the byte, once each secret
// has its value.
func TestRenderIsWhatIsSent(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"tasks.yaml": `version: 1
secrets: [PW]
variables: {password: {value: "Bearer ${{ secrets.PW }}", description: "<login>"}}
tasks:
  - id: ${{ row.sku }}
    forEach: rows.jsonl
    task: "Find <b> & ${{ row.name }} with %password%\u2028"
    agentId: agt_1
    resultSchema: {type: object, properties: {z: {$ref: s.json}, a: {$ref: s.json}, n: {maximum: 1.10}}}
    browserSettings: {verified: false, proxies: true}
`,
		"rows.jsonl": "{\"sku\":\"a\",\"name\":\"Größe\"}\n{\"sku\":\"b\",\"name\":\"<\\\"&\\u0007>\"}\n",
		"s.json":     `{ "minimum" : 0.50, "type":"number" }`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bodies := make(chan string, 10)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"data":[]}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		bodies <- r.Method + " " + r.URL.Path + " " + string(body)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"no"}`)
	}))
	defer h.Close()
	env := map[string]string{"BROWSERBASE_API_KEY": "test-key-1234567890", "BROWSERBASE_BASE_URL": h.URL, "PW": "open-sesame"}
	for _, id := range []string{"a", "b"} {
		if code, _, stderr := call(t, env, "apply", "tasks.yaml", "--select", id, "--new"); code != 1 {
			t.Fatalf("apply: got exit code %d, want 1\n%s", code, stderr)
		}
		code, shown, stderr := call(t, env, "check", "tasks.yaml", "--render", id)
		if code != 0 || strings.Contains(shown, env["PW"]) {
			t.Fatalf("check: got exit code %d\n%s%s", code, shown, stderr)
		}
		var request struct {
			Method, Path string
			Body         json.RawMessage
		}
		if err := json.Unmarshal([]byte(shown), &request); err != nil {
			t.Fatal(err)
		}
		got := request.Method + " " + request.Path + " " + strings.ReplaceAll(string(request.Body), "${{ secrets.PW }}", env["PW"])
		select {
		case sent := <-bodies:
			sent = regexp.MustCompile(`bbbatch:1:[0-9a-f]{8}:`).ReplaceAllString(sent, "bbbatch:1:BATCH-ID:")
			if got != sent {
				t.Errorf("%s: got\n%s\nwant what is sent\n%s", id, got, sent)
			}
		default:
			t.Fatalf("%s: nothing was sent", id)
		}
		<-bodies // the refused request once more, without its marker
	}
}

// However many tasks there are, a shell gets some of them soon.
func TestCompletionIsBounded(t *testing.T) {
	t.Chdir(t.TempDir())
	var rows strings.Builder
	rows.WriteString("sku,tag\n")
	for i := range 300_000 {
		fmt.Fprintf(&rows, "S-%06d,t%d\n", i, i)
	}
	for name, text := range map[string]string{
		"p.csv":      rows.String(),
		"tasks.yaml": "version: 1\ntasks: [{id: '${{ row.sku }}', forEach: p.csv, tags: ['${{ row.tag }}']}]\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		flag, prefix string
		want         int
	}{{"--select", "S-", 500}, {"--tag", "", 500}, {"--select", "S-00000", 10}, {"--select", "T", 0}} {
		began := time.Now()
		_, stdout, _ := call(t, nil, "__complete", "check", "tasks.yaml", c.flag, c.prefix)
		took := time.Since(began)
		if got := strings.Count(stdout, "\n") - 1; got != c.want {
			t.Errorf("%s %s: got %d words, want %d", c.flag, c.prefix, got, c.want)
		}
		if took > 3*time.Second { // 0.2 s, and what a busy machine adds
			t.Errorf("%s %s: took %v", c.flag, c.prefix, took)
		}
	}
}
