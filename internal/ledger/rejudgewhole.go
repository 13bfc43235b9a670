package ledger

import (
	"reflect"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// RejudgeWhole writes what the expectations of the batch as a whole have come to
// by what [Batch.Rejudge] wrote, see [batch.RejudgeWhole]. A batch that is closed
// is so at every moment, and one that is halted stays halted. Of one that is not
// closed nothing is written: it is judged when it is. The caller holds the [Lock]
// of the name.
func (b *Batch) RejudgeWhole(at time.Time, message string, whole []batch.WholeVerdict) error {
	return b.together(func(c *connection) (refused, err error) {
		info, err := b.info(c)
		if err != nil || info.ClosedAt.IsZero() {
			return nil, err
		}
		var was batch.Summary
		if err := b.whole(c, &was); err != nil {
			return nil, err
		}
		if reflect.DeepEqual(was.Whole, whole) {
			return nil, nil
		}
		events := []batch.Event{{Kind: batch.BatchContinued, Position: -1, Message: message}}
		if info.Halted != "" {
			events = append(events, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: info.Halted})
		}
		events = append(events, batch.Event{Kind: batch.BatchClosed, Position: -1, Message: message, Whole: whole})
		for _, e := range events {
			e.At = at
			w := write{batch: b, event: clean(e)}
			if w.data, w.verdict, err = encode(w.event); err != nil {
				return nil, err
			}
			if err := w.apply(c); err != nil || w.refused != nil {
				return w.refused, err
			}
		}
		return nil, nil
	})
}
