package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const plain = `{"task":"x"}`

func TestParseFaultsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"429=5":                "",
		"":                     "",
		" 429=5% , dup-pages ": "",
		"lost-creat=1":         `did you mean "lost-create"?`,
		"nonsense=1":           "must be one of refuse, 429",
		"429":                  "must be a chance",
		"429=":                 "must be a chance",
		"429=-1":               "must be a chance",
		"429=101%":             "must be a chance",
		"429=3..2":             "must be a chance",
		"429=0..2":             "must be a chance",
		"429=NaN%":             "must be a chance",
		"429=1@creates":        `"creates" is not an endpoint`,
		"list-lag=20":          "must be a duration",
		"list-lag=-1s":         "must be a duration",
		"skew=-10m":            "",
		"skew=1m@list":         "applies to no single endpoint",
		"dup-pages=maybe":      "must be true or false",
		"refuse=404:1":         "must be 401, 402 or 403",
		"refuse=401:x":         "must be 401, 402 or 403",
		"refuse=401":           "",
	} {
		_, err := ParseFaults(text)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: got %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestFaultsThatAnswer(t *testing.T) {
	for _, c := range []struct {
		faults   string
		status   int
		accepted int
	}{
		{"429=1", 429, 0},
		{"500=1", 500, 0},
		{"503=1", 503, 0},
		{"bad-status=1", 400, 0},
		{"redirect=1", 307, 0},
		{"html502=1", 502, 0},
		{"500-after=1", 500, 1},
		{"503-after=1", 503, 1},
		{"refuse=402", 402, 0},
		{"truncate=1", 201, 1},
	} {
		t.Run(c.faults, func(t *testing.T) {
			s := faulty(t, `[{}]`, c.faults)
			res, text, err := s.send("POST", "/v1/agents/runs", plain)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(c.faults, "=")
			st := s.Stats()
			if res.StatusCode != c.status || st.Creates != c.accepted || st.Faults[name] != 1 {
				t.Errorf("got %d, %d creates, faults %v; want %d, %d", res.StatusCode, st.Creates, st.Faults, c.status, c.accepted)
			}
			if valid := json.Valid(text); valid != (c.status != 502 && c.status != 307 && name != "truncate") {
				t.Errorf("got body %q", text)
			}
			if name != "refuse" {
				s.create(plain) // the second request is not struck
			}
		})
	}
}

func TestFaultsThatBreakOff(t *testing.T) {
	for faults, accepted := range map[string]int{"reset=1": 0, "lost-create=1": 1, "reset-after=1": 1} {
		t.Run(faults, func(t *testing.T) {
			s := faulty(t, `[{}]`, faults)
			_, _, err := s.send("POST", "/v1/agents/runs", plain)
			if err == nil {
				t.Fatal("got an answer")
			}
			if strings.HasPrefix(faults, "reset") && !errors.Is(err, syscall.ECONNRESET) && !strings.Contains(err.Error(), "forcibly closed") {
				t.Errorf("got %v, want a reset", err)
			}
			if n := s.Stats().Creates; n != accepted {
				t.Errorf("got %d creates, want %d", n, accepted)
			}
			s.create(plain)
		})
	}
}

func TestHang(t *testing.T) {
	for faults, accepted := range map[string]int{"hang=1@create": 0, "hang-after=1": 1} {
		t.Run(faults, func(t *testing.T) {
			s := faulty(t, `[{}]`, faults)
			impatient := &http.Client{Timeout: 100 * time.Millisecond}
			if _, err := impatient.Post(s.url+"/v1/agents/runs", "application/json", strings.NewReader(plain)); err == nil {
				t.Error("got an answer")
			}
			if n := s.Stats().Creates; n != accepted {
				t.Errorf("got %d creates, want %d", n, accepted)
			}
		})
	}
}

// An accepted create whose HTTP/2 stream is reset is not sent again by a
// client that can't repeat its body.
func TestLostCreateOverHTTP2(t *testing.T) {
	f, err := ParseFaults("lost-create=1")
	if err != nil {
		t.Fatal(err)
	}
	agent, _ := Script(strings.NewReader(`[{}]`))
	s, err := New(Config{Agent: agent, Faults: f})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewUnstartedServer(s)
	h.EnableHTTP2 = true
	h.StartTLS()
	defer func() { h.Close(); _ = s.Close() }()
	req, _ := http.NewRequest("POST", h.URL+"/v1/agents/runs", strings.NewReader(plain))
	req.GetBody = nil
	res, err := h.Client().Do(req)
	if err == nil {
		t.Fatalf("got %v over %s", res.Status, res.Proto)
	}
	if !strings.Contains(err.Error(), "stream error") || s.Stats().Creates != 1 {
		t.Errorf("got %v and %d creates, want a stream error and 1", err, s.Stats().Creates)
	}
}

func TestRetryAfter(t *testing.T) {
	s := faulty(t, `[{}]`, "429=1,retry-after=1500ms")
	res, _, err := s.send("GET", "/v1/agents/runs", "")
	if err != nil || res.Header.Get("Retry-After") != "2" {
		t.Errorf("got %v %v", res.Header, err)
	}
	s = faulty(t, `[{}]`, "429=1,retry-after=10s,retry-after-date,skew=-1h")
	res, _, err = s.send("GET", "/v1/agents/runs", "")
	if err != nil {
		t.Fatal(err)
	}
	at, err := http.ParseTime(res.Header.Get("Retry-After"))
	if d := time.Until(at) + time.Hour; err != nil || d < 9*time.Second || d > 12*time.Second {
		t.Errorf("got %v, %v from now: it follows the server's clock", at, d)
	}
	s = faulty(t, `[{}]`, "429=1")
	if res, _, _ = s.send("GET", "/v1/agents/runs", ""); res.Header.Get("Retry-After") != "" {
		t.Error("got a Retry-After that nobody asked for")
	}
}

func TestScopesAndRanges(t *testing.T) {
	s := faulty(t, `[{}]`, "500=2..3@list,truncate=1@get")
	id := s.create(plain)
	var got []int
	for range 4 {
		res, _, _ := s.send("GET", "/v1/agents/runs", "")
		got = append(got, res.StatusCode)
	}
	if !slices.Equal(got, []int{200, 500, 500, 200}) {
		t.Errorf("got %v", got)
	}
	if _, text, _ := s.send("GET", "/v1/agents/runs/"+id, ""); json.Valid(text) {
		t.Errorf("got %s, want it cut", text)
	}
}

func TestChancesFollowTheSeed(t *testing.T) {
	f, err := ParseFaults("429=20%,500=10%")
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed int64) string {
		m := newMisbehaviour(f, seed)
		var b strings.Builder
		for range 1000 {
			fmt.Fprintf(&b, "%s,", m.strike("get"))
		}
		return b.String()
	}
	one, again, other := draw(1), draw(1), draw(2)
	if one != again || one == other {
		t.Error("the same seed must strike the same requests, another one others")
	}
	if n := strings.Count(draw(1), "429"); n < 150 || n > 250 {
		t.Errorf("got %d of 1000, want about 200", n)
	}
	if n := strings.Count(draw(1), "500"); n < 50 || n > 110 {
		t.Errorf("got %d of 1000, want about 80", n)
	}
}

