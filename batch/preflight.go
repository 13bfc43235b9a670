package batch

import (
	"context"
	"errors"
	"time"
)

// How often and how patiently the service is asked before the first create.
const preflightTries = 4

// preflight proves address, key and clock with a harmless request, before
// anything costs money.
func (r *runner) preflight(ctx context.Context) error {
	var last error
	for try := range preflightTries {
		if try > 0 {
			if !sleep(ctx, backoff(try, time.Second, 8*time.Second)) {
				return ErrInterrupted
			}
		}
		if err := r.pace.wait(ctx); err != nil {
			return ErrInterrupted
		}
		offset, err := r.Provider.Check(ctx)
		var refused *RefusedError
		var rejected *RejectedError
		var throttled *ThrottledError
		switch {
		case err == nil:
			r.offset = offset
			return nil
		case ctx.Err() != nil:
			return ErrInterrupted
		case errors.As(err, &refused):
			return err
		case errors.As(err, &rejected), errors.Is(err, ErrNotFound):
			// Asking again would change nothing: it is not the service we mean.
			return &UnreachableError{Err: err}
		case errors.As(err, &throttled):
			r.pace.throttled()
			if !sleep(ctx, throttled.RetryAfter) {
				return ErrInterrupted
			}
		}
		last = err
	}
	return &UnreachableError{Err: last}
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
