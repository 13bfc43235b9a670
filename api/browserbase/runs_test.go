package browserbase_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/google/go-cmp/cmp"
)

const key = "bb_live_0123456789"

// client talks to a server that answers with h.
func client(t *testing.T, h http.HandlerFunc) *browserbase.Client {
	t.Helper()
	return clientWith(t, browserbase.Config{}, h)
}

func clientWith(t *testing.T, c browserbase.Config, h http.HandlerFunc) *browserbase.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c.APIKey, c.BaseURL = key, s.URL+"/"
	got, err := browserbase.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(got.Close)
	return got
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestCreateSendsTheDocumentedBody(t *testing.T) {
	yes := true
	for _, c := range []struct {
		req  browserbase.CreateRun
		want string
	}{
		{browserbase.CreateRun{Task: "look <here> & %there%"}, `{"task":"look <here> & %there%"}`},
		{browserbase.CreateRun{
			Task: "t", AgentID: "a", PauseWhen: "asked for a code",
			ResultSchema: json.RawMessage(`{"z":1,"a":{"maximum":1.50}}`),
			BrowserSettings: &browserbase.BrowserSettings{
				Context: &browserbase.BrowserContext{ID: "c", Persist: true}, Proxies: json.RawMessage(`true`), Verified: &yes},
			Variables: map[string]browserbase.Variable{"user": {Value: "u"}, "code": {Value: "1", Description: "when asked"}},
		}, `{"agentId":"a","task":"t","resultSchema":{"z":1,"a":{"maximum":1.50}},"browserSettings":{"context":{"id":"c","persist":true},"proxies":true,"verified":true},` +
			`"variables":{"code":{"value":"1","description":"when asked"},"user":{"value":"u"}},"pauseWhen":"asked for a code"}`},
		{browserbase.CreateRun{Task: "t", BrowserSettings: &browserbase.BrowserSettings{Proxies: json.RawMessage(`[{"type":"none","domainPattern":"x"}]`)}},
			`{"task":"t","browserSettings":{"proxies":[{"type":"none","domainPattern":"x"}]}}`},
		{browserbase.CreateRun{Task: "t", BrowserSettings: &browserbase.BrowserSettings{JSON: json.RawMessage(`{"verified":false,"new":1}`)}},
			`{"task":"t","browserSettings":{"verified":false,"new":1}}`},
	} {
		var body []byte
		cl := client(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			if r.Method != "POST" || r.URL.String() != "/v1/agents/runs" || r.Header.Get("X-BB-API-Key") != key {
				t.Errorf("got %s %s, key %q", r.Method, r.URL, r.Header.Get("X-BB-API-Key"))
			}
			answer(201, `{"runId":"r1","status":"PENDING","task":"t"}`)(w, r)
		})
		run, err := cl.Runs.Create(t.Context(), c.req)
		if err != nil || run.RunID != "r1" || run.SessionID != "" {
			t.Errorf("got %+v, %v", run, err)
		}
		if diff := cmp.Diff(c.want, string(body)); diff != "" {
			t.Error("-want +got", diff)
		}
	}
}

func TestCreateRefusesWhatTheServiceWould(t *testing.T) {
	cl := client(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	settings := func(s browserbase.BrowserSettings) browserbase.CreateRun {
		return browserbase.CreateRun{Task: "t", BrowserSettings: &s}
	}
	for member, req := range map[string]browserbase.CreateRun{
		"task":                       {},
		"resultSchema":               {Task: "t", ResultSchema: json.RawMessage(`{"a":`)},
		"resultSchema: is not":       {Task: "t", ResultSchema: json.RawMessage(`true`)},
		"resultSchema: ":             {Task: "t", ResultSchema: json.RawMessage{}},
		"browserSettings: ":          settings(browserbase.BrowserSettings{JSON: json.RawMessage(`[]`)}),
		"browserSettings.context.id": settings(browserbase.BrowserSettings{Context: &browserbase.BrowserContext{}}),
		"browserSettings.proxies":    settings(browserbase.BrowserSettings{Proxies: json.RawMessage(`"yes"`)}),
	} {
		_, err := cl.Runs.Create(t.Context(), req)
		var re *browserbase.RequestError
		if !errors.As(err, &re) || !strings.HasPrefix(re.Text, member) {
			t.Errorf("got %v, want a RequestError for %s", err, member)
		}
	}
}

// An answer from which the id can be read has a run behind it.
func TestCreateKeepsTheRunOfAnOddAnswer(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"cut short":        answer(201, `{"runId":"r1","status":"PEN`),
		"no status":        answer(201, `{"runId":"r1"}`),
		"status 200":       answer(200, `{"runId":"r1","status":"PENDING"}`),
		"trash behind":     answer(201, `{"runId":"r1","status":"PENDING"}}}`),
		"a large result":   answer(201, `{"runId":"r1","status":"PENDING","result":"`+strings.Repeat("x", 5000)+`"}`),
		"connection broke": func(w http.ResponseWriter, r *http.Request) { hijack(w, r, `{"runId":"r1",`) },
	} {
		dir := t.TempDir()
		run, err := clientWith(t, browserbase.Config{MaxResultBytes: 1000, SpillDir: dir}, h).Runs.Create(t.Context(), browserbase.CreateRun{Task: "t"})
		if err != nil || run.RunID != "r1" {
			t.Errorf("%s: got %+v, %v", name, run, err)
		}
		if whole := name == "status 200"; run.Partial == whole {
			t.Errorf("%s: partial is %v", name, run.Partial)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left a file", name)
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"nothing":      answer(201, ``),
		"no id":        answer(201, `{"status":"PENDING"}`),
		"half an id":   answer(201, `{"runId":"r`),
		"not a string": answer(200, `{"runId":7,"status":"PENDING"}`),
		"no content":   answer(204, ``),
		"not JSON":     answer(201, `<html>`),
	} {
		_, err := client(t, h).Runs.Create(t.Context(), browserbase.CreateRun{Task: "t"})
		var e *api.Error
		if !errors.As(err, &e) || !e.Sent || e.Status/100 != 2 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// hijack answers 201 with a part of a body and drops the connection.
func hijack(w http.ResponseWriter, r *http.Request, part string) {
	_, _ = io.Copy(io.Discard, r.Body)
	c, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n%s", part)
		_ = c.Close()
	}
}

func TestCreateHidesSecrets(t *testing.T) {
	_, err := client(t, answer(400, `{"message":"hunter2 is too short; key `+key+`"}`)).Runs.Create(t.Context(), browserbase.CreateRun{
		Task: "t", Variables: map[string]browserbase.Variable{"password": {Value: "hunter2"}}, Secrets: []string{"hunter2"}})
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), key) {
		t.Errorf("got %v", err)
	}
}

