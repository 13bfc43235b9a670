package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
	"github.com/bbbatch/bbbatch/schema"
)

// leftovers counts the rows of every table that Begin fills.
func leftovers(t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.read(func(c *connection) error {
		_, err := c.one(`SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM tasks) + (SELECT count(*) FROM progress)
			+ (SELECT count(*) FROM schemas) + (SELECT count(*) FROM agents) + (SELECT count(*) FROM events)`, nil, &n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func compile(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, err := schema.Compile([]byte(text), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInfo(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	got, err := b.Info()
	if err != nil {
		t.Fatal(err)
	}
	want := batch.Info{
		ID: b.ID(), Name: "main", Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: ledgertest.Start(),
		Total: 3, ManifestPath: "tasks.yaml", Manifest: []byte("version: 1\n"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(b.ID()) != 8 || strings.Trim(b.ID(), "0123456789abcdef") != "" {
		t.Errorf("got id %q, want 8 hexadecimal digits", b.ID())
	}
	halt := func(message string) {
		mustAppend(t, b, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: message})
	}
	halt("the key was refused")
	halt("and again")
	if got, err := b.Info(); err != nil || got.Halted != "the key was refused" {
		t.Errorf("halted: got %q, %v, want the first reason", got.Halted, err)
	}
	mustAppend(t, b, batch.Event{Kind: batch.BatchContinued, Position: -1})
	closing := ledgertest.Start().Add(time.Hour)
	mustAppend(t, b, batch.Event{Kind: batch.BatchClosed, Position: -1, At: closing})
	if got, err := b.Info(); err != nil || got.Halted != "" || !got.ClosedAt.Equal(closing) {
		t.Errorf("got halted %q, closed at %v, %v", got.Halted, got.ClosedAt, err)
	}
}

func TestBeginLeavesNothingAfterAnError(t *testing.T) {
	bad := errors.New("line 2501: no")
	for name, tasks := range map[string]func(func(batch.Task, error) bool){
		"of the sequence": func(yield func(batch.Task, error) bool) {
			for _, task := range ledgertest.Tasks(2500) {
				task.Spec.AgentID, task.Schema = "agent", nil
				if !yield(task, nil) {
					return
				}
			}
			yield(batch.Task{}, bad)
		},
		"of an id that comes twice": func(yield func(batch.Task, error) bool) {
			for _, task := range ledgertest.Tasks(1500) {
				if task.Position == 1400 {
					task.ID = "task-7"
				}
				if !yield(task, nil) {
					return
				}
			}
		},
		"of a gap": func(yield func(batch.Task, error) bool) {
			task := ledgertest.Tasks(1)[0]
			task.Position = 1
			yield(task, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			_, err := s.Begin(batch.Info{Name: "main"}, tasks)
			if err == nil || name == "of the sequence" && !errors.Is(err, bad) ||
				strings.Contains(name, "twice") && !strings.Contains(err.Error(), `"task-7"`) {
				t.Errorf("got %v", err)
			}
			if n := leftovers(t, s); n != 0 {
				t.Errorf("got %d rows, want none", n)
			}
			begin(t, s, "main", ledgertest.Tasks(1)...) // the store goes on
		})
	}
}

// A crash while tasks are added leaves a batch that nobody sees; the next Begin
// of its name removes it, and leaves alone what other names and live calls
// are filling.
func TestBeginSweepsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	crashed := openStore(t, dir)
	for _, name := range []string{"main", "other"} {
		b, err := crashed.announce(batch.Info{Name: name, OpenedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.addAll(sequence(ledgertest.Tasks(2100))); err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t, dir)
	if _, ok, err := s.Unfinished("main", "", "", ""); ok || err != nil {
		t.Errorf("unfinished: got %v, %v, want none", ok, err)
	}
	if _, ok, err := s.Latest("main"); ok || err != nil {
		t.Errorf("latest: got %v, %v, want none", ok, err)
	}
	before := leftovers(t, s)
	begin(t, s, "third")
	if got, want := leftovers(t, s), before+2; got != want { // its own row and event
		t.Errorf("got %d rows, want %d: what others fill stays", got, want)
	}
	begin(t, s, "main")
	if got, want := leftovers(t, s), before/2+4; got != want {
		t.Errorf("got %d rows, want %d: the crashed batch is gone", got, want)
	}
	begin(t, crashed, "other") // in the process that is still filling one
	if got, want := leftovers(t, s), before/2+6; got != want {
		t.Errorf("got %d rows, want %d: a batch in the making stays", got, want)
	}
}

// A batch that is completed between the moment when it was found half filled
// and its removal is not touched.
func TestACompletedBatchIsNotRemoved(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	mustAppend(t, b, wholeWay(1, []byte("1"))...)
	before := leftovers(t, s)
	if err := s.remove(t.Context(), b.key); err != nil {
		t.Fatal(err)
	}
	if after := leftovers(t, s); after != before {
		t.Errorf("got %d rows, want %d", after, before)
	}
}

func TestFind(t *testing.T) {
	s := openStore(t, t.TempDir())
	first, second := begin(t, s, "main"), begin(t, s, "main")
	begin(t, s, "other")
	found := func(want *Batch, got *Batch, ok bool, err error) {
		t.Helper()
		if err != nil || ok != (want != nil) || ok && got.ID() != want.ID() {
			t.Errorf("got %v, %v, %v, want %v", got, ok, err, want)
		}
	}
	unfinished := func(want *Batch, name, provider, url string) {
		t.Helper()
		b, ok, err := s.Unfinished(name, provider, url, "")
		found(want, b, ok, err)
	}
	unfinished(second, "main", "local", "http://127.0.0.1:1")
	unfinished(nil, "main", "browserbase", "http://127.0.0.1:1")
	unfinished(nil, "main", "local", "http://127.0.0.1:2")
	unfinished(nil, "Main", "local", "http://127.0.0.1:1")
	if _, ok, err := s.Unfinished("main", "local", "http://127.0.0.1:1", "tag nightly"); ok || err != nil {
		t.Errorf("a selection of its own: got %v, %v, want none", ok, err)
	}
	part, err := s.Begin(batch.Info{Name: "main", Provider: "local", BaseURL: "http://127.0.0.1:1", Selection: "tag nightly"}, sequence(nil))
	if err != nil {
		t.Fatal(err)
	}
	unfinished(second, "main", "local", "http://127.0.0.1:1")
	b, ok, err := s.Unfinished("main", "local", "http://127.0.0.1:1", "tag nightly")
	found(part, b, ok, err)
	others := func(selection, url string, most int, want ...*Batch) {
		t.Helper()
		got, err := s.OtherUnfinished("main", "local", url, selection, most)
		if err != nil || !slices.EqualFunc(got, want, func(a, b *Batch) bool { return a.ID() == b.ID() }) {
			t.Errorf("others than %q: got %v, %v, want %v", selection, got, err, want)
		}
	}
	others("", "http://127.0.0.1:1", 9, part)
	others("tag nightly", "http://127.0.0.1:1", 9, second, first)
	others("tag nightly", "http://127.0.0.1:1", 1, second)
	others("", "http://127.0.0.1:2", 9)
	mustAppend(t, part, batch.Event{Kind: batch.BatchClosed, Position: -1})
	mustAppend(t, second, batch.Event{Kind: batch.BatchClosed, Position: -1})
	unfinished(first, "main", "local", "http://127.0.0.1:1")
	b, ok, err = s.Latest("main")
	found(part, b, ok, err)

	for _, id := range []string{first.ID(), first.ID()[:7], strings.ToUpper(first.ID())} {
		b, err := s.Batch(id)
		found(first, b, err == nil, err)
	}
	for _, id := range []string{"", "%", "xyz", first.ID() + "0"} {
		if _, err := s.Batch(id); !errors.Is(err, ErrNoBatch) {
			t.Errorf("%q: got %v, want %v", id, err, ErrNoBatch)
		}
	}
	for range 16 { // by then two of them begin alike
		begin(t, s, "main")
	}
	ambiguous := 0
	for i := range 16 {
		if e, ok := errors.AsType[*AmbiguousError](func() error { _, err := s.Batch(fmt.Sprintf("%x", i)); return err }()); ok {
			ambiguous++
			if len(e.IDs) < 2 {
				t.Errorf("got %v, want the ids that it may be", e)
			}
		}
	}
	if ambiguous == 0 {
		t.Error("got no ambiguous prefix among 19 ids")
	}
}

func TestSchemasInTheOrderOfTheirTasks(t *testing.T) {
	a := compile(t, `{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}}}`)
	b := compile(t, `{"type":"object","properties":{"c":{"type":"number"}}}`)
	tasks := ledgertest.Tasks(5)
	tasks[1].Schema, tasks[2].Schema, tasks[4].Schema = b, a, b
	tasks[0].Spec.AgentID = "has one"
	tasks[3].Spec.AgentID = "has none"
	tasks[4].Spec.AgentID = "not asked"
	s := openStore(t, t.TempDir())
	l := begin(t, s, "main", tasks...)
	check := func(want ...string) {
		t.Helper()
		texts, err := l.Schemas()
		got := []string{}
		for _, text := range texts {
			got = append(got, string(text))
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	check(string(b.Text()), string(a.Text()))
	const of = `{"properties":{"z":true}}`
	for agent, text := range map[string][]byte{"has one": []byte(of), "has none": nil, "not asked": []byte(`{}`)} {
		mustAppend(t, l, batch.Event{Kind: batch.AgentRead, Position: -1, Agent: agent, Schema: text})
	}
	check(of, string(b.Text()), string(a.Text()))

	for i, task := range tasks {
		row, err := l.Task(i)
		if err != nil {
			t.Fatal(err)
		}
		digest := ""
		if task.Schema != nil {
			digest = task.Schema.Digest()
		}
		if row.Schema != digest || row.Judge != task.JudgeFingerprint() || row.AgentID != task.Spec.AgentID {
			t.Errorf("task %d: got schema %q, judge %q, agent %q", i, row.Schema, row.Judge, row.AgentID)
		}
	}
	if got, err := l.Schema(a.Digest()); err != nil || string(got) != string(a.Text()) {
		t.Errorf("got %s, %v", got, err)
	}
	if got := batch.SchemaDigest(a.Text()); got != a.Digest() {
		t.Errorf("got digest %s, want %s", got, a.Digest())
	}

	// The same schema in another order is another text, and the same digest.
	reordered := compile(t, `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}`)
	tasks = ledgertest.Tasks(1)
	tasks[0].Schema = reordered
	l = begin(t, s, "main", tasks...)
	check(string(reordered.Text()))
}