func TestRefuseAfterCreates(t *testing.T) {
	s := faulty(t, `[{}]`, "refuse=401:2")
	s.create(plain)
	id := s.create(plain)
	s.do("POST", "/v1/agents/runs", plain, 401)
	s.do("GET", "/v1/agents/runs/"+id, "", 401)
	s = faulty(t, `[{}]`, "refuse=403:1@create")
	id = s.create(plain)
	s.do("POST", "/v1/agents/runs", plain, 403)
	s.do("GET", "/v1/agents/runs/"+id, "", 200)
}

func TestSkewMovesEveryClock(t *testing.T) {
	s := faulty(t, `[{}]`, "skew=10m")
	res, text, err := s.send("POST", "/v1/agents/runs", plain)
	if err != nil {
		t.Fatal(err)
	}
	var run struct{ CreatedAt time.Time }
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{date, run.CreatedAt} {
		if d := time.Until(at); d < 9*time.Minute || d > 11*time.Minute {
			t.Errorf("got %v, want 10m ahead", d)
		}
	}
}

func TestListLag(t *testing.T) {
	s := faulty(t, `[{}]`, "list-lag=300ms")
	id := s.create(plain)
	if page := s.pages(""); len(page[0]) != 0 {
		t.Errorf("got %v, want nothing yet", page)
	}
	s.do("GET", "/v1/agents/runs/"+id, "", 200)
	time.Sleep(350 * time.Millisecond)
	if page := s.pages(""); len(page[0]) != 1 {
		t.Errorf("got %v, want the run", page)
	}
}

