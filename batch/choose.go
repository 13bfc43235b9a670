package batch

import (
	"context"
	"time"
)

// choose waits for the next task that may start: one of those that were passed
// over, else the next of the manifest. over says that there is none left.
func (d *dispatcher) choose(starting context.Context) (w waiter, row Row, over bool, err error) {
	for {
		if starting.Err() != nil {
			return w, row, false, ErrInterrupted
		}
		now := time.Now()
		w, ok := d.line.next(now, func(t Task) bool { return d.tallies.stands(t.Group) })
		read := !ok && d.nextPair != nil
		if read {
			w, row, ok, err = d.read(now)
		}
		if ok && (!read || d.later || row.Repeat != nil) {
			// What the row was may be long ago.
			row, err = d.Ledger.Task(w.position)
			ok = row.State == StatePending
		}
		switch {
		case err != nil || ok:
			return w, row, false, err
		case read:
			continue
		}
		if over, err = d.rest(starting); err != nil || over {
			return w, row, over, err
		}
	}
}

// read reads the manifest's next task, and reports whether it may start now.
func (d *dispatcher) read(now time.Time) (w waiter, row Row, ok bool, err error) {
	p, err, more := d.nextPair()
	if err != nil {
		return w, row, false, err
	}
	row = p.row
	if !more || d.probing && row.Place > d.canaries.last() {
		d.endPass()
		d.nextPair = nil
		return w, row, false, nil
	}
	if p.task.Skip != "" {
		return w, row, false, d.skip(p.task, row)
	}
	if row.State != StatePending || row.Left || d.excludes(row) || d.probing && !d.canaries.has(row.Place) || d.tallies.stands(row.Group) || d.line.has(row.Position) {
		return w, row, false, nil
	}
	after := row.After
	if latest := now.Add(retryMost); after.After(latest) {
		after = latest // the clock was put back
	}
	w = waiter{task: p.task, position: row.Position, after: after, lanes: d.line.lanes.of(row.Group, termsFor(p.task))}
	return w, row, d.line.pass(w, now), nil
}

// rest waits until something may be ready, when the manifest has been passed
// over, and reports whether nothing is left to wait for.
func (d *dispatcher) rest(starting context.Context) (over bool, err error) {
	r := d.line.rest(time.Now())
	switch {
	case r.over:
		return true, nil
	case r.again:
		d.pass()
		d.later = true
		return false, nil
	case r.idle:
		// What is in doubt may be what is waited for, and is settled between the
		// rounds.
		unsure, err := d.unsureRows()
		if err != nil || len(unsure) > 0 || r.wait < 0 {
			d.left = len(unsure) > 0
			return true, err
		}
	}
	var ring <-chan time.Time
	if r.wait >= 0 {
		t := time.NewTimer(r.wait)
		defer t.Stop()
		ring = t.C
	}
	select {
	case <-ring:
	case <-d.line.wake:
	case <-starting.Done():
		return false, ErrInterrupted
	}
	return false, nil
}

// admit waits until a task fits into the budget, and halts the batch when it
// surely does not.
func (d *dispatcher) admit(starting context.Context, w waiter) error {
	for {
		// The runs that are not watched end after this process.
		ok, halted, err := d.budget.admit(w.position, w.task, d.SubmitOnly && d.line.idle())
		if ok || err != nil {
			return err
		}
		if halted != nil {
			if err := d.stop(halted); err != nil {
				return err
			}
			return ErrInterrupted
		}
		select {
		case <-d.line.wake:
		case <-starting.Done():
			return ErrInterrupted
		}
	}
}

// walk carries a task of this round on to wherever its steps lead.
func (d *dispatcher) walk(w waiter, row Row, steps func() error) error {
	look := d.SubmitOnly || len(w.lanes) > 0 || d.termsOf(w.position).retry.Max > 0
	var now Row // where it stands then; zero where that does not matter
	defer func() {
		abroad := d.SubmitOnly && now.State == StateRunning
		if !abroad {
			d.budget.release(w.position)
		}
		var again *waiter
		var missed time.Time
		if now.State == StatePending && now.Retries > row.Retries {
			if w.after = now.After; w.task.ID != "" {
				again = &w
			} else {
				missed = now.After
			}
		}
		d.line.end(w.position, w.lanes, abroad || now.State == StateUnsure || now.State == StateStarting, again, missed)
	}()
	err := d.guard(row, steps)
	if err == nil && look {
		now, err = d.Ledger.Task(w.position)
	}
	return err
}
