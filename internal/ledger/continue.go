package ledger

import (
	"encoding/json"
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
	Params       json.RawMessage // its parameters; nil where it has none
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
	return b.together(func(c *connection) (refused, err error) {
		w := write{batch: b, event: event, data: data}
		if err := w.apply(c); err != nil || w.refused != nil {
			return w.refused, err
		}
		if changes != nil {
			m := merging{batch: b, c: c, at: k.At, adder: adder{batch: b}}
			if refused, err := m.all(changes); refused != nil || err != nil {
				return refused, err
			}
		}
		if k.Manifest != nil {
			_, err = c.exec(`UPDATE batches SET manifest_path = ?, manifest = ?, params = ? WHERE key = ?`, k.ManifestPath, k.Manifest, []byte(k.Params), b.key)
		}
		return nil, err
	})
}
