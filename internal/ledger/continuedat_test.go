package ledger

import (
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// The newest of a message counts, and of this batch alone.
func TestWhenABatchWasTakenUpLast(t *testing.T) {
	s := openStore(t, t.TempDir())
	b, other := begin(t, s, "a", batch.Task{ID: "a"}), begin(t, s, "b", batch.Task{ID: "b"})
	if at, err := b.ContinuedAt("retry"); err != nil || !at.IsZero() {
		t.Errorf("got %v, %v, want none", at, err)
	}
	moment := func(hours int) time.Time { return ledgertest.Start().Add(time.Duration(hours) * time.Hour) }
	for _, c := range []struct {
		b       *Batch
		hours   int
		message string
	}{{b, 1, "retry"}, {b, 2, "retry"}, {b, 3, ""}, {other, 4, "retry"}} {
		mustAppend(t, c.b, batch.Event{Kind: batch.BatchContinued, Position: -1, At: moment(c.hours), Policy: &batch.Policy{}, Message: c.message})
	}
	mustAppend(t, b, batch.Event{Kind: batch.BatchHalted, Position: -1, At: moment(5), Message: "retry"})
	for message, want := range map[string]time.Time{"retry": moment(2), "": moment(3)} {
		if at, err := b.ContinuedAt(message); err != nil || !at.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", message, at, err, want)
		}
	}
}
