package ledgertest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// content reads a result from wherever it is, and checks its size.
func content(t *testing.T, r batch.Result) []byte {
	t.Helper()
	raw := []byte(r.Raw)
	if r.File != "" {
		if r.Raw != nil || !filepath.IsAbs(r.File) {
			t.Errorf("got %d bytes and file %q, want an absolute file alone", len(r.Raw), r.File)
		}
		var err error
		if raw, err = os.ReadFile(r.File); err != nil {
			t.Fatal(err)
		}
	}
	if r.Size != int64(len(raw)) {
		t.Errorf("got size %d of %d bytes", r.Size, len(raw))
	}
	return raw
}

func results(t *testing.T, open Opener) {
	l := open(t, Tasks(6)...)
	spilled := filepath.Join(t.TempDir(), "spilled")
	deep := bytes.Repeat([]byte("["), 2000)
	if err := os.WriteFile(spilled, deep, 0o644); err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("x"), 1<<20+1)
	for i, c := range []struct {
		name string
		give batch.Result
		want []byte
		file bool
	}{
		{"none", batch.Result{}, nil, false},
		{"one that is not JSON, with a NUL", batch.Result{Raw: []byte("{\x00\xff"), Size: 3}, []byte("{\x00\xff"), false},
		{"the largest of a row", batch.Result{Raw: big[1:], Size: 1 << 20}, big[1:], false},
		{"the smallest of a file", batch.Result{Raw: big, Size: 1<<20 + 1}, big, true},
		{"one that came in a file", batch.Result{File: spilled, Size: 1}, deep, true},
		{"one without its size", batch.Result{Raw: []byte("{}")}, []byte("{}"), false},
	} {
		appendAll(t, l, intended(i, 1), started(i, 1, c.name), ended(i, 1, c.give))
		r, err := l.Result(i, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, r); !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %d bytes, want %d", c.name, len(got), len(c.want))
		}
		if r.Present() != (c.want != nil) || (r.File != "") != c.file {
			t.Errorf("%s: present %v, file %q", c.name, r.Present(), r.File)
		}
	}
	if _, err := os.Stat(spilled); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the spilled file: got %v, want it to have moved", err)
	}
	if r, err := l.Result(0, 2); err != nil || r.Present() {
		t.Errorf("of an attempt that is not there: got %v, %v", r, err)
	}
}

func spilledConflict(t *testing.T, open Opener) {
	l := open(t, Tasks(1)...)
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	for _, path := range []string{first, second} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	appendAll(t, l, intended(0, 1), started(0, 1, "r"), ended(0, 1, batch.Result{File: first}))
	wantConflict(t, l, ended(0, 1, batch.Result{File: second}), ended(0, 1, batch.Result{Raw: make([]byte, 1<<20+1)}))
	r, err := l.Result(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(content(t, r)); got != first {
		t.Errorf("got %q, want the first result untouched", got)
	}
	if got, err := os.ReadFile(second); err != nil || string(got) != second {
		t.Errorf("the refused file: got %q, %v, want it where it was", got, err)
	}
	around, err := os.ReadDir(filepath.Dir(r.File))
	if err != nil || len(around) != 1 {
		t.Errorf("got %v, %v beside the result, want nothing", around, err)
	}
}

func positions(t *testing.T, seq func(func(batch.Row, error) bool)) []int {
	t.Helper()
	got := []int{}
	for r, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Position)
	}
	return got
}

