package browserbase_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/google/go-cmp/cmp"
)

func page(next string, ids ...string) string {
	var runs []string
	for _, id := range ids {
		runs = append(runs, fmt.Sprintf(`{"runId":%q,"status":"RUNNING"}`, id))
	}
	if next != "null" {
		next = `"` + next + `"`
	}
	return fmt.Sprintf(`{"data":[%s],"limit":20,"nextCursor":%s}`, strings.Join(runs, ","), next)
}

func TestListSendsEveryFilter(t *testing.T) {
	var query string
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		answer(200, page("c2", "a", "b"))(w, r)
	})
	zone := time.FixedZone("", 2*3600)
	for _, c := range []struct {
		filter browserbase.RunFilter
		want   string
	}{
		{browserbase.RunFilter{}, ""},
		{browserbase.RunFilter{Status: "TIMED_OUT", AgentID: "a&b", Limit: 1000, Cursor: "c=/+"},
			"agentId=a%26b&cursor=c%3D%2F%2B&limit=1000&status=TIMED_OUT"},
		{browserbase.RunFilter{StartAt: time.Date(2026, 1, 19, 2, 0, 0, 0, zone), EndAt: time.Date(2026, 1, 20, 2, 0, 0, 0, zone)},
			"endAt=2026-01-20T00%3A00%3A00Z&startAt=2026-01-19T00%3A00%3A00Z"},
		{browserbase.RunFilter{StartAt: time.Date(2026, 1, 19, 0, 0, 0, 1_999_999, time.UTC), EndAt: time.Date(2026, 1, 20, 0, 0, 0, 1_000_001, time.UTC)},
			"endAt=2026-01-20T00%3A00%3A00.002Z&startAt=2026-01-19T00%3A00%3A00.001Z"},
	} {
		got, err := cl.Runs.List(t.Context(), c.filter)
		if err != nil || len(got.Runs) != 2 || got.NextCursor != "c2" {
			t.Errorf("got %+v, %v", got, err)
		}
		if query != c.want {
			t.Errorf("got %s, want %s", query, c.want)
		}
	}
	for _, limit := range []int{-1, 1001} {
		if _, err := cl.Runs.List(t.Context(), browserbase.RunFilter{Limit: limit}); err == nil {
			t.Errorf("limit %d: got no error", limit)
		}
	}
}

// all collects a listing.
func all(t *testing.T, cl *browserbase.Client) (ids []string, err error) {
	t.Helper()
	for run, e := range cl.Runs.All(t.Context(), browserbase.RunFilter{}) {
		if e != nil {
			if err != nil {
				t.Errorf("a second error: %v", e)
			}
			err = e
			continue
		}
		ids = append(ids, run.RunID)
	}
	return ids, err
}