func TestGet(t *testing.T) {
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.RequestURI != "/v1/agents/runs/a%2Fb%3F%25" {
			t.Errorf("got %s %s", r.Method, r.RequestURI)
		}
		answer(200, `{"runId":"a/b?%","status":"PAUSED","result":{"x":1e400}}`)(w, r)
	})
	run, err := cl.Runs.Get(t.Context(), "a/b?%")
	if err != nil || run.Status != "PAUSED" || string(run.Result) != `{"x":1e400}` {
		t.Errorf("got %+v, %v", run, err)
	}
}

func TestAnIDIsNeverAnotherPath(t *testing.T) {
	cl := client(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent %s", r.RequestURI) })
	for _, id := range []string{"", ".", ".."} {
		_, getErr := cl.Runs.Get(t.Context(), id)
		_, stopErr := cl.Runs.Stop(t.Context(), id)
		_, messagesErr := cl.Runs.Messages(t.Context(), id, browserbase.MessageFilter{})
		_, agentErr := cl.Agents.Get(t.Context(), id)
		for _, err := range []error{getErr, stopErr, messagesErr, agentErr} {
			if err == nil {
				t.Errorf("%q: got no error", id)
			}
		}
	}
}

func TestStop(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		ok     bool
		ended  bool
	}{
		{"accepted", 202, `{"runId":"r1","status":"RUNNING"}`, true, false},
		{"accepted, unreadable", 202, `oops`, true, false},
		{"accepted, empty", 204, ``, true, false},
		{"ended before", 409, `{"message":"run is finished"}`, false, true},
		{"unknown", 404, `{}`, false, false},
		{"broken", 500, `{}`, false, false},
	} {
		cl := client(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "POST" || r.RequestURI != "/v1/agents/runs/r1/stop" || r.ContentLength > 0 || r.Header.Get("Content-Type") != "" {
				t.Errorf("got %s %s with %d bytes of %q", r.Method, r.RequestURI, r.ContentLength, r.Header.Get("Content-Type"))
			}
			answer(c.status, c.body)(w, r)
		})
		run, err := cl.Runs.Stop(t.Context(), "r1")
		if (err == nil) != c.ok || errors.Is(err, browserbase.ErrRunEnded) != c.ended || (c.ok && run.RunID != "r1") {
			t.Errorf("%s: got %+v, %v", c.name, run, err)
		}
	}
}

func TestAgent(t *testing.T) {
	at := time.Date(2026, 1, 19, 8, 30, 0, 0, time.UTC)
	got, err := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.RequestURI != "/v1/agents/a1" {
			t.Errorf("got %s %s", r.Method, r.RequestURI)
		}
		answer(200, `{"agentId":"a1","name":"n","systemPrompt":"p","resultSchema":{"b":1,"a":2},"createdAt":"2026-01-19T08:30:00Z","more":{}}`)(w, r)
	}).Agents.Get(t.Context(), "a1")
	want := browserbase.Agent{AgentID: "a1", Name: "n", SystemPrompt: "p", ResultSchema: json.RawMessage(`{"b":1,"a":2}`), CreatedAt: at}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error("-want +got", diff, err)
	}

	for name, body := range map[string]string{
		"no id": `{"name":"n"}`, "cut": `{"agentId":"a1"`,
		"a schema too long to judge by": `{"agentId":"a1","resultSchema":{"d":"` + strings.Repeat("x", 5<<20) + `"}}`,
	} {
		if got, err := client(t, answer(200, body)).Agents.Get(t.Context(), "a1"); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if got, err := client(t, answer(200, `{"agentId":"a1","resultSchema":null}`)).Agents.Get(t.Context(), "a1"); err != nil || got.ResultSchema != nil {
		t.Errorf("no schema: got %+v, %v", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		config browserbase.Config
		want   string
	}{
		{browserbase.Config{}, "API key"},
		{browserbase.Config{APIKey: key + "\n"}, "API key"},
		{browserbase.Config{APIKey: " " + key}, "API key"},
		{browserbase.Config{APIKey: key + "é"}, "API key"},
		{browserbase.Config{APIKey: key, BaseURL: "https://api.browserbase.com/v1"}, "without /v1"},
		{browserbase.Config{APIKey: key, BaseURL: "https://api.browserbase.com/v1/"}, "without /v1"},
		{browserbase.Config{APIKey: key, BaseURL: "api.browserbase.com"}, "https://"},
		{browserbase.Config{APIKey: key, BaseURL: "https://" + key + "@api.browserbase.com"}, "password"},
	} {
		_, err := browserbase.New(c.config)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), key) {
			t.Errorf("%q: got %v", c.config.BaseURL, err)
		}
	}
	if _, err := browserbase.New(browserbase.Config{APIKey: key}); err != nil {
		t.Error(err)
	}
}
