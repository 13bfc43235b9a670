package browserbase_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
)

// What the service says comes back byte for byte, members that nobody knows
// and odd white space included.
func TestDocumentsAreTheBytesThatCame(t *testing.T) {
	const doc = "{\n  \"runId\": \"a\", \"status\": \"NEW\", \"extra\": [1.10, \"\\u00e9\u202e\"]\n}\n"
	cl := client(t, answer(200, doc))
	got, err := cl.Runs.Document(t.Context(), "a")
	if string(got) != doc || err != nil {
		t.Errorf("Document: got %q, %v, want %q", got, err, doc)
	}
	got, err = cl.Runs.StopDocument(t.Context(), "a")
	if string(got) != doc || err != nil {
		t.Errorf("StopDocument: got %q, %v, want %q", got, err, doc)
	}
	for _, bad := range []string{"", "<html>", "[]", `{"runId":"a"`, `{} {}`, "null"} {
		cl := client(t, answer(200, bad))
		if got, err := cl.Runs.Document(t.Context(), "a"); err == nil || got != nil {
			t.Errorf("answer %q: got %q, %v, want an error", bad, got, err)
		}
		// The stop was accepted all the same.
		if got, err := cl.Runs.StopDocument(t.Context(), "a"); err != nil || got != nil {
			t.Errorf("answer %q to a stop: got %q, %v, want neither", bad, got, err)
		}
	}
	cl = client(t, answer(409, `{"message":"is COMPLETED"}`))
	if _, err := cl.Runs.StopDocument(t.Context(), "a"); !errors.Is(err, browserbase.ErrRunEnded) {
		t.Errorf("409: got %v, want ErrRunEnded", err)
	}
}

func TestDocumentsFollowPages(t *testing.T) {
	bodies := map[string]string{
		"":   `{"data":[{"runId":"a", "n": 1.0},{"runId":"b"}],"nextCursor":"c1"}`,
		"c1": `{"nextCursor":"c2","data":[{"runId":"b"},{"odd":1},{"odd":1},7]}`,
		"c2": `{"data":[{"runId":"c"}],"nextCursor":null}`,
	}
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		answer(200, bodies[r.URL.Query().Get("cursor")])(w, r)
	})
	var got []string
	for doc, err := range cl.Runs.Documents(t.Context(), browserbase.RunFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(doc))
	}
	want := []string{`{"runId":"a", "n": 1.0}`, `{"runId":"b"}`, `{"odd":1}`, `{"odd":1}`, "7", `{"runId":"c"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	for _, bad := range []string{`{"nextCursor":null}`, `{"data":[{"runId":"a"}`, `{"data":[],"nextCursor":7}`, "<html>"} {
		cl := client(t, answer(200, bad))
		failed := false
		for _, err := range cl.Runs.Documents(t.Context(), browserbase.RunFilter{}) {
			failed = failed || err != nil
		}
		if !failed {
			t.Errorf("answer %q: got no error", bad)
		}
	}
	cl = client(t, answer(200, `{"data":[{"odd":1}],"nextCursor":"same"}`))
	var last error
	for _, err := range cl.Runs.Documents(t.Context(), browserbase.RunFilter{}) {
		last = err
	}
	if !errors.Is(last, browserbase.ErrPaging) {
		t.Errorf("a cursor that repeats: got %v, want ErrPaging", last)
	}
}

func TestMessageDocumentsFollowPages(t *testing.T) {
	bodies := map[string]string{
		"":   `{"data":[{"id":"1","message":{"role":"assistant"},"new":true}],"nextSince":"1"}`,
		"1":  `{"data":[{"id":"1"},{"id":"2"}],"nextSince":"2"}`,
		"2":  `{"data":[],"nextSince":"2"}`,
		"no": `{}`,
	}
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		answer(200, bodies[r.URL.Query().Get("since")])(w, r)
	})
	var got []string
	for doc, err := range cl.Runs.MessageDocuments(t.Context(), "a", browserbase.MessageFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(doc))
	}
	if diff := cmp.Diff([]string{`{"id":"1","message":{"role":"assistant"},"new":true}`, `{"id":"2"}`}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	for _, err := range cl.Runs.MessageDocuments(t.Context(), "a", browserbase.MessageFilter{Since: "no"}) {
		if err == nil || !strings.Contains(err.Error(), "without data") {
			t.Errorf("a page without data: got %v", err)
		}
	}
	for _, err := range cl.Runs.MessageDocuments(t.Context(), "..", browserbase.MessageFilter{}) {
		if e := (*api.Error)(nil); err == nil || errors.As(err, &e) {
			t.Errorf("a path for an id: got %v, want an error before anything is sent", err)
		}
	}
}
