package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// How long a task keeps trying to reach a service that can't be reached
// before the batch is halted, and the bounds of the wait between two tries.
const (
	unreachableFor = 10 * time.Minute
	resendFirst    = time.Second
	resendMost     = time.Minute
)

// How the batch brakes when creates are not answered: each one in a row holds
// the next ones back for longer, and so many of them halt the batch. Every one
// may have bought a run that nobody will see.
const (
	unsureFirst = time.Second
	unsureWait  = time.Minute
	unsureMost  = 10
)

// detachGrace is how long a create that is on its way may go on after the
// context was cancelled: its answer is worth a wait that nobody notices.
const detachGrace = 700 * time.Millisecond

// submit buys a run for the task, and reports whether one is running. It sends
// a create again only when the one before was surely not accepted.
func (r *runner) submit(ctx, starting context.Context, task Task, row Row) (Row, bool, error) {
	if row.Attempt == 0 || row.Absent || row.Spent {
		row.Attempt++ // an attempt that a run may yet turn up for keeps its number
	}
	began := time.Now()
	tracking, withoutMarker := r.tracking(), false
	for try := 1; ; try++ {
		if r.pace.waitCreate(starting) != nil {
			return row, false, nil
		}
		at := time.Now().UTC()
		m := newMarker(r.Batch, task.ID, row.Attempt)
		sent, marked := task.Spec.marked(m, tracking)
		if !marked {
			m = ""
		}
		err := r.append(Event{
			Kind: AttemptIntended, Position: row.Position, Attempt: row.Attempt, At: at,
			// The digest is that of what pairs compared with the row.
			Digest: strings.TrimPrefix(row.Run, runVersion), Marker: string(m), Offset: r.Offset,
		})
		if skipped, err := r.skippedMeanwhile(row, err); skipped || err != nil {
			return row, false, err
		}
		row.State, row.IntendedAt, row.Offset = StateStarting, at, r.Offset
		if err := r.stillOurs(row); err != nil {
			return row, false, err
		}
		run, err := r.create(ctx, row, sent)
		if err == nil {
			if withoutMarker {
				r.mu.Lock()
				r.unmarked = true
				r.mu.Unlock()
			}
			return r.started(ctx, row, sent, m, run)
		}
		if marked && refusesMarker(err) {
			// The marker may be what the service finds fault with: once more
			// without it. If that is accepted, the ledger shows it and no later
			// create carries one.
			if err := r.rejected(row, err); err != nil {
				return row, false, err
			}
			row.Attempt++
			tracking, withoutMarker = TrackNever, true
			continue
		}
		wait, err := r.notStarted(ctx, row, task, try, time.Since(began), err)
		if err != nil || wait < 0 {
			return row, false, err
		}
		if !sleep(starting, wait) {
			return row, false, nil
		}
	}
}

// tracking is which creates carry a marker from now on.
func (r *runner) tracking() Tracking {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Batch == "" || r.unmarked {
		return TrackNever
	}
	return r.Tracking
}

// refusesMarker reports whether a create was refused for something in its body.
func refusesMarker(err error) bool {
	var rejected *RejectedError
	return errors.As(err, &rejected) && rejected.Status == 400
}

// unknown records a create of which it is not known whether it made a run,
// rejected one that surely made none.
func (r *runner) unknown(row Row, message string) error {
	r.budget.inDoubt(row.Position)
	return r.append(Event{Kind: AttemptUnknown, Position: row.Position, Attempt: row.Attempt, Message: message})
}

func (r *runner) rejected(row Row, cause error) error {
	return r.append(Event{Kind: AttemptRejected, Position: row.Position, Attempt: row.Attempt, Message: cause.Error()})
}

// overtakenAfter is how long there may be between an intent and its create
// before the ledger is asked whether another process has come in between.
const overtakenAfter = 100 * time.Millisecond

// stillOurs is called last before a create is sent. A process that was stopped
// since its intent may have been taken for dead, and what it is about to buy
// been looked for in vain and bought by another: then it is an [ErrConflict].
func (r *runner) stillOurs(row Row) error {
	if time.Since(row.IntendedAt) < overtakenAfter {
		return nil
	}
	now, err := r.Ledger.Task(row.Position)
	if err == nil && (now.State != StateStarting || now.Attempt != row.Attempt || !now.IntendedAt.Equal(row.IntendedAt)) {
		err = fmt.Errorf("task %d was taken over by another process before its create was sent: %w", row.Position, ErrConflict)
	}
	return err
}

// create sends the one request that costs money.
func (r *runner) create(ctx context.Context, row Row, s Spec) (Observed, error) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(detachGrace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-late.Done():
		}
	})
	defer stop()
	run, err := r.Provider.Start(late, s)
	switch {
	case err != nil:
	case run.ID == "":
		drop(run)
		err = errors.New("the service accepted the create and named no run id")
	case r.hides(row).ids.Mask(run.ID) != run.ID:
		drop(run)
		err = errors.New("the service accepted the create and named a run id that holds the value of a secret")
	}
	return run, err
}

