package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// A retrying is a choice of tasks of a batch that are run again.
type retrying struct {
	where *where     // nil for those that did not pass
	info  batch.Info // of the batch, before it is taken up

	chosen  positions
	passed  positions // of the chosen, as they were looked at
	unknown positions
	counts  map[batch.Outcome]int // of those that are chosen
	left    map[batch.Outcome]int // of those that might have been, and are not
	flying  int                   // tasks in flight: they are watched and not run again

	taken bool   // the batch was taken up
	next  string // the command that goes on with it then; "" where the same one does
	after string // a newer batch, with which that goes on first; "" for none
}

// choose goes through a batch and decides which tasks are run again. each, which
// may be nil, is told of them.
func (r *retrying) choose(b *ledger.Batch, each func(batch.Record) error) error {
	r.chosen, r.passed, r.unknown = nil, nil, nil
	r.counts, r.left, r.flying = map[batch.Outcome]int{}, map[batch.Outcome]int{}, 0
	for rec, err := range b.Records(0) {
		if err != nil {
			return err
		}
		fits := worthRetrying(rec)
		switch {
		case rec.Left:
			continue
		case !atRest(rec.State):
			r.flying++
			if !r.ended(rec.State) {
				continue
			}
			fits, rec.Outcome = true, batch.NotStarted // its run ended with its server
		}
		if r.where != nil {
			if fits, err = r.where.fits(rec); err != nil {
				return err
			}
		}
		if !fits {
			r.left[rec.Outcome]++
			continue
		}
		if rec.Stale {
			return usage(fmt.Errorf("--where: task %q passed, and asks something else now: a retry would not ask what it asked", rec.ID),
				"bbbatch apply --rerun changed buys it anew; add id != ... to --where to leave it out")
		}
		r.counts[rec.Outcome]++
		r.take(rec.Position, rec.Outcome)
		if each != nil {
			if err := each(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// worthRetrying reports whether a task is run again when nobody says which. A
// repetition is one by its members together: of one that passed nothing is run
// again, of another also those that were not needed.
func worthRetrying(rec batch.Record) bool {
	switch {
	case rec.Repeat == nil:
		return didNotPass(rec.Outcome)
	case rec.Passed >= rec.Repeat.Pass, rec.Skip != "":
		return false
	}
	return didNotPass(rec.Outcome) || rec.Outcome == batch.Skipped
}

// didNotPass reports whether a task with this outcome is run again when nobody
// says which. A run of one that is unknown may exist.
func didNotPass(o batch.Outcome) bool {
	switch o {
	case batch.Passed, batch.Unknown, batch.Skipped, batch.Running:
		return false
	}
	return true
}

// atRest reports whether nothing is under way for a task.
func atRest(s batch.State) bool { return s == batch.StatePending || s == batch.StateDone }

// ended reports whether what is under way for a task ended with the local server
// that the batch had. A result that is there is still judged.
func (r *retrying) ended(s batch.State) bool {
	return r.info.Provider == "local" && (s == batch.StateStarting || s == batch.StateUnsure || s == batch.StateRunning)
}

// take chooses a task that has this outcome.
func (r *retrying) take(position int, o batch.Outcome) {
	r.chosen.add(position)
	switch o {
	case batch.Passed:
		r.passed.add(position)
	case batch.Unknown:
		r.unknown.add(position)
	}
}

// stillMeant reports whether a task that is done now was chosen, and not as
// something less: nobody has agreed to buy again what has passed since, or of
// which a run may exist since.
func (r *retrying) stillMeant(row batch.Row) bool {
	switch row.Outcome {
	case batch.Passed:
		return r.passed.has(row.Position)
	case batch.Unknown:
		return r.unknown.has(row.Position)
	}
	return r.chosen.has(row.Position)
}

// only is what of the batch may start: nil for everything that is pending.
func (r *retrying) only() func(position int) bool {
	if r == nil || r.where == nil {
		return nil
	}
	return r.chosen.has
}

func (r *retrying) total() int {
	n := 0
	for _, k := range r.counts {
		n += k
	}
	return n
}

// takeUp reopens the batch and makes the chosen tasks pending, under the lock.
// What they are now was looked at before, and is looked at again: one that has
// passed since, or has become unknown, is not bought again.
func (r *retrying) takeUp(a *application) (*ledger.Batch, error) {
	b, err := a.store.Batch(r.info.ID)
	if err != nil {
		return nil, err
	}
	if r.info, err = b.Info(); err != nil {
		return nil, err
	}
	if a.doubt() && r.info.Provider != "local" {
		a.lookBack = r.info.OpenedAt
	}
	a.show.say("retrying batch %s: %s", titled(r.info), countsInWords(r.counts))
	if n := r.left[batch.Unknown]; n > 0 && r.where == nil {
		a.show.say("%s", unknownLeft(n))
	}
	policy := a.policy
	at := a.sys.Now().UTC()
	events := []batch.Event{{Kind: batch.BatchContinued, Position: -1, At: at, Policy: &policy, Message: byRetry}}
	for row, err := range b.Rows(0) {
		if err != nil {
			return nil, err
		}
		for _, e := range r.again(row) {
			e.At = at
			events = append(events, e)
		}
		if len(events) >= retryChunk {
			if err := b.Append(events...); err != nil {
				return nil, err
			}
			events = events[:0]
		}
	}
	if len(events) > 0 {
		err = b.Append(events...)
	}
	r.taken = err == nil
	return b, err
}

// retryChunk is about how many events share a transaction.
const retryChunk = 500

// again is what makes a task pending, if it is chosen and is not so already.
func (r *retrying) again(row batch.Row) []batch.Event {
	gone := batch.Verdict{Outcome: batch.Failed, Reason: batch.Lost, Message: "the local server ended with its process, and the run with it"}
	retried := batch.Event{Kind: batch.TaskRetried, Position: row.Position, ID: row.ID, Attempt: row.Attempt, Message: "ordered with bbbatch retry"}
	switch {
	case row.Left:
	case row.State == batch.StateDone:
		if r.stillMeant(row) {
			return []batch.Event{retried}
		}
	case r.ended(row.State):
		// Nobody can be asked what became of it, so that it is given up also where
		// it is not chosen.
		retried.Verdict, retried.Message = &gone, gone.Message
		if row.State == batch.StateStarting {
			return []batch.Event{{Kind: batch.AttemptUnknown, Position: row.Position, Attempt: row.Attempt, Message: gone.Message}, retried}
		}
		return []batch.Event{retried}
	}
	return nil
}

// leave puts a batch of which a part was run back to how it was: closed, or
// halted. What was not chosen has not started, and does not start by itself.
func (r *retrying) leave(a *application, b *ledger.Batch, err error) error {
	if r.where == nil || err == nil || codeOf(err) == exitInternal && !errors.Is(err, batch.ErrLeft) {
		return err
	}
	info, e := b.Info()
	if e != nil {
		return errors.Join(err, e)
	}
	finished := errors.Is(err, batch.ErrLeft)
	at := a.sys.Now().UTC()
	switch {
	case finished && !r.info.ClosedAt.IsZero():
		return b.Append(batch.Event{Kind: batch.BatchClosed, Position: -1, At: at, Message: "what --where did not select was left"})
	case info.Halted == "" && r.left[batch.NotStarted]+r.left[batch.Pending] > 0:
		message := firstOf(r.info.Halted, "only what --where selected was run again")
		if e := b.Append(batch.Event{Kind: batch.BatchHalted, Position: -1, At: at, Message: message}); e != nil {
			return e
		}
	}
	if !finished {
		return err
	}
	n := r.left[batch.NotStarted] + r.left[batch.Pending]
	return &failure{exitStopped, fmt.Errorf("%s not started: --where did not select them", countOf(n, "task has", "tasks have")),
		again(withState([]string{"retry", r.info.ID}, a.state)) + " runs them"}
}

// nothing says why nothing is run again. The exit code is that of the batch.
func (r *retrying) nothing(sys Sys, sum batch.Summary) error {
	line := "nothing to retry in batch " + titled(sum.Info) + ": " + firstOf(countsInWords(sum.Counts), "it has no tasks")
	if r.where != nil {
		line = "nothing to retry in batch " + titled(sum.Info) + ": --where fits none of its " + plural(sum.Info.Total, "task")
	}
	hint := ""
	if r.flying > 0 {
		hint = "bbbatch apply collects the runs in flight"
	}
	if n := r.left[batch.Unknown]; n > 0 && r.where == nil {
		line += "\n" + unknownLeft(n)
	}
	say(sys.Stderr, line, hint)
	if code := codeOfSummary(sum); code != exitOK {
		return &failure{code: code, err: errTold}
	}
	return nil
}

func unknownLeft(n int) string {
	return countOf(n, "task is", "tasks are") + ` unknown and not run again: a run may exist. bbbatch show tells where to look; --where 'outcome == "unknown"' buys again`
}

// countsInWords is "12 failed, 3 invalid"; "" for none.
func countsInWords(counts map[batch.Outcome]int) string {
	var words []string
	for _, o := range batch.Outcomes {
		if n := counts[o]; n > 0 {
			words = append(words, report.Count(n)+" "+string(o))
		}
	}
	for o, n := range counts { // of a newer version
		if n > 0 && !slices.Contains(batch.Outcomes[:], o) {
			words = append(words, report.Count(n)+" "+string(o))
		}
	}
	return strings.Join(words, ", ")
}