func rows(t *testing.T, open Opener) {
	l := open(t, Tasks(2500)...) // more than a page of any size
	got := positions(t, l.Rows(0))
	if len(got) != 2500 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != 2500 {
		t.Errorf("got %d rows, sorted %v, want 2500", len(got), slices.IsSorted(got))
	}
	if diff := cmp.Diff([]int{2498, 2499}, positions(t, l.Rows(2498))); diff != "" {
		t.Errorf("from 2498 (-want +got):\n%s", diff)
	}
	if got := positions(t, l.Rows(2500)); len(got) != 0 {
		t.Errorf("past the end: got %v", got)
	}
	appendAll(t, l, intended(7, 1), intended(1999, 1), started(1999, 1, "r"), intended(3, 1), of(batch.AttemptUnknown, 3, 1))
	for _, c := range []struct {
		states []batch.State
		want   []int
	}{
		{[]batch.State{batch.StateStarting}, []int{7}},
		{[]batch.State{batch.StateRunning, batch.StateUnsure, batch.StateStarting}, []int{3, 7, 1999}},
		{[]batch.State{batch.StateDone}, []int{}},
		{nil, []int{}},
	} {
		if diff := cmp.Diff(c.want, positions(t, l.Open(c.states...))); diff != "" {
			t.Errorf("open %v (-want +got):\n%s", c.states, diff)
		}
	}
	if got := len(positions(t, l.Open(batch.StatePending))); got != 2497 {
		t.Errorf("got %d pending rows, want 2497", got)
	}
	if _, err := l.Task(2500); err == nil {
		t.Error("got no error for a task that is not there")
	}
}

// rowsWhileWriting is how the dispatcher works: it writes and reads inside the
// loop, and may leave it.
func rowsWhileWriting(t *testing.T, open Opener) {
	l := open(t, Tasks(1200)...)
	n := 0
	for r, err := range l.Open(batch.StatePending) {
		if err != nil {
			t.Fatal(err)
		}
		appendAll(t, l, intended(r.Position, 1))
		if got := row(t, l, r.Position).State; got != batch.StateStarting {
			t.Fatalf("got %s right after the intent", got)
		}
		if n++; n == 1100 {
			break
		}
	}
	if got := len(positions(t, l.Open(batch.StatePending))); got != 100 {
		t.Errorf("got %d pending rows, want 100", got)
	}
}

func agents(t *testing.T, open Opener) {
	l := open(t, Tasks(1)...)
	if _, ok, err := l.Agent("a"); ok || err != nil {
		t.Errorf("before it was read: got %v, %v", ok, err)
	}
	read := func(agent, schema string) batch.Event {
		e := batch.Event{Kind: batch.AgentRead, Position: -1, At: at(1), Agent: agent}
		if schema != "" {
			e.Schema = []byte(schema)
		}
		return e
	}
	const text = `{ "type":"object", "multipleOf": 1.0 }`
	appendAll(t, l, read("a", text), read("b", ""), read("c", "no JSON"))
	for agent, want := range map[string]string{"a": text, "b": "", "c": "no JSON"} {
		got, ok, err := l.Agent(agent)
		if err != nil || !ok || string(got) != want || (want == "") != (got == nil) {
			t.Errorf("agent %s: got %q, %v, %v, want %q", agent, got, ok, err, want)
		}
	}
	if got, err := l.Schema(batch.SchemaDigest([]byte(text))); err != nil || string(got) != text {
		t.Errorf("by its digest: got %q, %v", got, err)
	}
	if _, err := l.Schema("0123"); err == nil {
		t.Error("got no error for a digest that is not there")
	}
}

// absurd feeds the ledger what a hostile service may say.
func absurd(t *testing.T, open Opener) {
	l := open(t, Tasks(1)...)
	far := time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC)
	s := started(0, 1, "run\x00\xff")
	s.Run.CreatedAt, s.Run.Status, s.Run.SessionID = far, "\xff", "\x00"
	e := ended(0, 1, batch.Result{})
	e.Run.EndedAt, e.Run.StartedAt = time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), far
	e.Run.Cause = &batch.Cause{Code: "\xfe", Message: "<\x00\u2028>"}
	e.Run.Schema = []byte("{")
	v := judged(0, 1, batch.Invalid)
	v.Verdict.Message = "\xff"
	appendAll(t, l, intended(0, 1), s, e, v)
	if got := row(t, l, 0); !got.CreatedAt.IsZero() || got.Outcome != batch.Invalid {
		t.Errorf("got %v, %s, want no time and invalid", got.CreatedAt, got.Outcome)
	}
	if owned, err := l.Owns("run\x00\xff"); err != nil || !owned {
		t.Errorf("got %v, %v, want the run to be owned", owned, err)
	}
}