func (r *runner) started(ctx context.Context, row Row, sent Spec, m marker, run Observed) (Row, bool, error) {
	echo := r.echo(sent, m, run)
	drop(run) // its end is read, and its result with it
	run.Result = Result{}
	r.hides(row).run(&run)
	at := time.Now().UTC()
	err := r.append(Event{Kind: AttemptStarted, Position: row.Position, Attempt: row.Attempt, At: at, Run: &run, Echo: echo})
	if errors.Is(err, ErrConflict) {
		// Not our state: the id belongs to another attempt already.
		return row, false, r.unsure(ctx, row, fmt.Errorf("the service answered with the run id %q, which belongs to another task", run.ID))
	}
	r.budget.accepted(row.Position)
	r.mu.Lock()
	r.unsureInRow = 0
	r.mu.Unlock()
	row.State, row.StartedAt = StateRunning, at
	row.RunID, row.Status, row.CreatedAt = run.ID, run.Status, run.CreatedAt
	return row, err == nil, err
}

// echo compares an answer with what was sent: the first of a process, and now
// and then one, since a service does not change from one to the next.
func (r *runner) echo(sent Spec, m marker, run Observed) *Echo {
	r.mu.Lock()
	n := r.answered
	r.answered++
	r.mu.Unlock()
	if run.Partial || n >= echoFirst && n%echoEvery != 0 {
		return nil
	}
	e := echoOf(sent, m, run)
	return &e
}

// notStarted records a create that gave no run id, and returns how long to
// wait before it may be sent again; less than 0 means never.
func (r *runner) notStarted(ctx context.Context, row Row, task Task, try int, since time.Duration, cause error) (time.Duration, error) {
	var refused *RefusedError
	var rejected *RejectedError
	var throttled *ThrottledError
	var unsent *NotCreatedError
	surely := errors.As(cause, &refused) || errors.As(cause, &rejected) ||
		errors.As(cause, &throttled) || errors.As(cause, &unsent)
	if !surely {
		return -1, r.unsure(ctx, row, cause)
	}
	if rejected != nil {
		// Together: a member of a repetition that is pending for a moment would be
		// skipped when the repetition becomes certain in it.
		row.State = StatePending
		return -1, r.endAttempt(row, Verdict{Outcome: Failed, Reason: Rejected, Message: cause.Error()},
			Event{Kind: AttemptRejected, Position: row.Position, Attempt: row.Attempt, Message: cause.Error()})
	}
	if err := r.rejected(row, cause); err != nil {
		return -1, err
	}
	switch {
	case refused != nil:
		return -1, r.halt(cause)
	case throttled != nil:
		wait := throttled.RetryAfter
		if wait <= 0 {
			wait = jitter(backoff(try, resendFirst, resendMost))
		}
		r.pace.throttled()
		r.pace.holdCreates(wait)
		r.warnSlow(row, try, fmt.Sprintf("the service answers 429 (%s); waiting %s and sending again", throttled.Message, wait.Round(time.Second)))
		return wait, nil
	case since > unreachableFor:
		return -1, r.halt(&UnreachableError{Err: cause})
	default:
		r.warnSlow(row, try, fmt.Sprintf("the service cannot be reached (%s); trying again", cause))
		return jitter(backoff(try, resendFirst, resendMost)), nil
	}
}

// warnSlow tells of a create that was not accepted several times, on the 3rd,
// 6th, 12th … try, so that a stuck batch speaks and a busy one does not chatter.
func (r *runner) warnSlow(row Row, try int, message string) {
	for n := 3; n <= try; n *= 2 {
		if n == try {
			r.warnOf(row.Position, fmt.Sprintf("%s: %s", row.ID, message))
		}
	}
}

// unsure records a create whose fate is not known. It is never simply sent
// again. A create that we gave up ourselves, being told to end, says nothing of
// the service.
func (r *runner) unsure(ctx context.Context, row Row, cause error) error {
	if ctx.Err() != nil {
		return r.unknown(row, "the process was told to end before the answer to the create came")
	}
	r.mu.Lock()
	r.unsureInRow++
	n := r.unsureInRow
	r.mu.Unlock()
	r.pace.holdCreates(backoff(n, unsureFirst, unsureWait))
	err := r.unknown(row, "the answer to the create is missing: "+cause.Error())
	if err == nil && n >= unsureMost {
		err = r.halt(&UnreachableError{Err: fmt.Errorf("%d creates in a row got no usable answer, the last one: %w", n, cause)})
	}
	return err
}

func (r *runner) warn(message string) { r.Warn(r.hiding.texts.Mask(message)) }

// warnOf is warn about a task.
func (r *runner) warnOf(position int, message string) {
	r.Warn(r.hidesAt(position).texts.Mask(message))
}
