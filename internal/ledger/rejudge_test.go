package ledger

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
	"github.com/bbbatch/bbbatch/schema"
)

func rejudgedAs(t *testing.T, b *Batch, o batch.Outcome, rows ...batch.Row) func(func(batch.Rejudged, error) bool) {
	return func(yield func(batch.Rejudged, error) bool) {
		for _, row := range rows {
			again := batch.Rejudged{Row: row, Is: batch.Verdict{Outcome: o, Message: "again"}}
			if row.State == batch.StateDone {
				stored, err := b.Stored(row.Position)
				if err != nil {
					t.Error(err)
				}
				again.Was, again.Reuse = stored.Verdict, stored.Reuse
			}
			if !yield(again, nil) {
				return
			}
		}
	}
}

// A new verdict takes the place of the old one, and the batch stays as it was:
// closed, halted, with what it has of a reused result.
func TestRejudge(t *testing.T) {
	s := openStore(t, t.TempDir())
	at := ledgertest.Start().Add(time.Hour)
	from := begin(t, s, "a", ledgertest.Tasks(2)...)
	passed(t, from, "r", []byte("1"))
	b := begin(t, s, "b", ledgertest.Tasks(3)...)
	mustAppend(t, b, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: "enough"})
	mustAppend(t, b, batch.Event{Kind: batch.TaskReused, Position: 1, Verdict: &batch.Verdict{Outcome: batch.Passed}, Reuse: &batch.Reuse{Batch: from.ID(), RunID: "r", Attempt: 1}})
	passed(t, b, "r2", []byte("2"))
	rows := rowList(t, b)

	// A task that is no longer what it was stops its part, whole.
	pending := rows[2]
	if err := b.Rejudge(at, "again", rejudgedAs(t, b, batch.Invalid, rows[0], pending)); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if got := rowList(t, b)[0].Outcome; got != batch.Passed {
		t.Errorf("after a conflict: got %s, want passed", got)
	}
	if err := b.Rejudge(at, "again", rejudgedAs(t, b, batch.Invalid, rows[0], rows[1])); err != nil {
		t.Fatal(err)
	}
	recs := records(t, b)
	for i, want := range []batch.Outcome{batch.Invalid, batch.Invalid, batch.NotStarted} {
		if recs[i].Outcome != want {
			t.Errorf("task %d: got %s, want %s", i, recs[i].Outcome, want)
		}
	}
	if recs[1].Reuse == nil || recs[1].Reuse.RunID != "r" || string(recs[1].Result.Raw) != "1" {
		t.Errorf("got %+v and %s, want what was taken over", recs[1].Reuse, recs[1].Result.Raw)
	}
	info, err := b.Info()
	if err != nil || info.ClosedAt.IsZero() || info.Halted != "enough" {
		t.Errorf("got closed at %v, halted %q, %v", info.ClosedAt, info.Halted, err)
	}
	folded, err := Fold(b.Events())
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rowList(t, b) {
		if folded[i].State != row.State || folded[i].Outcome != row.Outcome {
			t.Errorf("task %d: the events say %s %s, the row %s %s", i, folded[i].State, folded[i].Outcome, row.State, row.Outcome)
		}
	}
}

// What judges from now on gives the reports their columns; what judged before
// does not any more, and its text is kept.
func TestRejudgeBySchema(t *testing.T) {
	s := openStore(t, t.TempDir())
	task := ledgertest.Tasks(1)[0]
	task.Schema = compiled(t, `{"properties":{"a":{"type":"number"}}}`)
	b := begin(t, s, "a", task)
	passed(t, b, "r", []byte(`{"a":1}`))
	was := rowList(t, b)[0]
	task.Schema = compiled(t, `{"properties":{"b":{"type":"number"}}}`)
	err := b.Rejudge(ledgertest.Start(), "again", func(yield func(batch.Rejudged, error) bool) {
		yield(batch.Rejudged{Row: was, Edited: true, Schema: task.Schema, Judge: task.JudgeFingerprint(), Is: batch.Verdict{Outcome: batch.Passed, Schema: task.Schema.Digest()}}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	is := rowList(t, b)[0]
	if is.Judge != task.JudgeFingerprint() || is.Schema != task.Schema.Digest() || is.Run != was.Run {
		t.Errorf("got judge %s and schema %s", is.Judge, is.Schema)
	}
	texts, err := b.Schemas()
	if err != nil || len(texts) != 1 || !json.Valid(texts[0]) || string(texts[0]) != string(task.Schema.Text()) {
		t.Errorf("got %s, %v, want the new schema alone", texts, err)
	}
	if text, err := b.Schema(was.Schema); err != nil || len(text) == 0 {
		t.Errorf("the old one: got %s, %v", text, err)
	}
}

func compiled(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, err := schema.Compile([]byte(text), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rowList(t *testing.T, b *Batch) (rows []batch.Row) {
	t.Helper()
	for row, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}
