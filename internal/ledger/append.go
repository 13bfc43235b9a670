package ledger

import (
	"github.com/bbbatch/bbbatch/batch"
)

// A Batch is one batch of a [Store]. It implements [batch.Ledger] and is safe
// for concurrent use.
type Batch struct {
	store *Store
	key   int64
	id    string

	// flight remembers where the tasks in flight stand, so that not every event
	// has to read it. What it says may be old: move finds out. Only the writer
	// goroutine touches it.
	flight map[int]Standing
}

var _ batch.Ledger = (*Batch)(nil)

// ID returns the batch's 8 hexadecimal digits.
func (b *Batch) ID() string { return b.id }

// Append implements [batch.Ledger]. It also refuses, as a conflict, every event
// of a batch that is closed, a run id that any attempt of the ledger has
// already, and an observation that bears the id of another run. An event that
// lacks what its kind needs is an error of its own.
//
// A result's file is moved into the state folder; it stays where it is when the
// event was not written. Times that no clock can have shown (before 1678 or
// after 2261) are stored as none.
func (b *Batch) Append(e batch.Event) error {
	if err := wellFormed(e); err != nil {
		return err
	}
	if err := b.store.refusal(); err != nil {
		return err
	}
	w := write{batch: b, event: clean(e)}
	if e.Kind == batch.AttemptEnded {
		var err error
		if w.result, err = b.stage(e.Position, e.Attempt, e.Run.Result); err != nil {
			return b.store.fail(err)
		}
		w.event.Run.Result = batch.Result{Size: w.result.size}
	}
	var err error
	if w.data, w.verdict, err = encode(w.event); err != nil {
		w.result.undo()
		return err
	}
	err = b.store.write(w.apply)
	if err == nil {
		err = w.refused
	}
	if err != nil {
		w.result.undo()
		return err
	}
	w.result.finish()
	if e.Kind == batch.BatchClosed {
		b.sweepStages()
	}
	return nil
}
