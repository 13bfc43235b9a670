package batch

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stopGrace is how long a run that we stopped is given to come to its end.
const stopGrace = 3 * time.Minute

// ordered reports whether the runs in flight are to be stopped.
func (r *runner) ordered() bool {
	select {
	case <-r.Stop:
		return true
	default:
		return false
	}
}

// finishStopped writes the end of a run that was stopped by order. Nobody judges
// it: the task is pending again, and what its retry has used up stays.
func (r *runner) finishStopped(row Row, ended Event) error {
	if r.Tasks != nil && !r.ordered() { // it was an earlier process that was told to
		defer r.anew.Store(true)
	}
	r.forgetTerms(row.Position)
	return r.append(ended, Event{
		Kind: TaskRetried, Position: row.Position, ID: row.ID, Place: row.Place, Attempt: row.Attempt, Retries: row.Retries,
		Verdict: &Verdict{Outcome: Failed, Reason: Stopped, Message: "stopped by order; the task is to be run anew"},
	})
}

// seenBlind takes in what the service says of the run where what it says may hold
// a secret that nobody knows: that it was stopped by order, and nothing else.
func (o *observation) seenBlind(run Observed) (bool, error) {
	drop(run)
	if run.Status == StatusStopped && o.row.StopWhy == StopOrder {
		run = Observed{ID: o.row.RunID, Status: run.Status, CreatedAt: run.CreatedAt, StartedAt: run.StartedAt, EndedAt: run.EndedAt}
		o.ended = &Event{Kind: AttemptEnded, Position: o.row.Position, Attempt: o.row.Attempt, At: time.Now().UTC(), Run: &run}
	}
	return run.Status.Ended(), nil
}

// order carries out an order to stop the run. Whether it does so before or after
// its deadline has is all the same to the service; the task has failed if it was
// the deadline's doing.
func (o *observation) order(ctx context.Context) (bool, error) {
	o.forgetOnce.Do(o.pace.forget) // the looks that wait would hold up the stops
	o.isOrdered, o.looked = true, false
	if o.stopping {
		return false, nil // its deadline has stopped it: its end is all that is waited for
	}
	return o.stop(ctx)
}

// late is called when a time has come: the run's deadline, that of its end after
// a stop, or that of sending again a stop that was not accepted.
func (o *observation) late(ctx context.Context) (bool, error) {
	switch {
	case o.isOrdered && !o.looked && o.stopping:
		// Many stops may have gone before this run's turn to be looked at.
		o.patience += stopGrace
		return false, nil
	case o.isOrdered && time.Since(o.row.StopAt) >= stopGrace:
		o.warnStop(fmt.Sprintf("%s: run %s was told to stop and has not ended within %s: it may go on", o.row.ID, o.row.RunID, stopGrace+o.patience))
		return true, nil // the next process sees what became of it
	case o.isOrdered:
		return o.stop(ctx)
	case !o.silent.IsZero():
		return false, nil
	case o.stopping:
		err := o.judged(o.row, Verdict{
			Outcome: Failed, Reason: Deadline,
			Message: fmt.Sprintf("the run passed its timeout of %s and did not end within %s of being stopped", o.row.Timeout, stopGrace),
		})
		o.row.State = StateDone
		return true, err
	}
	return o.stop(ctx)
}

// stop sends one stop, as soon as the pacer lets it and its intent is durable. A
// stop is sent again only after a 429 or when it did not leave this machine: that
// one did nothing. Whatever came of it, the next looks show it: a run that had
// ended before keeps its result.
func (o *observation) stop(ctx context.Context) (bool, error) {
	if o.pace.wait(ctx) != nil {
		return true, nil
	}
	select {
	case <-o.refused:
		return true, nil
	default:
	}
	why, said := StopDeadline, fmt.Sprintf("timeout of %s passed", o.row.Timeout)
	if o.isOrdered && o.row.StopWhy != StopDeadline {
		why, said = StopOrder, "told to stop"
	}
	at := time.Now().UTC()
	err := o.append(Event{Kind: StopIntended, Position: o.row.Position, Attempt: o.row.Attempt, At: at, Why: why, Message: said})
	if err != nil {
		return false, err
	}
	if o.stops == 0 || !o.isOrdered {
		o.row.StopAt = at // from then on its end is waited for, however often the stop is sent
	}
	o.row.StopWhy, o.stopping = why, true
	err = o.Provider.Stop(ctx, o.row.RunID)
	o.stops++
	var refused *RefusedError
	var throttled *ThrottledError
	var unsent *NotCreatedError
	wait := jitter(backoff(o.stops, resendFirst, resendMost))
	switch {
	case err == nil, errors.Is(err, ErrAlreadyEnded), ctx.Err() != nil:
	case errors.As(err, &refused):
		return true, o.halt(err)
	case errors.As(err, &unsent):
		o.stopping, o.again = false, time.Now().Add(wait)
	case errors.As(err, &throttled):
		o.pace.throttled()
		o.stopping, o.again = false, time.Now().Add(max(throttled.RetryAfter, wait))
	default:
		o.warnStop(fmt.Sprintf("%s: the stop of run %s (%s) was not confirmed: %s", o.row.ID, o.row.RunID, said, o.said(err)))
	}
	return false, nil
}

// stopsTold is how many stops without effect are told one by one. The run stays
// in flight in the ledger, where all of them are seen.
const stopsTold = 10

func (o *observation) warnStop(message string) {
	o.mu.Lock()
	o.stopsTold++
	n := o.stopsTold
	o.mu.Unlock()
	switch {
	case n < stopsTold:
		o.warn(message)
	case n == stopsTold:
		o.warn(message + "; others like it are not told")
	}
}
