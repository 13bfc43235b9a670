package batch

import (
	"context"
	"errors"
	"time"
)

// How often the service is asked before the first create, those answers not
// counted that only ask for patience.
const preflightTries = 3

// Preflight proves address, key and clock with a harmless request, before
// anything is opened or costs money, and returns the service's clock minus
// ours. Call it before [Run]. Its errors are a [*RefusedError], an
// [*UnreachableError] after several tries, and [ErrInterrupted].
func Preflight(ctx context.Context, p Provider) (time.Duration, error) {
	began := time.Now()
	for try, failed := 1, 0; ; try++ {
		offset, err := p.Check(ctx)
		var refused *RefusedError
		var rejected *RejectedError
		var throttled *ThrottledError
		wait := backoff(try, time.Second, 8*time.Second)
		switch {
		case err == nil:
			return offset, nil
		case ctx.Err() != nil:
			return 0, ErrInterrupted
		case errors.As(err, &refused):
			return 0, err
		case errors.As(err, &rejected), errors.Is(err, ErrNotFound):
			// Asking again would change nothing: it is not the service we mean.
			return 0, &UnreachableError{Err: err}
		case errors.As(err, &throttled):
			wait = max(wait, throttled.RetryAfter)
		default:
			failed++
		}
		if failed == preflightTries || time.Since(began) > unreachableFor {
			return 0, &UnreachableError{Err: err}
		}
		if !sleep(ctx, wait) {
			return 0, ErrInterrupted
		}
	}
}

// sleep waits for d, and reports false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
