package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
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

// A panicError is a panic of the watcher's goroutine on its way to that of the
// task, which recovers it as its own.
type panicError struct {
	value any
	trace []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("%v\n%s", e.value, e.trace) }

// A poller is a watcher that reads each run by its id.
type poller struct {
	provider Provider
	pace     *pacer
	first    time.Duration // age of a run at its first look, at most

	scouted atomic.Bool   // a run is, or was, looked at early
	learned chan struct{} // closed when the first run has ended

	mu      sync.Mutex
	typical time.Duration // how long runs took lately, each counted as first at most; 0 before the first
}

func newPoller(p Provider, pace *pacer, first time.Duration) *poller {
	return &poller{provider: p, pace: pace, first: first, learned: make(chan struct{})}
}

// The bounds of the wait between two looks, and the share of a run's age that
// it otherwise is.
const (
	lookLeast = 2 * time.Millisecond
	lookMost  = 10 * time.Second
	lookShare = 8
)

// scoutShare is the part of the usual first age at which the scout is looked
// at.
const scoutShare = 100

// firstLook is the age at which a run is first looked at: a little before runs
// usually end, where they are short.
func (p *poller) firstLook() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.typical == 0 {
		return p.first
	}
	return min(max(p.typical*3/4, lookLeast), p.first)
}

// untilFirst sleeps until the first look at a run, and reports false when the
// context ended before. While nothing is known of how long runs take, one of
// them, the scout, is looked at early and often; when its end comes sooner than
// the others' first look, they need not wait for that.
func (p *poller) untilFirst(ctx context.Context, since time.Time) bool {
	first := p.firstLook()
	if p.scouted.CompareAndSwap(false, true) {
		first = min(first, max(p.first/scoutShare, lookLeast))
	}
	t := time.NewTimer(first - time.Since(since))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.learned:
		return sleep(ctx, p.firstLook()-time.Since(since))
	case <-ctx.Done():
		return false
	}
}

// learn takes note of how long a run took. The service's times are believed
// only within our own.
func (p *poller) learn(run Observed, ours time.Duration) {
	took := ours
	if theirs := run.EndedAt.Sub(run.CreatedAt); !run.CreatedAt.IsZero() && theirs >= 0 && theirs < ours {
		took = theirs
	}
	took = min(max(took, 1), p.first)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.typical == 0 {
		p.typical = took
		close(p.learned)
	}
	p.typical += (took - p.typical) / 8
}

// nextLook is the wait before a run of this age is looked at again: as long as
// its age while it is young, then an eighth of its age, so that its end is
// noticed late by no more than that, and ten seconds at most.
func nextLook(age, first time.Duration) time.Duration {
	return min(max(age/lookShare, min(age, first), lookLeast), max(lookMost, first))
}

func (p *poller) watch(ctx context.Context, runID string, since time.Time) <-chan sight {
	sights := make(chan sight)
	go func() {
		defer close(sights)
		defer func() {
			if p := recover(); p != nil {
				select {
				case sights <- sight{err: &panicError{p, debug.Stack()}}:
				case <-ctx.Done():
				}
			}
		}()
		failures := 0
		for ok := p.untilFirst(ctx, since); ok; {
			s := p.look(ctx, runID)
			if ctx.Err() != nil {
				drop(s.run)
				return
			}
			ended := s.err == nil && s.run.Status.Ended()
			if ended {
				p.learn(s.run, time.Since(since))
			}
			select {
			case sights <- s:
			case <-ctx.Done():
				drop(s.run)
				return
			}
			if ended {
				return
			}
			wait := nextLook(time.Since(since), p.first)
			if failures++; s.err == nil {
				failures = 0
			} else {
				wait = max(wait, jitter(backoff(failures, time.Second, 30*time.Second)))
			}
			ok = sleep(ctx, wait)
		}
	}()
	return sights
}

// drop removes the file of a result that nobody will keep: the next look makes
// another.
func drop(run Observed) {
	if run.Result.File != "" {
		_ = os.Remove(run.Result.File)
	}
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