func TestDupPages(t *testing.T) {
	s := faulty(t, `[{}]`, "dup-pages")
	for range 7 {
		s.create(plain)
	}
	pages := s.pages("limit=4")
	if len(pages) != 3 || pages[1][0] != pages[0][2] || pages[1][1] != pages[0][3] {
		t.Errorf("got %v", pages)
	}
	if one := s.pages("limit=1"); len(one) != 7 {
		t.Errorf("got %d pages of one, want 7: it must come to an end", len(one))
	}
}

func TestEndlessPages(t *testing.T) {
	s := faulty(t, `[{}]`, "endless-pages")
	empty := s.do("GET", "/v1/agents/runs", "", 200)
	if empty["nextCursor"] == nil {
		t.Error("an empty list must not end either")
	}
	for range 3 {
		s.create(plain)
	}
	pages := s.pages("limit=2")
	if len(pages) != 50 || pages[49][0] != pages[1][0] {
		t.Errorf("got %d pages, the last %v", len(pages), pages[len(pages)-1])
	}
}

func TestGeneratedAndEchoedResults(t *testing.T) {
	s := start(t, `{"match": "big", "generate": {"bytes": 3000000}}
{"match": "deep", "generate": {"depth": 20000}}
{"match": "echo", "result": {"a": "<{{variables.pw}}>", "n": 1e400, "b": "{{variables.none}}"}}
`, Config{})
	read := func(body string) []byte {
		id := s.create(body)
		for {
			_, text, err := s.send("GET", "/v1/agents/runs/"+id, "")
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte(`"COMPLETED"`)) {
				return text
			}
			time.Sleep(time.Millisecond)
		}
	}
	if text := read(`{"task":"big"}`); len(text) < 3_000_000 || len(text) > 3_001_000 || !json.Valid(text) {
		t.Errorf("got %d bytes", len(text))
	}
	if text := read(`{"task":"deep"}`); nesting(text) != 20_001 {
		t.Errorf("got depth %d", nesting(text))
	}
	text := read(`{"task":"echo","variables":{"pw":{"value":"a\"b"}}}`)
	if want := `{"a": "<a\"b>", "n": 1e400, "b": "{{variables.none}}"}`; !bytes.Contains(text, []byte(want)) {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestScriptRefuses(t *testing.T) {
	for rules, want := range map[string]string{
		`[{}, {"match": "("}]`:                       "rules[1]: match: error parsing regexp",
		`[{"delai": "1s"}]`:                          "rules[0]: delai: unknown field",
		`[{"delay": 1}]`:                             "rules[0]: delay: must be a string",
		`[{"delay": "1"}]`:                           "rules[0]: delay: must be a duration",
		`[{"status": "RUNNING"}]`:                    "rules[0]: status: must be COMPLETED",
		`[{"statuses": ["FAILED"]}]`:                 "rules[0]: statuses",
		`[{"statuses": [1]}]`:                        "rules[0]: statuses",
		`[{"times": 0}]`:                             "rules[0]: times",
		`[{"times": 1.5}]`:                           "rules[0]: times",
		`[{"cause": {"message": "m"}}]`:              "rules[0]: cause.code: is required",
		`[{"messages": ["m"]}]`:                      "rules[0]: messages[0]",
		`[{"generate": {}}]`:                         "rules[0]: generate",
		`[{"generate": {"bytes": 1, "depth": 1}}]`:   "rules[0]: generate",
		`[{"generate": {"bytes": 1}, "result": {}}]`: "rules[0]: generate",
		`[{}] {}`:           "follows the array",
		"{}\n{}\n{\"x\":1}": "rules[2]: x: unknown field",
		`{}` + "\n" + `nul`: "rules[1]:",
		`[1]`:               "rules[0]: rule: must be an object",
	} {
		if _, err := Script(strings.NewReader(rules)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", rules, err, want)
		}
	}
}

func TestRuleAnswersSoManyTimes(t *testing.T) {
	s := start(t, `[{"match": "x", "times": 2, "status": "FAILED", "cause": {"code": "C"}}, {"match": "x"}]`, Config{})
	for _, want := range []string{"FAILED", "FAILED", "COMPLETED"} {
		s.await(s.create(plain), want)
	}
}
