package ledger

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

func wholeOf(t *testing.T, b *Batch) []batch.WholeVerdict {
	t.Helper()
	sum, err := b.Summary()
	if err != nil {
		t.Fatal(err)
	}
	brief, err := b.Brief()
	if err != nil || !cmp.Equal(brief.Whole, sum.Whole) {
		t.Errorf("the brief summary has %+v, %v, the whole one %+v", brief.Whole, err, sum.Whole)
	}
	return sum.Whole
}

// What a batch as a whole came to stands until it is taken up again, and comes
// anew with the next close or by judging again.
func TestTheVerdictsOfABatch(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "a", ledgertest.Tasks(1)...)
	first := []batch.WholeVerdict{
		{Expectation: batch.Expectation{That: `unique("result.sku")`, Because: "<one>"}, Holds: true},
		{Expectation: batch.Expectation{That: "passed > 1"}, Message: "passed > 1 is false: it is 1", Values: json.RawMessage(`{"passed":1.0}`)},
	}
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Passed})
	mustAppend(t, b, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: "enough"})
	if got := wholeOf(t, b); got != nil {
		t.Errorf("before it is closed: got %+v", got)
	}
	mustAppend(t, b, batch.Event{Kind: batch.BatchClosed, Position: -1, Whole: first})
	if diff := cmp.Diff(first, wholeOf(t, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	events := eventsOf(t, b)
	if diff := cmp.Diff(first, events[len(events)-1].Whole); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}

	at := ledgertest.Start().Add(time.Hour)
	var expect *batch.Checks
	again := func(whole []batch.WholeVerdict) int {
		t.Helper()
		if err := b.RejudgeWhole(at, "again", expect, whole); err != nil {
			t.Fatal(err)
		}
		n := len(events)
		events = eventsOf(t, b)
		return len(events) - n
	}
	if n := again(first); n != 0 {
		t.Errorf("the same verdicts: %d events, want none", n)
	}
	spaced := slices.Clone(first)
	spaced[1].Values = json.RawMessage(` { "passed" : 1.0 } `)
	if n := again(spaced); n != 0 {
		t.Errorf("the same verdicts, written otherwise: %d events, want none", n)
	}
	expect = &batch.Checks{Expect: []batch.Expectation{first[0].Expectation, first[1].Expectation}}
	if n := again(first); n != 3 {
		t.Errorf("the same verdicts of expectations that are new: %d events, want continued, halted and closed", n)
	}
	if info, err := b.Info(); err != nil || !cmp.Equal(info.Policy.Expect, expect) {
		t.Errorf("got %+v, %v, want what judged last", info.Policy.Expect, err)
	}
	second := []batch.WholeVerdict{first[0], {Expectation: first[1].Expectation, Holds: true}}
	if n := again(second); n != 3 {
		t.Errorf("other verdicts: %d events, want continued, halted and closed", n)
	}
	info, err := b.Info()
	if diff := cmp.Diff(second, wholeOf(t, b)); diff != "" || err != nil || info.Halted != "enough" || !info.ClosedAt.Equal(at) {
		t.Errorf("closed at %v, halted %q, %v (-want +got):\n%s", info.ClosedAt, info.Halted, err, diff)
	}

	// A crash between the new verdicts of the tasks and those of the batch leaves a
	// batch without any, and not with those of before.
	if err := b.Rejudge(at, "again", rejudgedAs(t, b, batch.Invalid, row(t, b, 0))); err != nil {
		t.Fatal(err)
	}
	if got := wholeOf(t, b); got != nil {
		t.Errorf("after the tasks were judged again: got %+v, want none", got)
	}
	sum, err := b.Summary()
	brief, briefErr := b.Brief()
	if err != nil || briefErr != nil || !sum.Unevaluated || !brief.Unevaluated || sum.Holds() {
		t.Errorf("got %v, %v, %v, %v: what was not evaluated holds", sum.Unevaluated, brief.Unevaluated, err, briefErr)
	}
	events = eventsOf(t, b)
	if n := again(first); n != 3 || !cmp.Equal(wholeOf(t, b), first) {
		t.Errorf("judged again: %d events, %+v", n, wholeOf(t, b))
	}
	if sum, err := b.Summary(); err != nil || sum.Unevaluated {
		t.Errorf("evaluated: got %v, %v", sum.Unevaluated, err)
	}
	mustAppend(t, b, batch.Event{Kind: batch.BatchContinued, Position: -1})
	if got := wholeOf(t, b); got != nil {
		t.Errorf("taken up again: got %+v, want none", got)
	}
	if n := again(second); n != 1 || wholeOf(t, b) != nil {
		t.Errorf("of a batch that is not closed: %d events, %+v, want none but that before", n, wholeOf(t, b))
	}
}