func TestAllPages(t *testing.T) {
	pages := func(byCursor map[string]string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, ok := byCursor[r.URL.Query().Get("cursor")]
			if !ok {
				answer(500, `{"message":"no such page"}`)(w, r)
				return
			}
			answer(200, body)(w, r)
		}
	}
	calls := 0
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want string
		err  error
	}{
		{"in order", pages(map[string]string{"": page("2", "a", "b"), "2": page("3", "c"), "3": page("null", "d")}), "a b c d", nil},
		{"overlapping", pages(map[string]string{"": page("2", "a", "b"), "2": page("null", "b", "c")}), "a b c", nil},
		{"nothing", pages(map[string]string{"": page("null")}), "", nil},
		{"an empty cursor", pages(map[string]string{"": page("", "a")}), "a", nil},
		{"an empty page between", pages(map[string]string{"": page("2"), "2": page("null", "a")}), "a", nil},
		{"a repeated cursor", pages(map[string]string{"": page("2", "a"), "2": page("2", "b")}), "a b", browserbase.ErrPaging},
		{"a circle", pages(map[string]string{"": page("2", "a"), "2": page("3", "b"), "3": page("2", "c")}), "a b c", browserbase.ErrPaging},
		{"a new cursor each time", func(w http.ResponseWriter, r *http.Request) {
			calls++
			answer(200, page(fmt.Sprint(calls), "a"))(w, r)
		}, "a", browserbase.ErrPaging},
		{"an error in the middle", pages(map[string]string{"": page("2", "a")}), "a", &api.Error{}},
		{"no run", pages(map[string]string{"": `{"data":[{},{"runId":"a","status":"X"}],"limit":2,"nextCursor":"2"}`, "2": page("null", "b")}), "a b", &api.FieldError{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := 0
			got, err := all(t, client(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				c.h(w, r)
			}))
			if c.name != "a new cursor each time" && requests > 3 {
				t.Errorf("got %d requests for at most 3 pages", requests)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			switch want := c.err.(type) {
			case *api.Error:
				if !errors.As(err, &want) {
					t.Errorf("got %v, want an *api.Error", err)
				}
			case *api.FieldError:
				if !errors.As(err, &want) {
					t.Errorf("got %v, want a *api.FieldError", err)
				}
			default:
				if !errors.Is(err, c.err) {
					t.Errorf("got %v, want %v", err, c.err)
				}
			}
		})
	}
	if calls < 50 || calls > 200 {
		t.Errorf("endless pages: %d requests", calls)
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	calls := 0
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		answer(200, page(fmt.Sprint(calls), fmt.Sprint("a", calls), fmt.Sprint("b", calls)))(w, r)
	})
	for _, err := range cl.Runs.All(t.Context(), browserbase.RunFilter{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if calls != 1 {
		t.Errorf("got %d requests, want 1", calls)
	}
}

func TestMessages(t *testing.T) {
	var query string
	cl := client(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		if r.URL.Path != "/v1/agents/runs/r1/messages" {
			t.Errorf("got %s", r.URL.Path)
		}
		answer(200, `{"data":[{"id":"m1","createdAt":"2026-01-19T08:30:00Z","message":{"role":"tool","content":[{"data":"AAAA"}]},"x":1}],"nextSince":"m1"}`)(w, r)
	})
	for _, c := range []struct {
		filter browserbase.MessageFilter
		want   string
	}{
		{browserbase.MessageFilter{}, ""},
		{browserbase.MessageFilter{Since: "m0", Limit: 100}, "limit=100&since=m0"},
		{browserbase.MessageFilter{All: true}, "all=true"},
	} {
		got, err := cl.Runs.Messages(t.Context(), "r1", c.filter)
		want := browserbase.MessagePage{NextSince: "m1", Data: []browserbase.Message{{
			ID: "m1", CreatedAt: time.Date(2026, 1, 19, 8, 30, 0, 0, time.UTC), Message: []byte(`{"role":"tool","content":[{"data":"AAAA"}]}`)}}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error("-want +got", diff, err)
		}
		if query != c.want {
			t.Errorf("got %s, want %s", query, c.want)
		}
	}
	if _, err := cl.Runs.Messages(t.Context(), "r1", browserbase.MessageFilter{Limit: 101}); err == nil {
		t.Error("limit 101: got no error")
	}
	large := `{"data":[{"id":"m1","message":"` + strings.Repeat("x", 600) + `"},{"id":"m2","message":"` + strings.Repeat("x", 600) + `"}],"nextSince":"m2"}`
	_, err := clientWith(t, browserbase.Config{MaxPageBytes: 1000}, answer(200, large)).Runs.Messages(t.Context(), "r1", browserbase.MessageFilter{})
	if !errors.Is(err, api.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func TestAllMessages(t *testing.T) {
	message := func(id string) string { return fmt.Sprintf(`{"id":%q,"message":{}}`, id) }
	for name, bySince := range map[string]map[string]string{
		"until an empty page":   {"": message("a") + "," + message("b"), "b": message("c"), "c": ""},
		"overlapping":           {"": message("a") + "," + message("b"), "b": message("b") + "," + message("c"), "c": message("c")},
		"the cursor stays back": {"": message("a") + "," + message("b"), "b": message("c") + "," + message("b")},
	} {
		calls := 0
		cl := client(t, func(w http.ResponseWriter, r *http.Request) {
			calls++
			data := bySince[r.URL.Query().Get("since")]
			next := "null"
			if i := strings.LastIndex(data, `"id":`); i >= 0 {
				next = data[i+5 : i+8]
			}
			answer(200, `{"data":[`+data+`],"nextSince":`+next+`}`)(w, r)
		})
		var got []string
		for m, err := range cl.Runs.AllMessages(t.Context(), "r1", browserbase.MessageFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, m.ID)
		}
		if strings.Join(got, "") != "abc" || calls > 3 {
			t.Errorf("%s: got %q in %d requests", name, got, calls)
		}
	}
}
