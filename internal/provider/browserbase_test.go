package provider_test

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

	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/provider"
	"github.com/bbbatch/bbbatch/internal/provider/providertest"
	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, c browserbase.Config) batch.Provider {
	t.Helper()
	c.APIKey = "bb_live_0123456789"
	client, err := browserbase.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return provider.Browserbase(client)
}

func TestBrowserbaseConforms(t *testing.T) {
	providertest.Test(t, providertest.Protocol{
		Open: func(t *testing.T, base string) batch.Provider {
			return open(t, browserbase.Config{BaseURL: base, Timeout: 10 * time.Second})
		},
		Run: func(id, status, more string) string {
			return fmt.Sprintf(`{"runId":%q,"task":"t","status":%q,"createdAt":"2026-01-19T08:30:00Z","updatedAt":"2026-01-19T08:30:00Z"%s}`, id, status, more)
		},
		Page: func(next string, runs ...string) string {
			cursor := "null"
			if next != "" {
				cursor = `"` + next + `"`
			}
			return `{"data":[` + strings.Join(runs, ",") + `],"limit":1000,"nextCursor":` + cursor + `}`
		},
		Cursor: func(r *http.Request) string { return r.URL.Query().Get("cursor") },
		Agent: func(schema string) string {
			if schema != "" {
				schema = `,"resultSchema":` + schema
			}
			return `{"agentId":"a1","name":"n"` + schema + `}`
		},
		Created: http.StatusCreated,
		Stopped: http.StatusAccepted,
	})
}

// serve answers every request with status and body, and keeps the last.
func serve(t *testing.T, status int, body string) (base string, last *http.Request, sent *string) {
	t.Helper()
	last, sent = new(http.Request), new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		*last, *sent = *r, string(text)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL, last, sent
}