// What judges a task from now on is stored with what it asks.
func TestRejudgeByChecks(t *testing.T) {
	tasks := ledgertest.Tasks(2)
	tasks[0].Checks = &batch.Checks{Expect: []batch.Expectation{{That: "result.a > 0"}}}
	b := begin(t, openStore(t, t.TempDir()), "a", tasks...)
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Passed})
	is := &batch.Checks{Path: "n", Expect: []batch.Expectation{{That: "result < row.max"}}}
	again := func(a batch.Rejudged) {
		t.Helper()
		a.Row, a.Edited, a.Is = row(t, b, 0), true, batch.Verdict{Outcome: batch.Wrong, Message: "is false"}
		if err := b.Rejudge(ledgertest.Start(), "again", func(yield func(batch.Rejudged, error) bool) { yield(a, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	again(batch.Rejudged{Judge: "j1:x", Checks: is, Facts: &batch.Facts{Row: []byte(`{"max":"2"}`), Matrix: []byte(`{"m":1}`), Tags: []string{"t"}}})
	r := row(t, b, 0)
	got, err := b.Checks(r.Checks)
	if err != nil || !cmp.Equal(got, *is) || r.Judge != "j1:x" || r.Outcome != batch.Wrong {
		t.Errorf("got %+v, %v, %s, want what judges now", got, err, r.Outcome)
	}
	rec := records(t, b)[0]
	if string(rec.Row) != `{"max":"2"}` || string(rec.Matrix) != `{"m":1}` || strings.Join(rec.Tags, "") != "t" || rec.Checks.Path != "n" {
		t.Errorf("got row %s, matrix %s, tags %v, %+v", rec.Row, rec.Matrix, rec.Tags, rec.Checks)
	}
	again(batch.Rejudged{Judge: "j1:y"})
	if r := row(t, b, 0); r.Checks != "" || r.Judge != "j1:y" {
		t.Errorf("without checks: got %q", r.Checks)
	}
	if rec := records(t, b)[0]; string(rec.Row) != `{"max":"2"}` {
		t.Errorf("got row %s, want it untouched", rec.Row)
	}
}

// Of a secret cell the ledger has the column's name, and nothing else.
func TestSecretCellsAreNotStored(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	tasks := ledgertest.Tasks(2)
	tasks[0].Hidden = map[string]string{"password": "open-sesame-7"}
	tasks[0].Spec.Variables = []batch.Variable{{Name: "pw", Value: "open-sesame-7", Masked: "${{ row.password }}"}}
	b := begin(t, s, "a", tasks...)
	edited := tasks[0]
	edited.Hidden = map[string]string{"pin": "open-sesame-8"}
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: 0, Attempt: 1, Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Position: 0, Attempt: 1, Run: &batch.Observed{ID: "flying"}})
	edit(t, b, batch.CompareOptions{}, edited, tasks[1])
	if diff := cmp.Diff([]string{"password", "pin"}, row(t, b, 0).Hidden); diff != "" {
		t.Errorf("in flight, what it was bought with is secret too (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || !bytes.Contains(text, []byte("password")) {
		t.Fatalf("got %v, want a ledger that names the column", err)
	}
	if bytes.Contains(text, []byte("open-sesame")) {
		t.Error("the ledger holds a secret cell")
	}
}
