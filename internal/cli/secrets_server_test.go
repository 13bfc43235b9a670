package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// The secrets that the tests look for. None is a part of another.
var canaries = map[string]string{
	"SHOP_PASSWORD":       "canaryPlain0123456789",
	"SHOP_TOKEN":          "kanárek \"quoted\" a\\b\n<tag>/x~y & 100% ☃ end",
	"SHOP_LINK":           "p@ss+word/with=url&chars?#of:it",
	"BROWSERBASE_API_KEY": "bb_live_canaryKey_9876543210",
}

var lowerPercent = regexp.MustCompile(`%[0-9A-F]{2}`)

// writings are the ways in which a hostile answer writes a value.
var writings = []struct {
	name  string
	write func(string) string
}{
	{"plain", func(s string) string { return s }},
	{"json", func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) }},
	{"ascii", func(s string) string { return strconv.QuoteToASCII(s) }},
	{"quoted", func(s string) string { return fmt.Sprintf("%q", s) }},
	{"query", func(s string) string { return "https://shop.example/login?p=" + url.QueryEscape(s) + "&x=1" }},
	{"query in lower case", func(s string) string { return lowerPercent.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower) }},
	{"path", func(s string) string { return "/login/" + url.PathEscape(s) + "/x" }},
	{"html", func(s string) string { return "<p title='" + html.EscapeString(s) + "'>" }},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 of a login", func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+s+":x")) }},
	{"base64 for addresses", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"pointer", func(s string) string { return "/a/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }},
	{"after much else", func(s string) string { return strings.Repeat("x", 485) + s }},
	{"at the end of a cause", func(s string) string { return strings.Repeat("x", 1988) + s }},
	{"at the end of a value", func(s string) string { return strings.Repeat("x", 45) + s + strings.Repeat("y", 300) }},
}

// saidInRuns are the places of a run that exists where the parrot says a
// secret, with how the task ends. Only those of saidInResults are results.
var (
	saidInRuns    = map[string]string{"cause": "failed", "code": "failed", "status": "passed", "session": "passed", "agent": "passed", "reject-400": "failed", "reject-422": "failed"}
	saidInResults = map[string]string{"result": "passed", "escaped": "passed", "invalid": "invalid", "key": "invalid"}
)

// saidInCreates are the answers to a create, with how the task ends.
var saidInCreates = map[string]string{
	"create-409": "unknown", "create-500": "unknown", "create-html": "unknown", "create-redirect": "unknown", "create-id": "unknown",
	"create-429": "passed", "read-500": "passed", "reject-404": "failed", "reject-413": "failed", "stop-500": "failed",
}

// A parrot is an agents API that knows the secrets and says them wherever it
// can. What it says of a run is in the task's text: "PLACE SECRET WRITING".
type parrot struct {
	*httptest.Server
	refuse int // answers every request with this status, when it is not 0

	mu    sync.Mutex
	tasks []string       // by number of the run
	asked map[string]int // how often, by task
}

func newParrot(t *testing.T, refuse int) *parrot {
	p := &parrot{refuse: refuse, asked: map[string]int{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	id, one := strings.CutPrefix(r.URL.Path, "/v1/agents/runs/")
	switch {
	case p.refuse != 0:
		p.fail(w, p.refuse, allSaid())
	case r.Method == http.MethodPost && !one:
		var sent struct{ Task string }
		_ = json.Unmarshal(body, &sent)
		p.create(w, sent.Task)
	case strings.HasSuffix(id, "/messages"):
		p.say(w, 200, map[string]any{"data": messages(), "nextSince": nil})
	case one:
		n, _ := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(id, "/stop"), "run-"))
		p.read(w, n, strings.HasSuffix(id, "/stop"))
	default:
		p.say(w, 200, map[string]any{"data": []any{}, "limit": 1, "nextCursor": nil})
	}
}

// said is what is said of a task.
func said(task string) (place, text string) {
	words := strings.Fields(task)
	n, _ := strconv.Atoi(words[2])
	return words[0], writings[n].write(canaries[words[1]])
}

// reads counts how often runs were asked for.
func (p *parrot) reads() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := -len(p.tasks) // their creates
	for _, asked := range p.asked {
		n += asked
	}
	return n
}

