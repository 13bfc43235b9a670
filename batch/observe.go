package batch

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How often a run must be not found, over how long, before it counts as lost,
// and how long the service may be out of reach before the batch is halted.
const (
	lostAfter   = 3
	lostOver    = time.Minute
	silenceMost = 10 * time.Minute // also of answers that can't be read
	garbledMost = 3
	silenceTold = 20 * time.Second
)

// follow waits for the end of a run that exists and judges it. It returns
// without a verdict when the context ends or the batch is halted: the run goes
// on, and the ledger knows it.
func (r *runner) follow(ctx context.Context, row Row, s *judge, free func()) error {
	if row.State == StateEnded {
		result, err := r.Ledger.Result(row.Position, row.Attempt)
		if err != nil {
			return err
		}
		v, err := r.verdict(ending{row: row, judge: s, result: result})
		if err != nil {
			return err
		}
		return r.judged(row, v)
	}
	row, ended, err := r.observe(ctx, row)
	if err != nil || ended == nil {
		return err
	}
	r.budget.ended(row, lengthOf(row, *ended.Run))
	stopped := row.StopWhy == StopOrder && ended.Run.Status == StatusStopped
	if stopped || !r.heeds(row) {
		free()
	}
	if stopped {
		return r.finishStopped(row, *ended)
	}
	row.State, row.Status, row.Cause = StateEnded, ended.Run.Status, ended.Run.Cause
	if ended.Run.Result.Aside() {
		// The ledger keeps it in a file of its own, which is what is judged.
		if err := r.append(*ended); err != nil {
			return err
		}
		return r.follow(ctx, row, s, free)
	}
	return r.finishRun(row, s, *ended)
}

// finishRun writes the end of a run and its verdict together. Whatever becomes
// of the judging, the end with its result is written.
func (r *runner) finishRun(row Row, s *judge, ended Event) error {
	judged := false
	defer func() {
		if !judged { // a panic is on its way to guard
			_ = r.append(ended)
		}
	}()
	v, err := r.verdict(ending{row: row, judge: s, result: ended.Run.Result, run: ended.Run})
	if err != nil {
		return err
	}
	judged = true
	return r.endAttempt(row, v, ended)
}

// observe watches a run until it has ended, and stops it when its deadline has
// passed. It returns the event of the end, which is not written yet, or nil when
// the task was judged on the way or the run is let go.
func (r *runner) observe(ctx context.Context, row Row) (Row, *Event, error) {
	v := r.visit(ctx, row.RunID, row.StartedAt)
	defer func() { v.leave() }()
	o := observation{runner: r, row: row}
	order := r.Stop
	var deadline <-chan time.Time
	for {
		var done bool
		var err error
		select {
		case <-ctx.Done():
			return o.row, nil, nil
		case <-r.refused:
			return o.row, nil, nil // the next process reads the run
		case s, ok := <-v.sights:
			if !ok {
				return o.row, nil, nil
			}
			o.looked = true
			done, err = o.see(ctx, s)
		case <-order:
			order = nil
			v.leave() // all stops come before the looks that show what came of them
			done, err = o.order(ctx)
			v = r.visit(ctx, row.RunID, time.Now())
		case <-deadline:
			done, err = o.late(ctx)
		}
		if done || err != nil {
			return o.row, o.ended, err
		}
		deadline = o.timer()
	}
}

// A visit is the watcher looking at one run for us.
type visit struct {
	sights <-chan sight
	cancel context.CancelFunc
}

func (r *runner) visit(ctx context.Context, runID string, since time.Time) visit {
	ctx, cancel := context.WithCancel(ctx)
	return visit{r.watch.watch(ctx, runID, since), cancel}
}

// leave ends the visit, and waits until the watcher has let go of the run.
func (v visit) leave() {
	v.cancel()
	for s := range v.sights {
		drop(s.run)
	}
}

// An observation is one run being watched.
type observation struct {
	*runner
	row      Row
	ended    *Event    // the end, once the service has told of it
	heard    bool      // the service told us something of the run
	silent   time.Time // since when it has not; zero while it does
	missing  int       // answers in a row that did not know it
	garbled  int       // answers in a row that could not be read
	noise    time.Time // the first of those
	since    time.Time // the first of those
	stopping bool      // we sent a stop, in this process
	stops    int       // that were sent, those included that were throttled
	again    time.Time // when a stop that was throttled is sent again
	armed    *time.Timer

	isOrdered bool          // to stop; then also the deadline is nobody's concern any more
	looked    bool          // at the run, since it was
	patience  time.Duration // more of it than stopGrace
}

// timer arms the deadline. It is armed only after a first look, since the run
// may have ended long ago, while nobody watched.
func (o *observation) timer() <-chan time.Time {
	if !o.heard && !o.isOrdered {
		return nil
	}
	at := o.row.StartedAt.Add(o.row.Timeout)
	switch {
	case o.stopping:
		at = o.row.StopAt.Add(stopGrace + o.patience)
	case !o.again.IsZero():
		at = o.again
	}
	wait := time.Until(at)
	if !o.silent.IsZero() && !o.isOrdered {
		wait = max(wait, lookMost) // nothing is decided while nothing is heard
	}
	if o.armed == nil {
		o.armed = time.NewTimer(wait)
	} else {
		o.armed.Reset(wait)
	}
	return o.armed.C
}

