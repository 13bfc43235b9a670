package ledger

import (
	"iter"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A Continuation is a batch being taken up again.
type Continuation struct {
	At      time.Time
	Policy  batch.Policy
	Message string // why, in words; "" for the usual

	// The manifest, where it was read anew; nil leaves what is stored.
	ManifestPath string
	Manifest     []byte
}

// Continue takes a batch up again, also a closed one, and makes it have the tasks
// of an edited manifest: changes are all of its tasks in order, and then those
// that left it. Nil changes leave the tasks as they are. All of it is one
// transaction; after an error nothing has changed. The caller holds the [Lock]
// of the name.
func (b *Batch) Continue(k Continuation, changes iter.Seq2[batch.Change, error]) error {
	event := clean(batch.Event{Kind: batch.BatchContinued, Position: -1, At: k.At, Policy: &k.Policy, Message: k.Message})
	data, _, err := encode(event)
	if err != nil {
		return err
	}
	var refused error
	err = b.store.write(func(c *connection) error {
		if _, err := c.exec("SAVEPOINT continuing"); err != nil {
			return err
		}
		m := merging{batch: b, c: c, at: k.At, adder: adder{batch: b}}
		w := write{batch: b, event: event, data: data}
		if err := w.apply(c); err != nil {
			return err
		}
		if refused = w.refused; refused == nil && changes != nil {
			var err error
			if refused, err = m.all(changes); err != nil {
				return err
			}
		}
		if refused == nil && k.Manifest != nil {
			if _, err := c.exec(`UPDATE batches SET manifest_path = ?, manifest = ? WHERE key = ?`, k.ManifestPath, k.Manifest, b.key); err != nil {
				return err
			}
		}
		if refused != nil {
			if _, err := c.exec("ROLLBACK TO continuing"); err != nil {
				return err
			}
			b.flight = nil
		}
		_, err := c.exec("RELEASE continuing")
		return err
	})
	if err == nil {
		err = refused
	}
	return err
}
