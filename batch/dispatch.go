package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// dispatch starts every pending task in the manifest's order, each as soon as
// a slot is free. It returns early, with the reason, when a task is not the
// one that the ledger knows or can't be expanded, and with [ErrInterrupted]
// when it was drained.
//
// starting is done when nothing new may start; ctx, when even what is in
// flight is let go.
func (r *runner) dispatch(ctx, starting context.Context, slots *slots, group *errgroup.Group) error {
	if r.Tasks == nil {
		return nil
	}
	for p, err := range pairs(r.Tasks, r.Ledger) {
		if err != nil {
			return err
		}
		task, row := p.task, p.row
		if row.State != StatePending {
			continue
		}
		if row.Left {
			if err := r.leave(row); err != nil {
				return err
			}
			continue
		}
		// A slot may come free because ctx ended, a moment before starting,
		// its child, ends too.
		if slots.wait(starting) != nil || ctx.Err() != nil {
			return ErrInterrupted
		}
		group.Go(func() error {
			free := sync.OnceFunc(slots.give)
			defer free()
			return r.guard(row, func() error { return r.start(ctx, starting, task, row, free) })
		})
	}
	return nil
}

// start walks a new task through its steps. free gives its slot to the next one
// as soon as no run of it is in flight.
func (r *runner) start(ctx, starting context.Context, task Task, row Row, free func()) error {
	s, err := r.judgeOf(starting, task)
	if err != nil {
		return r.notJudgeable(row, err)
	}
	row.Timeout = task.Timeout // it may have been edited since the batch was opened
	row, running, err := r.submit(ctx, starting, task, row)
	if err != nil || !running {
		return err
	}
	return r.follow(ctx, row, s, free)
}

// resume walks a task on that an earlier process left in flight.
func (r *runner) resume(ctx context.Context, row Row, free func()) error {
	s, err := r.judgeOfRow(row)
	if err != nil {
		return err
	}
	return r.follow(ctx, row, s, free)
}

// guard turns a panic into the task's own failure. If a create may have been
// sent, the fate of its run is what is unknown.
func (r *runner) guard(row Row, walk func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		message := fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		now, lookErr := r.Ledger.Task(row.Position)
		switch {
		case lookErr != nil:
			err = lookErr
		case now.State == StateDone:
			err = nil
		case now.State == StateStarting:
			err = r.unknown(now, message)
		default:
			err = r.judged(now, Verdict{Outcome: Failed, Reason: Panicked, Message: message})
		}
	}()
	return walk()
}

// slots bound the runs in flight. Runs left by an earlier process may be more
// than the bound: the surplus is not given back.
type slots struct {
	limit   int
	surplus chan struct{}
	sem     *semaphore.Weighted
}

func newSlots(concurrency, inFlight int) *slots {
	s := &slots{limit: max(concurrency, inFlight)}
	s.sem = semaphore.NewWeighted(int64(s.limit))
	s.surplus = make(chan struct{}, s.limit-concurrency)
	for range cap(s.surplus) {
		s.surplus <- struct{}{}
	}
	return s
}

// take takes a slot for a run that is in flight already; there is one.
func (s *slots) take() { s.sem.TryAcquire(1) }

// wait takes a slot, or returns the context's error if that comes first. It is
// called before errgroup's Go, which would block without watching a context.
func (s *slots) wait(ctx context.Context) error {
	if err := s.sem.Acquire(ctx, 1); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // Acquire may win against a context that is done
		s.sem.Release(1)
		return err
	}
	return nil
}

func (s *slots) give() {
	select {
	case <-s.surplus:
	default:
		s.sem.Release(1)
	}
}
