package browserbase_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
)

// Entries that are no messages spoil none beside them, and are told of.
func TestHostileMessages(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	data := strings.Join([]string{
		`{"id":"a","message":{"role":"x"},"createdAt":1e10000000}`, `null`, `7`, `"text"`, deep, `{"id":7}`, `{"id":{}}`, `{"message":{}}`,
		`{"id":"deep","message":` + deep + `,"more":` + deep + `}`, `{"id":"none"}`, `{"id":"` + strings.Repeat("i", 10_000_000) + `"}`,
		"{\"id\":\"nul\",\"message\":\"\x00\xff\"}", `{"id":"twice","message":1,"id":"b","message":2}`,
	}, ",")
	calls := 0
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		if r.URL.Query().Get("since") == "b" {
			data = ""
		}
		answer(200, `{"data":[`+data+`],"nextSince":"b"}`)(w, r)
	})
	var got []string
	var last error
	for m, err := range cl.Runs.AllMessages(t.Context(), "r1", browserbase.MessageFilter{}) {
		if last = err; err == nil {
			got = append(got, fmt.Sprintf("%.4s %d", m.ID, len(m.Message)))
			if m.Message != nil && m.ID != "deep" && !json.Valid(m.Message) {
				t.Errorf("%.20s: got %q, want JSON", m.ID, m.Message)
			}
		}
	}
	if want := "[a 12 deep 20000 none 0 iiii 0 nul 4 b 1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	var field *api.FieldError
	if !errors.As(last, &field) || !strings.Contains(last.Error(), "data[1]") || calls != 2 {
		t.Errorf("got %v after %d requests, want the first entry that is no message, after 2", last, calls)
	}
}

// Transcripts that do not end are given up; nothing of a page that can't be
// read is passed on.
func TestMessagesThatLeadNowhere(t *testing.T) {
	message := func(i int) string { return fmt.Sprintf(`{"id":"m%d","message":{}}`, i) }
	for name, c := range map[string]struct {
		page  func(n int) string
		want  error // nil for any
		calls int
	}{
		"ever more": {func(n int) string {
			return `{"data":[` + message(n) + `],"nextSince":"` + fmt.Sprint(n) + `"}`
		}, browserbase.ErrPaging, 10_000},
		"a page without data":    {func(int) string { return `{"nextSince":"x"}` }, nil, 1},
		"the same cursor":        {func(int) string { return `{"data":[` + message(1) + `],"nextSince":"s"}` }, nil, 2},
		"too many":               {func(int) string { return `{"data":[` + strings.Repeat("0,", 100_000) + `0],"nextSince":null}` }, api.ErrTooLarge, 1},
		"a cursor of an object":  {func(int) string { return `{"data":[` + message(1) + `],"nextSince":{}}` }, nil, 1},
		"a cursor of a megabyte": {func(int) string { return `{"data":[],"nextSince":"` + strings.Repeat("s", 1<<20) + `"}` }, nil, 1},
		"cut":                    {func(int) string { return `{"data":[` + message(1) + `,` }, nil, 1},
		"HTML":                   {func(int) string { return `<html>` }, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			cl := client(t, func(w http.ResponseWriter, r *http.Request) {
				calls++
				answer(200, c.page(calls))(w, r)
			})
			var last error
			for _, err := range cl.Runs.AllMessages(t.Context(), "r1", browserbase.MessageFilter{}) {
				last = err
			}
			ends := name == "the same cursor" || name == "a page without data"
			if (last == nil) != ends || c.want != nil && !errors.Is(last, c.want) || calls != c.calls {
				t.Errorf("got %v after %d requests, want %v after %d", last, calls, c.want, c.calls)
			}
		})
	}
}
