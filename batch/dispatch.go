package batch

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// A dispatcher starts the pending tasks of one round in the manifest's order,
// each as soon as a slot is free. Those that have to wait for something else
// than a slot are passed over and do not hold up the others.
type dispatcher struct {
	*runner
	slots *slots
	group *errgroup.Group
	line  *line

	nextPair func() (pair, error, bool) // the rest of a pass over the manifest; nil when it is over
	endPass  func()
	later    bool // it is not the round's first: its rows may be older than what happened since
	left     bool // a further round may start something
}

// pass begins a pass over the manifest.
func (d *dispatcher) pass() { d.nextPair, d.endPass = iter.Pull2(pairs(d.Tasks, d.Ledger)) }

// dispatch returns when nothing can be started any more. again says that a
// further round may start something, once it is known what became of creates
// without an answer. It returns early, with the reason, when a task is not the
// one that the ledger knows or can't be expanded, and with [ErrInterrupted]
// when it was drained.
//
// starting is done when nothing new may start; ctx, when even what is in
// flight is let go.
func (d *dispatcher) dispatch(ctx, starting context.Context) (again bool, err error) {
	if d.Tasks == nil {
		return false, nil
	}
	d.pass()
	defer func() { d.endPass() }()
	for {
		w, row, over, err := d.choose(starting)
		if err != nil || over {
			return d.left, err
		}
		// A slot may come free because ctx ended, a moment before starting,
		// its child, ends too.
		if d.slots.wait(starting) != nil || ctx.Err() != nil {
			return false, ErrInterrupted
		}
		if d.tallies.stands(w.task.Group) { // since a moment ago
			d.slots.give()
			continue
		}
		err = d.admit(starting, w)
		if err == nil && ctx.Err() != nil { // and what was in flight gave back what it had reserved
			d.budget.release(w.position)
			err = ErrInterrupted
		}
		if err != nil {
			d.slots.give()
			return false, err
		}
		d.setTerms(w.position, termsFor(w.task))
		d.line.begin(w.position, w.lanes)
		d.group.Go(func() error {
			free := sync.OnceFunc(d.slots.give)
			defer free()
			return d.walk(w, row, func() error { return d.start(ctx, starting, w.task, row, free) })
		})
	}
}

// start walks a new task through its steps. free gives its slot to the next one
// as soon as no run of it is in flight.
func (r *runner) start(ctx, starting context.Context, task Task, row Row, free func()) error {
	if skip, err := r.needless(row); skip || err != nil {
		return err
	}
	s, err := r.judgeOf(starting, task)
	if err != nil {
		return r.notJudgeable(row, err)
	}
	row.Timeout = task.Timeout // it may have been edited since the batch was opened
	row, running, err := r.submit(ctx, starting, task, row)
	if err != nil || !running || r.SubmitOnly {
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
