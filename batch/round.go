package batch

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// round starts every pending task, watches every run, and returns when none is
// in flight. again says that a further round may start something.
func (r *runner) round(ctx, starting context.Context) (again bool, err error) {
	running, err := r.running()
	if err != nil {
		return false, err
	}
	flight, abroad := running, []Row(nil)
	if r.SubmitOnly { // nobody waits for them here
		flight, abroad = nil, running
	}
	unsure, err := r.unsureRows()
	if err != nil {
		return false, err
	}
	r.learnTerms(slices.Concat(running, unsure))
	if err := r.budget.open(running, unsure); err != nil {
		return false, err
	}
	group, gctx := errgroup.WithContext(ctx)
	starting, cancel := context.WithCancel(starting)
	defer context.AfterFunc(gctx, cancel)()
	defer cancel()
	d := &dispatcher{runner: r, group: group, slots: newSlots(r.Concurrency, len(flight)), line: newLine(newLanes(r.PerGroup))}
	for _, row := range slices.Concat(unsure, abroad) {
		d.line.occupy(d.line.lanes.of(row.Group, r.termsOf(row.Position)))
	}
	// A task whose run has ended has given its slot away and is being judged and
	// written: as many of those again at most.
	group.SetLimit(2 * d.slots.limit)
	for _, row := range flight {
		d.slots.take()
		w := waiter{position: row.Position, lanes: d.line.lanes.of(row.Group, r.termsOf(row.Position))}
		d.line.begin(w.position, w.lanes)
		group.Go(func() error {
			free := sync.OnceFunc(d.slots.give)
			defer free()
			return d.walk(w, row, func() error { return r.resume(gctx, row, free) })
		})
	}
	again, stopped := d.dispatch(gctx, starting)
	err = group.Wait()
	switch {
	case err != nil:
		return false, err
	case r.isHalted():
		return false, r.cause
	case ctx.Err() != nil:
		return false, ErrInterrupted
	case errors.Is(stopped, ErrInterrupted) && r.stoppedBy() != nil && !r.drained():
		return false, nil
	case errors.Is(stopped, ErrInterrupted):
		return false, r.unlessStarted(stopped)
	}
	return again, stopped
}

// unlessStarted is nil if nothing is left that could start, so that whoever was
// told to end at the very end has ended all the same.
func (r *runner) unlessStarted(interrupted error) error {
	for row, err := range r.Ledger.Open(StatePending) {
		if err != nil {
			return err
		}
		if !row.Left && !r.excludes(row) {
			return interrupted
		}
	}
	return nil
}

// drained reports whether somebody said that nothing new is to start.
func (r *runner) drained() bool {
	select {
	case <-r.Drain:
		return true
	default:
		return r.ordered()
	}
}

// running returns the rows whose runs are in flight; they are no more
// than were once in flight together, and those that were adopted.
func (r *runner) running() (rows []Row, err error) {
	for row, err := range r.Ledger.Open(StateRunning) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
