package server

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The bounds of the reference: closed bodies, types, lengths.
func TestBodiesAreClosed(t *testing.T) {
	s := start(t, `[{}]`, Config{})
	for _, c := range []struct {
		path, body string
		status     int
		message    string // a part of it
	}{
		{"runs", `{"task":"x","keepAlive":true}`, 400, "body.keepAlive: unknown field"},
		{"runs", `{"task":"x","browserSettings":{"keepAlive":true}}`, 400, "body.browserSettings.keepAlive: unknown field"},
		{"runs", `{"task":"x","browserSettings":{"context":{"id":"1","name":2}}}`, 400, "body.browserSettings.context.name"},
		{"runs", `{"task":"x","browserSettings":{"context":{}}}`, 400, "body.browserSettings.context.id: is required"},
		{"runs", `{"task":"x","browserSettings":{"proxies":"yes"}}`, 400, "body.browserSettings.proxies"},
		{"runs", `{"task":"x","browserSettings":{"proxies":[1]}}`, 400, "body.browserSettings.proxies[0]"},
		{"runs", `{"task":"x","variables":{"v":"plain"}}`, 400, "body.variables.v: must be an object, not string"},
		{"runs", `{"task":"x","variables":{"v":{"value":1}}}`, 400, "body.variables.v.value: must be a string, not number"},
		{"runs", `{"task":"x","variables":{"v":{"description":"d"}}}`, 400, "body.variables.v.value: is required"},
		{"runs", `{"task":"x","variables":{"v":{"value":"1","secret":true}}}`, 400, "body.variables.v.secret"},
		{"runs", `{"task":""}`, 400, "body.task: must have at least 1"},
		{"runs", `{}`, 400, "body.task: is required"},
		{"runs", `{"task":null}`, 400, "body.task: must be a string, not null"},
		{"runs", `{"task":"x","resultSchema":true}`, 400, "body.resultSchema: must be an object, not boolean"},
		{"runs", `{"task":"x","agentId":"nope"}`, 404, "agent nope not found"},
		{"runs", `[]`, 400, "body: must be an object"},
		{"runs", `{"task":"x"`, 400, "must be JSON"},
		{"runs", `{"task":"x"} {}`, 400, "must be JSON"},
		{"runs", `{"task":"` + strings.Repeat("x", maxBody) + `"}`, 413, "larger"},
		{"runs", `{"task":"x","resultSchema":{"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}}`, 400, "nested"},
		{"runs?x=1", `{"task":"x"}`, 400, "query.x"},
		{"runs", `{"task":"x","pauseWhen":true}`, 400, "body.pauseWhen: must be a string"},
		{"?x=1", `{"name":"x"}`, 400, "query.x"},
		{"", `{"name":""}`, 400, "body.name: must have at least 1"},
		{"", `{"name":"` + strings.Repeat("é", 256) + `"}`, 400, "body.name: must have at most 255"},
		{"", `{"systemPrompt":"x"}`, 400, "body.name: is required"},
		{"", `{"name":"x","systemPrompt":""}`, 400, "body.systemPrompt"},
		{"", `{"name":"x","model":"m"}`, 400, "body.model: unknown field"},
	} {
		m := s.do("POST", strings.Replace(strings.TrimSuffix("/v1/agents/"+c.path, "/"), "/?", "?", 1), c.body, c.status)
		if msg := m["message"].(string); !strings.Contains(msg, c.message) {
			t.Errorf("%.80s: got %q, want %q", c.body, msg, c.message)
		}
	}
	if n := s.Stats().Creates; n != 0 {
		t.Errorf("got %d runs, want none", n)
	}
}

// The vendor's SDK knows pauseWhen and PAUSED; no run has to pause.
func TestPausing(t *testing.T) {
	s := start(t, `[{"match": "asks", "statuses": ["PAUSED"], "delay": "1h"}, {}]`, Config{})
	s.await(s.create(`{"task":"x","pauseWhen":"a code is asked for"}`), "COMPLETED")
	id := s.create(`{"task":"asks"}`)
	if page := s.do("GET", "/v1/agents/runs?status=PAUSED", "", 200); len(page["data"].([]any)) != 0 {
		t.Errorf("got %v", page)
	}
	s.do("POST", "/v1/agents/runs/"+id+"/stop", "", 202)
}

