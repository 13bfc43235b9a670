package report

import (
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// standing tells what a task belongs to, and what became of it beyond its own
// attempts.
func (t *detailText) standing() {
	r, row := t.d.Record, t.d.Row
	t.field("group", Clean(r.Group))
	t.field("tags", Clean(strings.Join(r.Tags, ", ")))
	if p := r.Repeat; p != nil {
		t.field("repetition", fmt.Sprintf("%d of %d of %s, of which %d must pass", p.Number, p.Times, Clean(p.Group), p.Pass))
	}
	if r.Stale {
		t.field("stale", "it passed with an input that the manifest no longer has")
	}
	if u := r.Reuse; u != nil {
		t.field("reused", fmt.Sprintf("the result of run %s of batch %s, which ended %s", Clean(u.RunID), Clean(u.Batch), when(u.EndedAt)))
	}
	if r.State != batch.StatePending {
		return
	}
	if row.Retries > 0 {
		t.field("retries", Count(row.Retries)+" used up")
	}
	if !row.After.IsZero() {
		t.field("next attempt", "not before "+precise(row.After))
	}
}

// came tells what became of an attempt: why it was stopped, its verdict, and
// what its run cost.
func (t *detailText) came(a batch.Attempt) {
	for _, e := range t.d.Events {
		if e.Kind == batch.StopIntended && e.Attempt == a.Number {
			t.field("stopped", joined(", ", precise(e.At)+" by us", stopInWords(e.Why), Clean(e.Message)))
		}
	}
	t.field("outcome", Clean(joined(": ", string(a.Outcome), string(a.Reason))))
	if price := t.d.Info.Policy.Price; price != nil && !a.EndedAt.IsZero() {
		began := a.StartedAt
		if began.IsZero() {
			began = a.CreatedAt
		}
		length := a.EndedAt.Sub(began)
		if began.IsZero() || length > batch.LongestRun {
			length = 0
		}
		t.field("cost", fmt.Sprintf("%s estimated, for %s", Dollars(price.Of(length)), Duration(price.Time(length))))
	}
}

func stopInWords(why batch.StopReason) string {
	switch why {
	case batch.StopDeadline:
		return "its time was up"
	case batch.StopOrder:
		return "as ordered"
	}
	return Clean(string(why))
}