func TestStartSendsTheSpec(t *testing.T) {
	base, _, sent := serve(t, 201, `{"runId":"r1","status":"PENDING"}`)
	_, err := open(t, browserbase.Config{BaseURL: base}).Start(t.Context(), batch.Spec{
		Task:            "log in as %user%",
		AgentID:         "a1",
		ResultSchema:    json.RawMessage(`{"b":1.50,"a":true}`),
		BrowserSettings: json.RawMessage(`{"proxies":[{"type":"none","domainPattern":"x"}],"verified":true}`),
		Variables: []batch.Variable{
			{Name: "user", Value: "ann", Masked: "ann", Description: "who"},
			{Name: "word", Value: "hunter2", Masked: "${{ secrets.WORD }}"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"agentId":"a1","task":"log in as %user%","resultSchema":{"b":1.50,"a":true},` +
		`"browserSettings":{"proxies":[{"type":"none","domainPattern":"x"}],"verified":true},` +
		`"variables":{"user":{"value":"ann","description":"who"},"word":{"value":"hunter2"}}}`
	if diff := cmp.Diff(want, *sent); diff != "" {
		t.Error("-want +got", diff)
	}

	if _, err := open(t, browserbase.Config{BaseURL: base}).Start(t.Context(), batch.Spec{Task: "t"}); err != nil || *sent != `{"task":"t"}` {
		t.Errorf("got %s, %v", *sent, err)
	}
}

func TestStartRejectsWhatCannotBeSent(t *testing.T) {
	base, _, sent := serve(t, 201, `{"runId":"r1","status":"PENDING"}`)
	_, err := open(t, browserbase.Config{BaseURL: base}).Start(t.Context(), batch.Spec{})
	var rejected *batch.RejectedError
	if !errors.As(err, &rejected) || !strings.Contains(rejected.Message, "not sent") || *sent != "" {
		t.Errorf("got %v, sent %q", err, *sent)
	}
}

func TestEveryMemberOfARunArrives(t *testing.T) {
	base, _, _ := serve(t, 200, `{"runId":"r1","task":"t","status":"FAILED","agentId":"a","sessionId":"s","resultSchema":{"x":1},"result":[1],
		"cause":{"code":"RUNNER_HEARTBEAT_LOST","message":"m"},"createdAt":"2026-01-19T08:00:00Z","startedAt":"2026-01-19T08:00:01Z","endedAt":"2026-01-19T08:00:02Z"}`)
	got, err := open(t, browserbase.Config{BaseURL: base}).Get(t.Context(), "r1")
	at := time.Date(2026, 1, 19, 8, 0, 0, 0, time.UTC)
	want := batch.Observed{
		ID: "r1", Task: "t", Status: batch.StatusFailed, AgentID: "a", SessionID: "s", Schema: json.RawMessage(`{"x":1}`),
		Result: batch.Result{Raw: json.RawMessage(`[1]`), Size: 3}, Cause: &batch.Cause{Code: "RUNNER_HEARTBEAT_LOST", Message: "m"},
		CreatedAt: at, StartedAt: at.Add(time.Second), EndedAt: at.Add(2 * time.Second),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error("-want +got", diff, err)
	}
}

func TestLargeResults(t *testing.T) {
	run := `{"runId":"r1","status":"COMPLETED","result":"` + strings.Repeat("x", 5000) + `"}`
	dir := t.TempDir()
	base, _, _ := serve(t, 200, run)
	got, err := open(t, browserbase.Config{BaseURL: base, MaxResultBytes: 1000, SpillDir: dir}).Get(t.Context(), "r1")
	if err != nil || got.Result.Raw != nil || got.Result.Size != 5002 {
		t.Fatalf("got %+v, %v", got.Result, err)
	}
	if text, err := os.ReadFile(got.Result.File); err != nil || len(text) != 5002 {
		t.Errorf("the file has %d bytes, %v", len(text), err)
	}
	_ = os.Remove(got.Result.File)

	// A large result of a run that goes on is not kept: each look would leave
	// a file.
	base, _, _ = serve(t, 200, strings.Replace(run, "COMPLETED", "RUNNING", 1))
	got, err = open(t, browserbase.Config{BaseURL: base, MaxResultBytes: 1000, SpillDir: dir}).Get(t.Context(), "r1")
	if err != nil || got.Result.Present() {
		t.Errorf("got %+v, %v", got.Result, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Error("the look left a file")
	}

	// In a listing the run is as one without a result, which Get then reads.
	base, last, _ := serve(t, 200, `{"data":[`+run+`],"limit":1000,"nextCursor":null}`)
	since := time.Date(2026, 1, 19, 8, 0, 0, 0, time.UTC)
	for o, err := range open(t, browserbase.Config{BaseURL: base, MaxResultBytes: 1000, SpillDir: dir}).List(t.Context(), since) {
		if err != nil || o.ID != "r1" || o.Result.Present() {
			t.Errorf("got %+v, %v", o, err)
		}
	}
	if got, want := last.URL.RawQuery, "limit=1000&startAt=2026-01-19T08%3A00%3A00Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Error("the listing left a file")
	}
}

func TestSecretsAmongOthersAreHidden(t *testing.T) {
	for _, c := range []struct{ value, masked string }{
		{"hunter2", "${{ secrets.P }}"},
		{"Bearer hunter2", "Bearer ${{ secrets.P }}"},
		{"user=joe&pw=hunter2", "user=${{ secrets.U }}&pw=${{ secrets.P }}"},
		{"a hunter2 b joe c", "a ${{ secrets.P }} b ${{ secrets.U }} c"},
	} {
		base, _, _ := serve(t, 403, `{"message":"the word hunter2 is not allowed"}`)
		_, err := open(t, browserbase.Config{BaseURL: base}).Start(t.Context(), batch.Spec{
			Task: "t", Variables: []batch.Variable{{Name: "v", Value: c.value, Masked: c.masked}},
		})
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("%s: got %v", c.masked, err)
		}
	}
}

func TestAnAgentThatIsFoundFaultWithIsRejected(t *testing.T) {
	for _, status := range []int{400, 422} {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"message":"agentId must be a UUID"}`)
		}))
		t.Cleanup(h.Close)
		_, err := open(t, browserbase.Config{BaseURL: h.URL}).AgentSchema(t.Context(), "shopper")
		var rejected *batch.RejectedError
		if !errors.As(err, &rejected) || rejected.Message != "agentId must be a UUID" {
			t.Errorf("%d: got %v, want a RejectedError with the service's words", status, err)
		}
	}
}

// A result that is not this run's must not become this task's, however well it
// fits.
func TestAnAnswerAboutAnotherRunIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	base, _, _ := serve(t, 200, `{"runId":"r2","status":"COMPLETED","result":"`+strings.Repeat("x", 5000)+`"}`)
	o, err := open(t, browserbase.Config{BaseURL: base, MaxResultBytes: 1000, SpillDir: dir}).Get(t.Context(), "r1")
	var unreadable *batch.UnreadableError
	if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), `"r2"`) || o.ID != "" {
		t.Errorf("got %+v, %v, want an UnreadableError that names the other run", o, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Error("the other run's result was left behind")
	}
}

// What was answered and can't be read is told apart from no answer.
func TestUnreadableAnswers(t *testing.T) {
	for status, want := range map[int]bool{200: true, 500: false, 404: false, 302: false} {
		base, _, _ := serve(t, status, `<html>`)
		_, err := open(t, browserbase.Config{BaseURL: base}).Get(t.Context(), "r1")
		var unreadable *batch.UnreadableError
		if err == nil || errors.As(err, &unreadable) != want {
			t.Errorf("%d: got %v, want an UnreadableError %v", status, err, want)
		}
	}
}