func TestContentType(t *testing.T) {
	s := start(t, `[{}]`, Config{})
	res, err := client.Post(s.url+"/v1/agents/runs", "text/plain", strings.NewReader(`{"task":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 415 {
		t.Errorf("got %d, want 415", res.StatusCode)
	}
}

func TestQueriesAreStrict(t *testing.T) {
	s := start(t, `[{}]`, Config{})
	id := s.create(`{"task":"x"}`)
	s.await(id, "COMPLETED")
	for _, q := range []string{"runs?limit=0", "runs?limit=1001", "runs?limit=abc", "runs?limit=05", "runs?limit=", "runs?status=running", "runs?status=QUEUED",
		"runs?status=RUNNING&status=PENDING", "runs?startAt=yesterday", "runs?startAt=2026-01-19", "runs?endAt=", "runs?cursor=abc", "runs?cursor=", "runs?offset=3",
		"?status=RUNNING", "?limit=1001", "runs/" + id + "?x=1", "runs/" + id + "/messages?limit=101", "runs/" + id + "/messages?since=nope",
		"runs/" + id + "/messages?all=yes", "runs/not-a-uuid/messages"} {
		s.do("GET", strings.Replace("/v1/agents/"+q, "/?", "?", 1), "", 400)
	}
	if page := s.do("GET", "/v1/agents/runs", "", 200); page["limit"] != 20.0 || page["nextCursor"] != nil {
		t.Errorf("got %v", page)
	}
}

// pages reads a whole listing and returns the ids of each page.
func (s *service) pages(query string) [][]string {
	s.t.Helper()
	var all [][]string
	cursor := ""
	for range 50 {
		page := s.do("GET", "/v1/agents/runs?"+query+cursor, "", 200)
		var ids []string
		for _, r := range page["data"].([]any) {
			ids = append(ids, r.(map[string]any)["runId"].(string))
		}
		all = append(all, ids)
		next, ok := page["nextCursor"].(string)
		if !ok {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
	return all
}

func TestPagingIsStableUnderInserts(t *testing.T) {
	s := start(t, `[{}]`, Config{})
	var ids []string
	for i := range 7 {
		ids = append([]string{s.create(fmt.Sprintf(`{"task":"%d"}`, i))}, ids...)
	}
	page := s.do("GET", "/v1/agents/runs?limit=3", "", 200)
	cursor := page["nextCursor"].(string)
	s.create(`{"task":"late"}`)
	next := s.do("GET", "/v1/agents/runs?limit=3&cursor="+cursor, "", 200)
	if got := next["data"].([]any)[0].(map[string]any)["runId"]; got != ids[3] {
		t.Errorf("got %v first, want %v: an insert moved the cursor", got, ids[3])
	}
	all := s.pages("limit=3")
	if len(all) != 3 || len(all[2]) != 2 || all[2][1] != ids[6] {
		t.Errorf("got %v", all)
	}
	if exact := s.pages("limit=8"); len(exact) != 1 {
		t.Errorf("got %d pages, want 1: nothing follows a page that is exactly full", len(exact))
	}
	// A cursor belongs to its list.
	s.do("GET", "/v1/agents?cursor="+cursor, "", 400)
}

func TestFilters(t *testing.T) {
	s := start(t, `[{"match": "slow", "delay": "1h"}, {}]`, Config{})
	agent := s.do("POST", "/v1/agents", `{"name":"a"}`, 201)["agentId"].(string)
	first := s.create(`{"task":"slow"}`)
	time.Sleep(5 * time.Millisecond)
	second := s.create(`{"task":"quick","agentId":"` + agent + `"}`)
	time.Sleep(5 * time.Millisecond)
	third := s.create(`{"task":"quick"}`)
	s.await(first, "RUNNING")
	s.await(second, "COMPLETED")
	s.await(third, "COMPLETED")
	at := func(id string) string {
		return s.do("GET", "/v1/agents/runs/"+id, "", 200)["createdAt"].(string)
	}
	for query, want := range map[string][]string{
		"":                      {third, second, first},
		"status=RUNNING":        {first},
		"status=COMPLETED":      {third, second},
		"status=FAILED":         nil,
		"agentId=" + agent:      {second},
		"agentId=nobody":        nil,
		"startAt=" + at(second): {third, second}, // both ends inclusive
		"endAt=" + at(second):   {second, first},
		"startAt=" + at(third) + "&endAt=" + at(first):                         nil,
		"startAt=" + at(second) + "&endAt=" + at(second) + "&status=COMPLETED": {second},
		"startAt=2020-01-01T00:00:00%2B02:00":                                  {third, second, first},
		"startAt=" + strings.Replace(at(second), "Z", "9Z", 1):                 {third},
	} {
		got := s.pages(query)
		if len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
}

func TestAgents(t *testing.T) {
	prompts := make(chan Run, 2)
	s := start(t, "", Config{Agent: agentFunc(func(_ context.Context, r Run) (Answer, error) {
		prompts <- r
		return Answer{}, nil
	})})
	a := s.do("POST", "/v1/agents", `{"name":"n","systemPrompt":"be %how%","resultSchema":{"type":"object"}}`, 201)
	id := a["agentId"].(string)
	if got := s.do("GET", "/v1/agents/"+id, "", 200); fmt.Sprint(got) != fmt.Sprint(a) {
		t.Errorf("got %v, want %v", got, a)
	}
	run := s.do("POST", "/v1/agents/runs", `{"task":"x","agentId":"`+id+`","variables":{"how":{"value":"kind"}}}`, 201)
	if run["agentId"] != id || run["resultSchema"] != nil {
		t.Errorf("got %v, want the agent's id and no schema of the run's own", run)
	}
	if r := <-prompts; r.SystemPrompt != "be kind" || string(r.Schema) != `{"type":"object"}` {
		t.Errorf("got prompt %q and schema %s", r.SystemPrompt, r.Schema)
	}
	s.create(`{"task":"x","agentId":"` + id + `","resultSchema":{"type":"array"}}`)
	if r := <-prompts; string(r.Schema) != `{"type":"array"}` {
		t.Errorf("got schema %s, want the run's own", r.Schema)
	}
	s.do("PATCH", "/v1/agents/"+id, `{"systemPrompt":null}`, 400)
	s.do("PATCH", "/v1/agents/"+id+"?x=1", `{"name":"m"}`, 400)
	s.do("DELETE", "/v1/agents/"+id+"?x=1", "", 400)
	b := s.do("PATCH", "/v1/agents/"+id, `{"name":"m"}`, 200)
	if b["name"] != "m" || b["systemPrompt"] != "be %how%" {
		t.Errorf("got %v: what a PATCH omits stays", b)
	}
	other := s.do("POST", "/v1/agents", `{"name":"o"}`, 201)["agentId"]
	page := s.do("GET", "/v1/agents?limit=1", "", 200)
	if first := page["data"].([]any)[0].(map[string]any); first["agentId"] != other || page["nextCursor"] == nil {
		t.Errorf("got %v", page)
	}
	s.do("DELETE", "/v1/agents/"+id, "", 204)
	s.do("DELETE", "/v1/agents/"+id, "", 404)
	s.do("GET", "/v1/agents/"+id, "", 404)
	s.do("POST", "/v1/agents/runs", `{"task":"x","agentId":"`+id+`"}`, 404)
	if rest := s.do("GET", "/v1/agents", "", 200)["data"].([]any); len(rest) != 1 {
		t.Errorf("got %v", rest)
	}
	s.await(run["runId"].(string), "COMPLETED")
}

func TestMessages(t *testing.T) {
	s := start(t, `[{"match": "talk", "messages": [{"role":"assistant","content":"a"},{"role":"assistant","content":"b"},{"role":"tool","content":[]}]}, {}]`, Config{})
	id := s.create(`{"task":"talk"}`)
	s.await(id, "COMPLETED")
	read := func(query string) (string, any) {
		m := s.do("GET", "/v1/agents/runs/"+id+"/messages?"+query, "", 200)
		said := ""
		for _, e := range m["data"].([]any) {
			said += fmt.Sprint(e.(map[string]any)["message"].(map[string]any)["content"])
		}
		return said, m["nextSince"]
	}
	said, next := read("limit=1")
	if said != "a" {
		t.Errorf("got %q, want the oldest first", said)
	}
	said, next = read("limit=1&all=true&since=" + next.(string))
	if said != "b[]" {
		t.Errorf("got %q, want all after since", said)
	}
	said, same := read("since=" + next.(string))
	if said != "" || same != next {
		t.Errorf("got %q and %v, want nothing and the same nextSince", said, same)
	}
	quiet := s.create(`{"task":"quiet"}`)
	s.await(quiet, "COMPLETED")
	if m := s.do("GET", "/v1/agents/runs/"+quiet+"/messages", "", 200); m["nextSince"] != nil || len(m["data"].([]any)) != 0 {
		t.Errorf("got %v", m)
	}
	s.do("GET", "/v1/agents/runs/00000000-0000-4000-8000-000000000000/messages", "", 404)
}
