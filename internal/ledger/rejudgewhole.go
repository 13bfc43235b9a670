package ledger

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// RejudgeWhole writes what the expectations of the batch as a whole have come to
// by what [Batch.Rejudge] wrote, see [batch.RejudgeWhole], and those expectations:
// they are the batch's from now on. A batch that is closed is so at every moment,
// and one that is halted stays halted. Of one that is not closed nothing is
// written: it is judged when it is, by the manifest that it is closed with. The
// caller holds the [Lock] of the name.
func (b *Batch) RejudgeWhole(at time.Time, message string, expect *batch.Checks, whole []batch.WholeVerdict) error {
	return b.together(func(c *connection) (refused, err error) {
		info, err := b.info(c)
		if err != nil || info.ClosedAt.IsZero() {
			return nil, err
		}
		was := batch.Summary{Info: info}
		if err := b.whole(c, &was); err != nil {
			return nil, err
		}
		continued := batch.Event{Kind: batch.BatchContinued, Position: -1, Message: message}
		closed := clean(batch.Event{Kind: batch.BatchClosed, Position: -1, Message: message, Whole: whole})
		if !alike(info.Policy.Expect, expect) {
			policy := info.Policy
			policy.Expect = expect
			continued.Policy = &policy
		} else if alike(was.Whole, closed.Whole) {
			return nil, nil
		}
		events := []batch.Event{continued}
		if info.Halted != "" {
			events = append(events, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: info.Halted})
		}
		for _, e := range append(events, closed) {
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

// alike reports whether two values are the same JSON, however it is written.
func alike(a, b any) bool {
	one, oneErr := plain(a)
	other, otherErr := plain(b)
	return oneErr == nil && otherErr == nil && reflect.DeepEqual(one, other)
}

// plain is what any reader makes of a value as JSON, with its numbers as they are
// written.
func plain(v any) (decoded any, err error) {
	text, err := marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&decoded)
	return decoded, err
}