// see takes in one look at the run, and reports whether watching is over.
func (o *observation) see(ctx context.Context, s sight) (bool, error) {
	var refused *RefusedError
	var panicked *panicError
	switch {
	case errors.As(s.err, &panicked):
		panic(panicked) // for guard
	case s.err == nil:
		o.heard, o.silent, o.missing, o.garbled = true, time.Time{}, 0, 0
		return o.seen(s.run)
	case errors.Is(s.err, ErrNotFound):
		o.silent, o.garbled = time.Time{}, 0
		return o.notFound()
	case errors.As(s.err, &refused):
		return true, o.halt(s.err)
	}
	if o.silent.IsZero() {
		o.silent = time.Now()
	}
	o.warnSilent(time.Since(o.silent), s.err)
	var unreadable *UnreadableError
	if !errors.As(s.err, &unreadable) {
		o.garbled = 0
	} else if o.garbled++; o.garbled == 1 {
		o.noise = time.Now()
	}
	switch {
	case o.garbled >= garbledMost && time.Since(o.noise) > silenceMost:
		return o.unreadable(ctx, s.err)
	case o.garbled == 0 && time.Since(o.silent) > silenceMost:
		return true, o.halt(&UnreachableError{Err: s.err})
	}
	return false, nil
}

// unreadable is called when nothing that was answered about the run could be
// read for long. Where the service is well otherwise the run is given up, so
// that one bad answer does not hold up the batch for ever.
func (o *observation) unreadable(ctx context.Context, cause error) (bool, error) {
	if o.pace.wait(ctx) != nil {
		return true, nil
	}
	_, err := o.Provider.Check(ctx)
	var refused *RefusedError
	var throttled *ThrottledError
	switch {
	case ctx.Err() != nil:
		return true, nil
	case errors.As(err, &refused):
		return true, o.halt(err)
	case errors.As(err, &throttled):
		o.pace.throttled()
		return false, nil // the next look asks again
	case err != nil:
		return true, o.halt(&UnreachableError{Err: cause})
	}
	err = o.judged(o.row, Verdict{
		Outcome: Failed, Reason: Lost,
		Message: fmt.Sprintf("nothing that the service says of the run %s could be read for %s (%s); look at it there, it may have a result or still be running",
			o.row.RunID, silenceMost, o.said(cause)),
	})
	o.row.State = StateDone
	return true, err
}

// seen takes in what the service says of the run.
func (o *observation) seen(run Observed) (bool, error) {
	run.ID = o.row.RunID // what we asked for, whatever the answer claims
	if o.Blind || o.leavesHidden(o.row) {
		return o.seenBlind(run)
	}
	hides := o.hides(o.row)
	hides.run(&run)
	if run.Status.Ended() {
		o.ended = &Event{Kind: AttemptEnded, Position: o.row.Position, Attempt: o.row.Attempt, At: time.Now().UTC(), Run: &run}
		return true, nil
	}
	if !run.Status.Known() && len(hides.unknown) == 0 {
		o.warnStatus(run.Status)
	}
	drop(run)
	run.Result = Result{}
	if run.Status == o.row.Status || run.Status == StatusPending {
		return false, nil // nothing new, or a step back, which a status never takes
	}
	if run.Status == StatusPaused {
		o.warn(fmt.Sprintf("run %s is PAUSED: it waits for an answer that this version can't give; its deadline stops it", run.ID))
	}
	o.row.Status = run.Status
	return false, o.append(Event{Kind: RunObserved, Position: o.row.Position, Attempt: o.row.Attempt, Run: &run})
}

// notFound counts answers that do not know the run.
func (o *observation) notFound() (bool, error) {
	now := time.Now()
	if o.missing == 0 {
		o.since = now
	}
	o.missing++
	o.warnSilent(now.Sub(o.since), ErrNotFound)
	if o.missing < lostAfter || now.Sub(o.since) < lostOver {
		return false, nil
	}
	err := o.judged(o.row, Verdict{
		Outcome: Failed, Reason: Lost,
		Message: fmt.Sprintf("the service no longer knows the run %s: it answered 404 %d times", o.row.RunID, o.missing),
	})
	o.row.State = StateDone
	return true, err
}

// warn is for what a person should know of the run.
func (o *observation) warn(message string) { o.warnOf(o.row.Position, message) }

// said is an error of the service in words: none of its own where they may hold
// what nobody here knows to hide.
func (o *observation) said(err error) string {
	if len(o.hides(o.row).unknown) > 0 {
		return "what it said is not repeated"
	}
	return err.Error()
}

// warnSilent tells, once a minute for all runs together, that nothing is heard
// of a run for a while.
func (o *observation) warnSilent(since time.Duration, err error) {
	if since < silenceTold {
		return
	}
	o.mu.Lock()
	told := time.Since(o.lastSilent) < time.Minute
	if !told {
		o.lastSilent = time.Now()
	}
	o.mu.Unlock()
	if !told {
		o.warn(fmt.Sprintf("nothing is heard of run %s for %s (%s); still asking", o.row.RunID, since.Round(time.Second), o.said(err)))
	}
}

// warnStatus tells once of a status word that this version does not know.
func (r *runner) warnStatus(s Status) {
	r.mu.Lock()
	told := r.known[s] || len(r.known) >= 20
	r.known[s] = true
	r.mu.Unlock()
	if !told {
		r.warn(fmt.Sprintf("unknown run status %q: treated as a run that is still going on", s))
	}
}
