package providertest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

func (p Protocol) testGet(t *testing.T) {
	doc := p.Run("r1", "COMPLETED", `,"result":{"price": 12.50, "big": 1e10000000},"news":[{"a":1}]`)
	o, err := p.serve(t, answer(200, doc)).Get(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"price": 12.50, "big": 1e10000000}`
	if o.ID != "r1" || o.Status != batch.StatusCompleted || string(o.Result.Raw) != want || o.Result.Size != int64(len(want)) || !o.Result.Present() {
		t.Errorf("got %+v with result %s", o, o.Result.Raw)
	}
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	o, err = p.serve(t, answer(200, p.Run("r1", "COMPLETED", `,"result":`+deep))).Get(t.Context(), "r1")
	if err != nil || string(o.Result.Raw) != deep {
		t.Errorf("10,000 levels: got %d bytes, %v", len(o.Result.Raw), err)
	}
	for name, doc := range map[string]string{
		"cut":        p.Run("r1", "COMPLETED", `,"result":{}`)[:30],
		"no run":     `{}`,
		"not JSON":   `<html>`,
		"two of one": doc + doc,
	} {
		if o, err := p.serve(t, answer(200, doc)).Get(t.Context(), "r1"); err == nil {
			t.Errorf("%s: got %+v", name, o)
		}
	}
	if _, err := p.serve(t, answer(200, doc)).Get(t.Context(), ""); err == nil {
		t.Error("no id: got no error")
	}
}

// reads are the methods besides Start, as functions that give their error.
func reads() map[string]func(*testing.T, batch.Provider) error {
	return map[string]func(*testing.T, batch.Provider) error{
		"Get":         func(t *testing.T, p batch.Provider) error { _, err := p.Get(t.Context(), "r1"); return err },
		"AgentSchema": func(t *testing.T, p batch.Provider) error { _, err := p.AgentSchema(t.Context(), "a1"); return err },
		"Check":       func(t *testing.T, p batch.Provider) error { _, err := p.Check(t.Context()); return err },
		"Stop":        func(t *testing.T, p batch.Provider) error { return p.Stop(t.Context(), "r1") },
		"List": func(t *testing.T, p batch.Provider) (last error) {
			for _, err := range p.List(t.Context(), time.Now()) {
				last = err
			}
			return last
		},
	}
}

func (p Protocol) testReadStatuses(t *testing.T) {
	for name, read := range reads() {
		for s := 300; s <= 599; s++ {
			if name == "Stop" && s == http.StatusConflict {
				continue // has a meaning of its own
			}
			var status atomic.Int64
			status.Store(int64(s))
			err := read(t, p.shared(t, &status))
			want := "unknown"
			switch s {
			case 401, 402, 403:
				want = fmt.Sprint("refused ", s)
			case 429:
				want = "throttled"
			case http.StatusRequestTimeout:
			default:
				if name == "Check" && s < 500 { // something else than the service answers
					want = fmt.Sprint("rejected ", s)
				}
				if name == "AgentSchema" && (s == 400 || s == 422) { // the id is no id
					want = fmt.Sprint("rejected ", s)
				}
			}
			if got := fate(err); got != want {
				t.Errorf("%s %d: got %s (%v), want %s", name, s, got, err, want)
			}
			// A path that is missing is not a run that is missing.
			notFound := s == 404 && (name == "Get" || name == "AgentSchema" || name == "Stop")
			if errors.Is(err, batch.ErrNotFound) != notFound {
				t.Errorf("%s %d: got %v, want ErrNotFound %v", name, s, err, notFound)
			}
		}
	}
}

// shared opens a provider on a server that answers with status.
func (p Protocol) shared(t *testing.T, status *atomic.Int64) batch.Provider {
	return p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		answer(int(status.Load()), `{"message":"m"}`)(w, r)
	})
}

func (p Protocol) testStop(t *testing.T) {
	var stops atomic.Int64
	err := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		stops.Add(1)
		answer(p.Stopped, p.Run("r1", "RUNNING", ""))(w, r)
	}).Stop(t.Context(), "r1")
	if err != nil || stops.Load() != 1 {
		t.Errorf("got %v after %d requests", err, stops.Load())
	}
	if err := p.serve(t, answer(http.StatusConflict, `{}`)).Stop(t.Context(), "r1"); !errors.Is(err, batch.ErrAlreadyEnded) {
		t.Errorf("409: got %v, want ErrAlreadyEnded", err)
	}
	stops.Store(0)
	err = p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		stops.Add(1)
		cut("")(w, r)
	}).Stop(t.Context(), "r1")
	if err == nil || errors.Is(err, batch.ErrAlreadyEnded) || stops.Load() != 1 {
		t.Errorf("a lost answer: got %v after %d requests", err, stops.Load())
	}
	if fate(err) == "not created" {
		t.Errorf("a lost answer: got %v, which says that the stop was not sent", err)
	}
	if err := p.Open(t, "http://nobody.invalid").Stop(t.Context(), "r1"); fate(err) != "not created" {
		t.Errorf("not sent: got %v, want a NotCreatedError", err)
	}
}

func (p Protocol) testList(t *testing.T) {
	run := func(id string) string { return p.Run(id, "RUNNING", "") }
	hostile := p.Run("hostile", "COMPLETED", `,"result":`+strings.Repeat(`{"a":[`, 5000)+strings.Repeat(`]}`, 5000))
	for _, c := range []struct {
		name  string
		pages map[string]string
		want  string
		whole bool
	}{
		{"overlapping pages", map[string]string{"": p.Page("2", run("a"), run("b")), "2": p.Page("", run("b"), run("c"))}, "a b c", true},
		{"nothing", map[string]string{"": p.Page("")}, "", true},
		{"a hostile run", map[string]string{"": p.Page("", run("a"), hostile, run("b"))}, "a hostile b", true},
		{"an entry that is no run", map[string]string{"": p.Page("", run("a"), `{}`, run("b"))}, "a b", false},
		{"a cursor that repeats", map[string]string{"": p.Page("2", run("a")), "2": p.Page("2", run("b"))}, "a b", false},
		{"a page that is missing", map[string]string{"": p.Page("2", run("a"))}, "a", false},
		{"a page that is cut", map[string]string{"": p.Page("2", run("a")), "2": p.Page("", run("b"))[:20]}, "a", false},
	} {
		provider := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			if body, ok := c.pages[p.Cursor(r)]; ok {
				answer(200, body)(w, r)
				return
			}
			answer(500, `{}`)(w, r)
		})
		var got []string
		var failed error
		for o, err := range provider.List(t.Context(), time.Now()) {
			if failed != nil {
				t.Errorf("%s: something follows the error: %+v, %v", c.name, o, err)
			}
			if err != nil {
				failed = err
				continue
			}
			got = append(got, o.ID)
		}
		if strings.Join(got, " ") != c.want || (failed == nil) != c.whole {
			t.Errorf("%s: got %q, %v, want %q, whole %v", c.name, got, failed, c.want, c.whole)
		}
	}
}

func (p Protocol) testAgentSchema(t *testing.T) {
	const schema = `{"type": "object", "maximum": 1.50}`
	got, err := p.serve(t, answer(200, p.Agent(schema))).AgentSchema(t.Context(), "a1")
	if err != nil || string(got) != schema {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := p.serve(t, answer(200, p.Agent(""))).AgentSchema(t.Context(), "a1"); err != nil || got != nil {
		t.Errorf("no schema: got %s, %v", got, err)
	}
	if got, err := p.serve(t, answer(200, `{"resul`)).AgentSchema(t.Context(), "a1"); err == nil {
		t.Errorf("cut: got %s", got)
	}
}

func (p Protocol) testCheck(t *testing.T) {
	offset, err := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("got %s, want a harmless request", r.Method)
		}
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		answer(200, p.Page(""))(w, r)
	}).Check(t.Context())
	if diff := (offset - 10*time.Minute).Abs(); err != nil || diff > 2*time.Second {
		t.Errorf("got %v, %v, want 10m", offset, err)
	}
	if _, err := p.serve(t, answer(200, "<html>a login page</html>")).Check(t.Context()); err == nil {
		t.Error("a page in place of the service: got no error")
	}
}