func allSaid() string {
	var all []string
	for _, value := range canaries {
		all = append(all, value)
	}
	return "not allowed: " + strings.Join(all, " ")
}

func (p *parrot) say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// fail says it in the body and in every header that a client looks at.
func (p *parrot) fail(w http.ResponseWriter, status int, text string) {
	header := url.PathEscape(text)
	w.Header().Set("X-Request-Id", header)
	w.Header().Set("Location", "/"+header)
	w.Header().Set("Date", header)
	w.Header().Set("Retry-After", "1")
	p.say(w, status, map[string]any{"statusCode": status, "error": text, "message": text})
}

func (p *parrot) create(w http.ResponseWriter, task string) {
	place, text := said(task)
	kind, word, _ := strings.Cut(place, "-")
	status, _ := strconv.Atoi(word)
	p.asked[task]++
	switch {
	case kind == "reject", kind == "create" && status != 0 && (status != 429 || p.asked[task] < 4):
		p.fail(w, status, text)
	case place == "create-html":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = fmt.Fprintf(w, "<h1>%s</h1>", text)
	case place == "create-redirect":
		p.fail(w, http.StatusTemporaryRedirect, text)
	case place == "create-id":
		p.say(w, 201, map[string]any{"runId": "run-" + canaries["SHOP_PASSWORD"], "status": "PENDING"})
	default:
		p.tasks = append(p.tasks, task)
		p.say(w, 201, map[string]any{"runId": fmt.Sprint("run-", len(p.tasks)-1), "status": "PENDING"})
	}
}

func (p *parrot) read(w http.ResponseWriter, n int, stop bool) {
	task := p.tasks[n]
	place, text := said(task)
	p.asked[task]++
	run := map[string]any{
		"runId": fmt.Sprint("run-", n), "task": text, "status": "COMPLETED", "result": map[string]any{"ok": true},
		"createdAt": "2026-01-19T08:30:00.000Z", "endedAt": "2026-01-19T08:30:00.010Z", "updatedAt": text,
		"error": text, text: text,
	}
	switch place {
	case "cause":
		run["status"], run["cause"] = "FAILED", map[string]any{"code": "BLOCKED", "message": text}
	case "code":
		run["status"], run["cause"] = "FAILED", map[string]any{"code": text}
	case "status":
		if p.asked[task] == 2 {
			run["status"] = text
		}
	case "session":
		run["sessionId"] = text
	case "agent":
		run["agentId"] = text
	case "result":
		run["result"] = map[string]any{"ok": true, "text": text}
	case "escaped":
		run["result"] = json.RawMessage(`{"ok": true, "text": "` + everyEscaped(text) + `"}`)
	case "invalid":
		run["result"] = map[string]any{"ok": text}
	case "key":
		run["result"] = map[string]any{"ok": true, "deep": map[string]any{text: 1}}
	case "read-500":
		if p.asked[task] == 2 {
			p.fail(w, 500, text)
			return
		}
	case "hang":
		run["status"] = "RUNNING"
	case "stop-500":
		run["status"] = "RUNNING"
		if stop {
			p.fail(w, 500, text)
			p.asked[task] = 1000
			return
		}
		if p.asked[task] > 1000 {
			run["status"] = "STOPPED"
		}
	}
	p.say(w, 200, run)
}

// messages say every secret in every writing, as text, as a key, with every
// character escaped and in the arguments of a tool.
func messages() (all []any) {
	for _, value := range canaries {
		for _, w := range writings {
			text := w.write(value)
			arguments, _ := json.Marshal(map[string]any{"text": text})
			all = append(all, map[string]any{
				"id": fmt.Sprint("message-", len(all)), "createdAt": "2026-01-19T08:30:00.000Z",
				"message": map[string]any{"role": "assistant", "content": []any{
					map[string]any{"type": "text", "text": text},
					map[string]any{"type": "tool-call", text: json.RawMessage(`"` + everyEscaped(text) + `"`), "arguments": string(arguments)},
				}},
			})
		}
	}
	return all
}

// everyEscaped writes a JSON string's inside with every character escaped.
func everyEscaped(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return b.String()
}
