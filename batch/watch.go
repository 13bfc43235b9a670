package batch

import (
	"context"
	"errors"
	"time"
)

// A watcher looks at runs until they have ended.
type watcher interface {
	// watch yields what is seen of a run, with statuses as they come, until it
	// has ended or ctx is done; then the channel is closed. since is when the
	// run became known, by our clock. The caller reads until the channel is
	// closed.
	watch(ctx context.Context, runID string, since time.Time) <-chan sight
}

// A sight is one look at a run: what the service said, or why nothing was
// learned ([ErrNotFound] and [*RefusedError] are answers too).
type sight struct {
	run Observed
	err error
}

// A poller is a watcher that reads each run by its id.
type poller struct {
	provider Provider
	pace     *pacer
	first    time.Duration // age of a run at its first look
}

// The ceiling of the wait between two looks, and the share of a run's age
// that it is otherwise.
const (
	lookMost  = 10 * time.Second
	lookShare = 8
)

// nextLook is the wait before a run of this age is looked at again: an eighth
// of its age, so that the end of a run is noticed late by no more than that,
// within first and ten seconds.
func nextLook(age, first time.Duration) time.Duration {
	return min(max(age/lookShare, first), max(lookMost, first))
}

func (p *poller) watch(ctx context.Context, runID string, since time.Time) <-chan sight {
	sights := make(chan sight)
	go func() {
		defer close(sights)
		failures := 0
		for wait := p.first - time.Since(since); sleep(ctx, wait); {
			s := p.look(ctx, runID)
			if ctx.Err() != nil {
				return
			}
			select {
			case sights <- s:
			case <-ctx.Done():
				return
			}
			if s.err == nil && s.run.Status.Ended() {
				return
			}
			wait = nextLook(time.Since(since), p.first)
			if failures++; s.err == nil {
				failures = 0
			} else {
				wait = max(wait, jitter(backoff(failures, time.Second, 30*time.Second)))
			}
		}
	}()
	return sights
}

// look reads the run once, or twice when it has completed and its result is
// not there yet.
func (p *poller) look(ctx context.Context, runID string) sight {
	s := p.get(ctx, runID)
	if s.err == nil && s.run.Status == StatusCompleted && !s.run.Result.Present() && sleep(ctx, p.first/2) {
		if again := p.get(ctx, runID); again.err == nil && again.run.Status.Ended() {
			return again
		}
	}
	return s
}

func (p *poller) get(ctx context.Context, runID string) sight {
	if err := p.pace.wait(ctx); err != nil {
		return sight{err: err}
	}
	run, err := p.provider.Get(ctx, runID)
	var throttled *ThrottledError
	if errors.As(err, &throttled) {
		p.pace.throttled()
		sleep(ctx, throttled.RetryAfter)
	}
	return sight{run: run, err: err}
}
