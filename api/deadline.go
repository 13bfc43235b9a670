package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// slowest is the rate, in bytes a second, at which a body may take longer than
// the time limit: a large result over a slow line arrives, a trickle does not
// hold a worker.
const slowest = 128 << 10

// errTimeLimit is the cause with which an exchange is cancelled at its limit.
var errTimeLimit = errors.New("time limit")

// A deadline cancels a context when its time is over.
type deadline struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	at     time.Time
}

func startDeadline(ctx context.Context, d time.Duration) *deadline {
	ctx, cancel := context.WithCancelCause(ctx)
	return &deadline{
		ctx:    ctx,
		cancel: cancel,
		timer:  time.AfterFunc(d, func() { cancel(errTimeLimit) }),
		at:     time.Now().Add(d),
	}
}

// earn moves the end by what n bytes are worth.
func (l *deadline) earn(n int) {
	l.at = l.at.Add(time.Duration(n) * time.Second / slowest)
	// A timer that has fired is not wound up again: its context is done.
	if l.timer.Stop() {
		l.timer.Reset(time.Until(l.at))
	}
}

func (l *deadline) stop() {
	l.timer.Stop()
	l.cancel(context.Canceled)
}

// boundedBody reads a body up to a length, and earns time with it.
type boundedBody struct {
	r     io.Reader
	left  int64
	limit *deadline
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLong
	}
	// One byte more than is allowed tells a body that ends at the limit from
	// one that goes on.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	b.limit.earn(n)
	if b.left < 0 {
		return n - 1, errTooLong
	}
	return n, err
}

// errTooLong ends a body that is over the limit.
var errTooLong = fmt.Errorf("the answer is too long: %w", ErrTooLarge)
