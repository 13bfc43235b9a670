package diff

import (
	"fmt"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// Stored is what a comparison needs of a batch in a ledger.
type Stored interface {
	// Records yields the tasks from a place on, in the manifest's order.
	Records(from int) iter.Seq2[batch.Record, error]

	// Page reads the tasks from a place on, at most so many, and fewer where they
	// are long; none when there is none.
	Page(from, most int) ([]batch.Record, error)
}

// FromBatch returns a batch as a side of a comparison.
func FromBatch(b Stored) Source { return &stored{batch: b} }

type stored struct {
	batch Stored
	page  []batch.Record // read last, of places without a gap
}

func (s *stored) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for rec, err := range s.batch.Records(0) {
			var e Entry
			if err == nil && rec.Left {
				continue
			}
			if err == nil {
				e, err = entryOf(rec)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// pageAhead is how many tasks are read at a time while they are asked for one
// after another.
const pageAhead = 200

// At reads a page ahead where the task follows the last one, and else the task
// alone, so that another order on this side costs one read for each task.
func (s *stored) At(ref int64) (Entry, error) {
	place := int(ref)
	if n := len(s.page); n == 0 || place < s.page[0].Place || place > s.page[n-1].Place {
		most := 1
		if n == 0 || place == s.page[n-1].Place+1 {
			most = pageAhead
		}
		var err error
		if s.page, err = s.batch.Page(place, most); err != nil {
			return Entry{}, err
		}
	}
	if len(s.page) == 0 || s.page[0].Place > place {
		return Entry{}, fmt.Errorf("the batch has no task at place %d any more", place)
	}
	return entryOf(s.page[place-s.page[0].Place])
}

func entryOf(rec batch.Record) (Entry, error) {
	e := Entry{
		Ref: int64(rec.Place), ID: rec.ID, Repeat: rec.Repeat, Outcome: rec.Outcome,
		Reason: rec.Verdict.Reason, Message: rec.Verdict.Message, Schema: rec.Verdict.Schema, Template: rec.Template,
	}
	if e.Outcome != batch.Passed || !rec.Result.Present() {
		return e, nil // what did not pass is told by its outcome alone
	}
	raw, err := rec.Answer(schema.MaxResultBytes)
	if err != nil {
		return e, err
	}
	if e.Result, err = judged(raw, rec.Way()); err != nil {
		return e, fmt.Errorf("the result of %q: %w", rec.ID, err)
	}
	return e, nil
}
