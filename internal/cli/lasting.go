package cli

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// endGrace is how long a process that was told to end goes on to sum its batch up
// and to write reports. Of a million tasks that takes longer than whoever told it
// waits, and either can be had later.
const endGrace = 500 * time.Millisecond

// errLate says that the process was told to end before a report was whole.
var errLate = errors.New("told to end before it was written")

// lasting returns a context that is done endGrace after ctx is. release lets go
// of it.
func lasting(ctx context.Context) (late context.Context, release func()) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleepUntil(late, endGrace)
		cancel()
	})
	return late, func() { stop(); cancel() }
}

// untilDrained returns a context that ends at the first Ctrl-C, for what is done
// while nothing is in flight that could be waited for. release lets go of it.
func untilDrained(ctx context.Context, drain <-chan struct{}) (undrained context.Context, release func()) {
	undrained, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-drain:
			cancel()
		case <-undrained.Done():
		}
	}()
	return undrained, func() { cancel(); <-done }
}

func sleepUntil(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// hasty is a batch whose records end with [errLate] once late is closed.
type hasty struct {
	*ledger.Batch
	late <-chan struct{}
}

func (h hasty) Records(from int) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		for rec, err := range h.Batch.Records(from) {
			if isDone(h.late) {
				yield(batch.Record{}, errLate)
				return
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// endUnsummed ends a process that has no time left to count the batch.
func (a *application) endUnsummed(ctx context.Context, b *ledger.Batch, stream *stream, runErr error) error {
	_ = stream.close(ctx, false)
	info, err := b.Info()
	if err != nil {
		return err
	}
	a.settled = !info.ClosedAt.IsZero()
	if runErr == nil {
		return a.toldToEnd(info, errors.New("no report is written"))
	}
	a.show.say("told to end: no report is written; %s writes one", a.reportCommand(info.ID))
	if next := a.next(runErr); next != "" {
		a.show.say("next: %s", next)
	}
	return a.describe(runErr)
}
