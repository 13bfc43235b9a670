package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Faults mean the same however they are spaced and ordered, and a text that is
// none is refused in words of a bounded length.
func FuzzFaults(f *testing.F) {
	for _, text := range []string{
		"429=5%,retry-after=2s,truncate=1@get,dup-pages", "refuse=401:3@create", "skew=-10m, list-lag=20s", "hang=2..4@list,stall=1",
		"lost-creat=1", "429=NaN%", "500=1e-300%", "slow=99999999999999999999", "refuse=402:-1", "retry-after=1h99999999h", "\xff=1", "endless=1@", "=", "dup-pages=0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseFaults(text)
		if err != nil {
			if len(err.Error()) > 1000+6*len(text) || utf8.ValidString(text) && !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\x00\x1b\n") {
				t.Errorf("got the error %q", err)
			}
			return
		}
		for _, r := range got.rules {
			if faultIndex(r.fault) < 0 || !(r.chance >= 0 && r.chance <= 1) || r.from < 0 || r.chance > 0 && r.from > 0 {
				t.Errorf("got the rule %+v", r)
			}
		}
		spaced, err := ParseFaults(" , " + strings.ReplaceAll(text, ",", " ,, ") + " ,")
		if err != nil || !reflect.DeepEqual(spaced, got) {
			t.Errorf("spaced: got %+v, %v, want %+v", spaced, err, got)
		}
		m := newMisbehaviour(got, 1)
		for range 3 {
			for _, endpoint := range scopes {
				if s := m.strike(endpoint); s != "" && faultIndex(string(s)) < 0 {
					t.Errorf("struck by %q", s)
				}
			}
		}
	})
}

// Rules are refused in words, or the server answers by them: a create is a 201
// and every answer that no rule has made up is JSON with the rule's result.
func FuzzScript(f *testing.F) {
	for _, rules := range []string{
		`[{"result": {"ok": true}}]`, `{"status":"FAILED","cause":{"code":"X"}}` + "\n" + `{"match":"a|b","times":1}`, `[{"generate":{"bytes":20}}]`, `[{"generate":{"depth":-1}}]`,
		`[{"answers":{"get":"{{id}}{{run}}{{other}}{{hex:00ff}}{{3*[}}","list":null}}]`, `[{"answers":{"get":"{{9999999999*x}}"}}]`, `[{"answers":{"create":{"runId":{}}}}]`,
		`[{"result":"{{variables.a}}","messages":[{}],"sessionId":false,"statuses":["X"]}]`, `[{"match":"(["}]`, `[{"delay":"-1s"}]`, `[`, `{}x`, `[{"result":{"a":1e999,"b":"\ud800"}}]`,
	} {
		f.Add([]byte(rules))
	}
	f.Fuzz(func(t *testing.T, rules []byte) {
		agent, err := Script(bytes.NewReader(rules))
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a word")
			}
			return
		}
		for _, r := range agent.(*scriptAgent).rules {
			if r.delay > 10*time.Millisecond || r.generate.Bytes > 1<<20 || r.generate.Depth > 1<<20 {
				return // not to be waited for
			}
			for _, text := range r.told {
				if toldSize(text) > 1<<20 {
					return
				}
			}
			if !terminal(r.status) || r.left == 0 || r.left < -1 {
				t.Errorf("got the rule %+v", r)
			}
		}
		s, err := New(Config{Agent: agent})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		ask := func(method, path, body string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
			return w
		}
		create := ask(http.MethodPost, "/v1/agents/runs", `{"task":"a","variables":{"a":{"value":"\"x\\"}}}`)
		if create.Code != http.StatusCreated {
			t.Fatalf("got %d %s", create.Code, create.Body)
		}
		s.mu.Lock()
		run := s.runs.order.all[0]
		s.mu.Unlock()
		for range 500 {
			s.mu.Lock()
			alive := run.alive()
			s.mu.Unlock()
			if !alive {
				break
			}
			time.Sleep(time.Millisecond)
		}
		for endpoint, path := range map[string]string{"get": "/v1/agents/runs/" + run.id, "list": "/v1/agents/runs", "messages": "/v1/agents/runs/" + run.id + "/messages"} {
			w := ask(http.MethodGet, path, "")
			if w.Code != http.StatusOK {
				t.Errorf("%s: got %d", endpoint, w.Code)
			}
			if _, told := run.told[endpoint]; !told && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: got %q, want JSON", endpoint, w.Body)
			}
		}
	})
}
