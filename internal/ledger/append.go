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
func (b *Batch) Append(events ...batch.Event) error {
	writes := make([]write, 0, len(events))
	err := b.prepare(&writes, events)
	if err == nil {
		err = b.store.writeAgain(func(c *connection) error { return applyAll(c, writes) })
	}
	for i := range writes {
		if err == nil {
			err = writes[i].refused
		}
		if err != nil {
			writes[i].result.undo()
		} else {
			writes[i].result.finish()
		}
	}
	if err == nil && events[len(events)-1].Kind == batch.BatchClosed {
		b.sweepStages()
	}
	return err
}

// prepare makes events ready to be written, as far as that goes without the
// writer.
func (b *Batch) prepare(writes *[]write, events []batch.Event) error {
	for _, e := range events {
		if err := wellFormed(e); err != nil {
			return err
		}
	}
	if err := b.store.refusal(); err != nil {
		return err
	}
	for _, e := range events {
		w := write{batch: b, event: clean(e)}
		if e.Kind == batch.AttemptEnded {
			var err error
			if w.result, err = b.stage(e.Position, e.Attempt, e.Run.Result); isFull(err) {
				b.store.Relieve()
				w.result, err = b.stage(e.Position, e.Attempt, e.Run.Result)
			}
			if err != nil {
				return b.store.fail(err)
			}
			w.event.Run.Result = batch.Result{Size: w.result.size}
		}
		*writes = append(*writes, w)
		last := &(*writes)[len(*writes)-1]
		var err error
		if last.data, last.verdict, err = encode(last.event); err != nil {
			return err
		}
	}
	return nil
}

// applyAll applies events one after the other until one is refused.
func applyAll(c *connection, writes []write) error {
	for i := range writes {
		if err := writes[i].apply(c); err != nil || writes[i].refused != nil {
			return err
		}
	}
	return nil
}
