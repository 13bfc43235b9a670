package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A service is a server behind a real listener.
type service struct {
	*Server
	t   *testing.T
	url string
	key string
}

// start serves rules until the test ends.
func start(t *testing.T, rules string, c Config) *service {
	t.Helper()
	if c.Agent == nil {
		agent, err := Script(strings.NewReader(rules))
		if err != nil {
			t.Fatal(err)
		}
		c.Agent = agent
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		h.CloseClientConnections()
		h.Close()
	})
	return &service{s, t, h.URL, c.Key}
}

// faulty is start with faults.
func faulty(t *testing.T, rules, faults string) *service {
	t.Helper()
	f, err := ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, rules, Config{Faults: f, Seed: 7})
}

var client = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send makes one request and returns whatever came of it.
func (s *service) send(method, path, body string) (*http.Response, []byte, error) {
	s.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.key != "" {
		req.Header.Set("X-BB-API-Key", s.key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.GetBody = nil
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res, text, err
}

// do makes a request that must be answered with the given status.
func (s *service) do(method, path, body string, want int) map[string]any {
	s.t.Helper()
	res, text, err := s.send(method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if res.StatusCode != want {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, path, res.StatusCode, text, want)
	}
	var m map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &m); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	if want >= 400 {
		if m["statusCode"] != float64(want) || m["error"] != http.StatusText(want) || m["message"] == "" {
			s.t.Fatalf("%s %s: got error %s", method, path, text)
		}
	}
	return m
}

func (s *service) create(body string) string {
	s.t.Helper()
	return s.do("POST", "/v1/agents/runs", body, 201)["runId"].(string)
}

// await reads a run until its status is the one wanted.
func (s *service) await(id, status string) map[string]any {
	s.t.Helper()
	var run map[string]any
	for range 2000 {
		run = s.do("GET", "/v1/agents/runs/"+id, "", 200)
		if run["status"] == status {
			return run
		}
		if terminal(run["status"].(string)) {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.t.Fatalf("got %v, want status %s", run, status)
	return nil
}

func TestLifeOfARun(t *testing.T) {
	s := start(t, `[{"result": {"b": 1.50, "a": 12345678901234567890123}, "delay": "30ms"}]`, Config{})
	run := s.do("POST", "/v1/agents/runs", `{"task":"look %x%","resultSchema":{"type":"object","properties":{"b":{"minimum":1.50},"a":{}}},
		"variables":{"x":{"value":"topsecret","description":"d"}},
		"browserSettings":{"context":{"id":"c","persist":true},"proxies":[{"type":"none"}],"verified":false}}`, 201)
	for _, absent := range []string{"sessionId", "agentId", "startedAt", "endedAt", "result", "cause", "variables"} {
		if v, ok := run[absent]; ok {
			t.Errorf("create answered %s: %v", absent, v)
		}
	}
	if run["status"] != "PENDING" || run["task"] != "look %x%" {
		t.Errorf("got %v", run)
	}
	id := run["runId"].(string)
	if !uuid.MatchString(id) {
		t.Errorf("got run id %q", id)
	}
	run = s.await(id, "COMPLETED")
	for _, present := range []string{"sessionId", "startedAt", "endedAt", "updatedAt", "createdAt"} {
		if run[present] == nil {
			t.Errorf("%s is missing in %v", present, run)
		}
	}
	_, text, err := s.send("GET", "/v1/agents/runs/"+id, "")
	if err != nil {
		t.Fatal(err)
	}
	// The result as the agent gave it, the schema with its keys in another order.
	for _, want := range []string{`"result":{"b": 1.50, "a": 12345678901234567890123}`, `"resultSchema":{"properties":{"a":{},"b":{"minimum":1.50}},"type":"object"}`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	if bytes.Contains(text, []byte("topsecret")) {
		t.Errorf("the value of a variable was echoed: %s", text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs.byID[id].job != nil {
		t.Error("the run still holds its variables")
	}
}

func TestStatuses(t *testing.T) {
	s := start(t, `[
		{"match": "^fail", "status": "FAILED", "cause": {"code": "RUNNER_HEARTBEAT_LOST", "message": "gone"}},
		{"match": "^slow", "delay": "1h"},
		{"match": "^pause", "statuses": ["PAUSED", "QUEUED"], "delay": "1h"},
		{"match": "^end", "status": "TIMED_OUT", "sessionId": false}
	]`, Config{RunTime: 150 * time.Millisecond})
	t.Run("failed", func(t *testing.T) {
		run := s.await(s.create(`{"task":"fail"}`), "FAILED")
		if c := run["cause"].(map[string]any); c["code"] != "RUNNER_HEARTBEAT_LOST" || c["message"] != "gone" {
			t.Errorf("got cause %v", c)
		}
	})
	t.Run("no rule", func(t *testing.T) {
		run := s.await(s.create(`{"task":"other"}`), "FAILED")
		if c := run["cause"].(map[string]any); c["code"] != "NO_RULE" {
			t.Errorf("got cause %v", c)
		}
	})
	t.Run("own time limit", func(t *testing.T) { s.await(s.create(`{"task":"slow"}`), "TIMED_OUT") })
	t.Run("stopped", func(t *testing.T) {
		id := s.create(`{"task":"slow"}`)
		s.await(id, "RUNNING")
		if run := s.do("POST", "/v1/agents/runs/"+id+"/stop", "", 202); run["status"] != "RUNNING" {
			t.Errorf("got %v, want a run that is still RUNNING", run["status"])
		}
		s.await(id, "STOPPED")
		s.do("POST", "/v1/agents/runs/"+id+"/stop", "", 409)
	})
	t.Run("unknown run", func(t *testing.T) {
		s.do("GET", "/v1/agents/runs/nope", "", 404)
		s.do("POST", "/v1/agents/runs/nope/stop", "", 404)
	})
	t.Run("no session", func(t *testing.T) {
		if run := s.await(s.create(`{"task":"end"}`), "TIMED_OUT"); run["sessionId"] != nil {
			t.Errorf("got session %v", run["sessionId"])
		}
	})
}

func TestPassesThroughOtherStatuses(t *testing.T) {
	s := start(t, `[{"statuses": ["PAUSED", "QUEUED"], "delay": "300ms"}]`, Config{})
	id := s.create(`{"task":"x"}`)
	s.await(id, "PAUSED")
	s.await(id, "QUEUED")
	s.await(id, "COMPLETED")
}

func TestQueueAndLimits(t *testing.T) {
	s := start(t, `[{"match": "slow", "delay": "1h"}, {}]`, Config{Concurrency: 1, MaxActive: 3})
	first := s.create(`{"task":"slow"}`)
	s.await(first, "RUNNING")
	second := s.create(`{"task":"quick"}`)
	third := s.create(`{"task":"quick"}`)
	m := s.do("POST", "/v1/agents/runs", `{"task":"quick"}`, 429)
	if !strings.Contains(m["message"].(string), "limit 3, currently 3") {
		t.Errorf("got %v", m)
	}
	time.Sleep(20 * time.Millisecond)
	if run := s.do("GET", "/v1/agents/runs/"+second, "", 200); run["status"] != "PENDING" {
		t.Errorf("got %v, want PENDING behind a run at work", run["status"])
	}
	// A run that waits is stopped without ever being worked on.
	s.do("POST", "/v1/agents/runs/"+second+"/stop", "", 202)
	if run := s.await(second, "STOPPED"); run["startedAt"] != nil {
		t.Errorf("got startedAt %v", run["startedAt"])
	}
	s.do("POST", "/v1/agents/runs/"+first+"/stop", "", 202)
	s.await(third, "COMPLETED")
	if st := s.Stats(); st.Creates != 3 || st.Peak != 1 || st.Active != 0 || st.ByTask["quick"] != 2 {
		t.Errorf("got %+v", st)
	}
}

func TestCreatesPerMinute(t *testing.T) {
	s := start(t, `[{}]`, Config{CreatesPerMinute: 2})
	s.create(`{"task":"a"}`)
	s.create(`{"task":"b"}`)
	s.do("POST", "/v1/agents/runs", `{"task":"c"}`, 429)
}

func TestKey(t *testing.T) {
	s := start(t, `[{}]`, Config{Key: "right"})
	s.do("GET", "/v1/agents/runs", "", 200)
	for _, key := range []string{"", "wrong"} {
		s.key = key
		s.do("GET", "/v1/agents/runs", "", 401)
	}
	if n := s.Stats().Requests["list"]; n != 1 {
		t.Errorf("got %d requests, want 1: a refused one does not count", n)
	}
}

func TestUnknownRoutes(t *testing.T) {
	s := start(t, `[{}]`, Config{})
	for _, r := range []string{"GET /", "GET /v1", "GET /v1/agentsx", "PUT /v1/agents", "GET /v1/agents/", "GET /v1/agents/runs/",
		"GET /v1/agents/runs/x/y", "GET /v1/agents/runs/x/stop", "POST /v1/agents/runs/x/resume", "DELETE /v1/agents/runs/x", "PATCH /v1/agents"} {
		method, path, _ := strings.Cut(r, " ")
		s.do(method, path, "", 404)
	}
	if res, _, err := s.send("HEAD", "/v1/agents/runs", ""); err != nil || res.StatusCode != 404 || res.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("HEAD: got %v %v", res, err)
	}
}

type agentFunc func(context.Context, Run) (Answer, error)

func (f agentFunc) Work(ctx context.Context, r Run) (Answer, error) { return f(ctx, r) }

func TestAgentsErrorsAndPanics(t *testing.T) {
	s := start(t, "", Config{Agent: agentFunc(func(_ context.Context, r Run) (Answer, error) {
		switch r.Task {
		case "panic hunter2":
			panic("saw " + r.Variables["pw"] + strings.Repeat("!", 600))
		case "words":
			return Answer{Status: "DONE"}, nil
		}
		return Answer{Status: "FAILED", Cause: &Cause{Code: strings.Repeat("C", 80), Message: "a\x1b[31mb"}}, nil
	})})
	run := s.await(s.create(`{"task":"panic %pw%","variables":{"pw":{"value":"hunter2"}}}`), "FAILED")
	c := run["cause"].(map[string]any)
	if msg := c["message"].(string); c["code"] != "AGENT_ERROR" || !strings.Contains(msg, "saw %pw%") || len([]rune(msg)) != 500 {
		t.Errorf("got %v", c)
	}
	run = s.await(s.create(`{"task":"words"}`), "FAILED")
	if c := run["cause"].(map[string]any); c["code"] != "AGENT_ERROR" {
		t.Errorf("got %v", c)
	}
	run = s.await(s.create(`{"task":"other"}`), "FAILED")
	if c := run["cause"].(map[string]any); len([]rune(c["code"].(string))) != 64 || c["message"] != "a [31mb" {
		t.Errorf("got %v", c)
	}
}

func TestRetain(t *testing.T) {
	s := start(t, `[{"match": "keep", "delay": "1h"}, {}]`, Config{Retain: 3})
	alive := s.create(`{"task":"keep"}`)
	var last string
	for range 300 {
		last = s.create(`{"task":"x"}`)
		s.await(last, "COMPLETED")
	}
	s.mu.Lock()
	kept, listed := len(s.runs.byID), len(s.runs.order.all)
	s.mu.Unlock()
	if kept != 4 || listed > 200 {
		t.Errorf("got %d runs kept and %d listed, want 4 and few", kept, listed)
	}
	page := s.do("GET", "/v1/agents/runs?limit=1000", "", 200)["data"].([]any)
	if len(page) != 4 || page[0].(map[string]any)["runId"] != last || page[3].(map[string]any)["runId"] != alive {
		t.Errorf("got %d rows", len(page))
	}
}

func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	f, err := ParseFaults("hang=100%@stop")
	if err != nil {
		t.Fatal(err)
	}
	agent, err := Script(strings.NewReader(`[{"delay": "1h"}]`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Agent: agent, Faults: f, Concurrency: 3})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	sv := &service{s, t, h.URL, ""}
	var id string
	for range 10 {
		id = sv.create(`{"task":"x"}`)
	}
	hung := make(chan error)
	go func() {
		_, _, err := sv.send("POST", "/v1/agents/runs/"+id+"/stop", "")
		hung <- err
	}()
	for s.Stats().Faults["hang"] == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-hung; err == nil {
		t.Error("a request that hung was answered")
	}
	sv.do("POST", "/v1/agents/runs", `{"task":"late"}`, 503)
	h.Close()
	client.CloseIdleConnections()
	for range 500 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("got %d goroutines, want %d:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

func TestLogShowsNoSecret(t *testing.T) {
	lines := make(chan string, 10)
	agent, _ := Script(strings.NewReader(`[{}]`))
	s := start(t, "", Config{Key: "k-secret", Agent: agent, Log: func(f string, args ...any) { lines <- strings.TrimSpace(fmt.Sprintf(f, args...)) }})
	s.create(`{"task":"x %v%","variables":{"v":{"value":"v-secret"}}}`)
	line := <-lines
	if !strings.HasPrefix(line, "POST /v1/agents/runs 201 ") || strings.Contains(line, "secret") {
		t.Errorf("got %q", line)
	}
}

func BenchmarkCreate(b *testing.B) {
	agent, _ := Script(strings.NewReader(`[{"result":{"a":1}}]`))
	s, err := New(Config{Agent: agent})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	body := `{"task":"look","resultSchema":{"type":"object","properties":{"a":{"type":"number"}}}}`
	for b.Loop() {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/v1/agents/runs", strings.NewReader(body)))
		if w.Code != 201 {
			b.Fatal(w.Body)
		}
	}
}
