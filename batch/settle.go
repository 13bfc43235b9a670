package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// How many unsure creates one listing serves, how far back of the first one it
// reaches beyond the clocks' offset, and how often one that fails is made again.
const (
	settleMost   = 1000
	settleMargin = 2 * time.Minute
	listTries    = 3
)

// vainMost is how many creates of a task may be lost without making a run
// before it is given up: what loses them may be the task itself.
const vainMost = 3

// A pass is what an earlier complete listing said of an unsure attempt.
type pass struct {
	at    time.Time
	clear bool
}

// takeStock looks once for the runs of creates that an earlier process left
// without an answer, so that those that exist are watched from the start, and,
// when [Config.LookBack] is set, for runs that the ledger has lost.
func (r *runner) takeStock(ctx context.Context) error {
	rows, err := r.unsureRows()
	if err != nil || len(rows) == 0 && r.LookBack.IsZero() {
		return err
	}
	s, found, listErr, err := r.look(ctx, rows, r.LookBack)
	if err != nil {
		return err
	}
	if listErr != nil { // not known is not absent; the end of the batch looks again
		if !r.LookBack.IsZero() && ctx.Err() == nil {
			r.warn(fmt.Sprintf("the service's runs could not all be listed (%s): runs that the ledger may have lost when it was damaged were not looked for", listErr))
		}
		return nil
	}
	if _, err := r.conclude(rows, found, time.Now(), nil); err != nil {
		return err
	}
	return r.adoptStrays(s.strays)
}

// settle decides about every create whose answer was lost, at the end of a
// round: its run is adopted, or it surely made none and the task is pending
// again, or the task ends as unknown. Only two complete listings, the settle
// time apart, show that there is no run. more says that there is work again.
func (r *runner) settle(ctx, starting context.Context) (more bool, err error) {
	for {
		rows, err := r.unsureRows()
		if err != nil || len(rows) == 0 {
			return more, err
		}
		// Not even at once, when told to end: what is not known stays so.
		if starting.Err() != nil || !sleep(starting, r.untilNextPass(rows)) {
			return false, ErrInterrupted
		}
		at := time.Now()
		found, listErr, err := r.lookPatiently(ctx, rows)
		if err != nil {
			return false, err
		}
		if ctx.Err() != nil {
			return false, ErrInterrupted
		}
		var refused *RefusedError
		if errors.As(listErr, &refused) {
			if err := r.halt(listErr); err != nil {
				return false, err
			}
			return false, listErr
		}
		again, err := r.conclude(rows, found, at, listErr)
		if err != nil {
			return false, err
		}
		more = more || again
	}
}

func (r *runner) unsureRows() ([]Row, error) {
	var rows []Row
	for row, err := range r.Ledger.Open(StateUnsure) {
		if err != nil {
			return nil, err
		}
		if rows = append(rows, row); len(rows) == settleMost {
			break
		}
	}
	return rows, nil
}

// untilNextPass is how long to wait for the next listing: not at all while
// there is an attempt that none has looked for.
func (r *runner) untilNextPass(rows []Row) time.Duration {
	next := time.Duration(0)
	for _, row := range rows {
		p, ok := r.passes[row.Position]
		if !ok {
			return 0
		}
		next = max(next, time.Until(p.at.Add(r.Settle)))
	}
	return next
}

// conclude acts on what a listing that began at a moment found, and reports
// whether there is work again. With listErr the listing was not complete, and
// what could not be found is not known.
func (r *runner) conclude(rows []Row, found map[int]finding, at time.Time, listErr error) (more bool, err error) {
	for _, row := range rows {
		f := found[row.Position]
		before, second := r.passes[row.Position]
		second = second && at.Sub(before.at) >= r.Settle
		switch {
		case f.run != nil && r.hides(row).ids.Mask(f.run.ID) != f.run.ID:
			err = r.judged(row, Verdict{Outcome: Unknown, Message: "its run was found, under an id that holds the value of a secret"})
		case f.run != nil:
			err = r.adopt(row, row.Attempt, *f.run, "found in a listing")
			for _, id := range f.twice {
				r.warn(fmt.Sprintf("%s: the service made a second run of one create: look at %s", row.ID, id))
			}
			more = true
		case listErr != nil:
			err = r.judged(row, unknownVerdict(f, listErr))
		case !second:
			if _, ok := r.passes[row.Position]; !ok {
				r.passes[row.Position] = pass{at, f.clear}
			}
			continue
		case f.proven && before.clear && r.vain[row.Position]+1 >= vainMost:
			v := unknownVerdict(f, nil)
			v.Message = fmt.Sprintf("the answers to %d creates were lost, and listings show no run of any of them", vainMost)
			err = r.judged(row, v)
		case f.proven && before.clear:
			r.vain[row.Position]++
			if r.vainSince.IsZero() || row.IntendedAt.Before(r.vainSince) {
				r.vainSince = row.IntendedAt
			}
			err = r.append(Event{
				Kind: AttemptRejected, Position: row.Position, Attempt: row.Attempt,
				Message: fmt.Sprintf("the answer to the create was lost, and two complete listings %s apart show no run of it", at.Sub(before.at).Round(time.Second)),
			})
			more = true
		default:
			err = r.judged(row, unknownVerdict(f, nil))
		}
		if err != nil {
			return false, err
		}
		delete(r.passes, row.Position)
	}
	return more, nil
}

// adopt makes a run that was found the attempt's own. A conflict says that
// another process or attempt was faster: the ledger has the run then.
func (r *runner) adopt(row Row, attempt int, run Observed, how string) error {
	drop(run) // its end is read, and its result with it
	run.Result = Result{}
	r.hides(row).run(&run)
	err := r.append(Event{Kind: AttemptAdopted, Position: row.Position, Attempt: attempt, Run: &run, Message: how})
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// adoptStrays gives runs that a damaged ledger lost back to their tasks.
func (r *runner) adoptStrays(s strays) error {
	if s.n == 0 {
		return nil
	}
	for row, err := range r.Ledger.Rows(0) {
		if err != nil {
			return err
		}
		for _, lost := range s.of(markerStem(r.Batch, row.ID)) {
			if row.State == StatePending && (lost.attempt > row.Attempt || lost.attempt == row.Attempt && row.RunID == "") {
				if err := r.adopt(row, lost.attempt, lost.run, "it bears this attempt's marker, and the ledger had lost it"); err != nil {
					return err
				}
				row.State = StateRunning
				continue
			}
			r.warn(fmt.Sprintf("%s: the service made the run %s for its attempt %d, and showed it too late: it is in no record; look at it there", row.ID, lost.run.ID, lost.attempt))
		}
	}
	return nil
}

// lookForLate lists once more at the end of a batch in which a create was sent
// again, and tells of runs that the listings before it did not show. What can't
// be listed is let be: two complete listings said that there is none.
func (r *runner) lookForLate(ctx context.Context) error {
	if r.vainSince.IsZero() {
		return nil
	}
	s, _, listErr, err := r.look(ctx, nil, r.vainSince)
	if err != nil || listErr != nil {
		return err
	}
	return r.adoptStrays(s.strays)
}

// lookPatiently lists until a listing is complete: it costs nothing, and what
// it finds is all that a person has to look at.
func (r *runner) lookPatiently(ctx context.Context, rows []Row) (found map[int]finding, listErr, err error) {
	began := time.Now()
	failed := 0
	for try := 1; ; try++ {
		_, found, listErr, err = r.look(ctx, rows, time.Time{})
		var refused *RefusedError
		var throttled *ThrottledError
		wait := jitter(backoff(try, resendFirst, resendMost))
		switch {
		case listErr == nil, err != nil, ctx.Err() != nil, errors.As(listErr, &refused), time.Since(began) > unreachableFor:
			return found, listErr, err
		case errors.As(listErr, &throttled):
			r.pace.throttled()
			wait = max(wait, throttled.RetryAfter)
		default:
			if failed++; failed == listTries {
				return found, listErr, nil
			}
		}
		sleep(ctx, wait)
	}
}

// look lists once and says what that shows of each row; of an incomplete
// listing, which runs may be whose. since, if it is earlier than all the
// intents, is where the listing begins, and then strays are gathered too.
// listErr is the service's, err the ledger's.
func (r *runner) look(ctx context.Context, rows []Row, since time.Time) (s *search, found map[int]finding, listErr, err error) {
	echoes, err := r.Ledger.Echoes()
	if err != nil {
		return nil, nil, nil, err
	}
	if s, err = newSearch(rows, echoes, r.Ledger.Schema); err != nil {
		return nil, nil, nil, err
	}
	if !since.IsZero() {
		s.strays = straysOf(r.Batch)
	}
	ours, theirs := since, since.Add(r.Offset)
	for _, row := range rows {
		if ours.IsZero() || row.IntendedAt.Before(ours) {
			ours, theirs = row.IntendedAt, row.IntendedAt.Add(row.Offset)
		}
	}
	if err := r.pace.wait(ctx); err != nil {
		return s, nil, err, nil
	}
	for run, err := range r.Provider.List(ctx, theirs.Add(-settleMargin).Truncate(time.Second)) {
		if err != nil {
			listErr = err
			break
		}
		if run.ID == "" || !s.concerns(run) {
			drop(run)
			continue
		}
		owned, err := r.Ledger.Owns(run.ID)
		if err != nil {
			return nil, nil, nil, err
		}
		switch id := r.hiding.ids.Mask(run.ID); {
		case owned:
		case id != run.ID: // nothing may be called by a secret
			s.similar(run.Task, id)
		default:
			s.add(run)
		}
	}
	var doubts []Doubt
	for d, err := range r.Ledger.Doubts(ours.Add(-settleMargin)) {
		if err != nil {
			return nil, nil, nil, err
		}
		if len(s.byText[d.Text]) > 0 {
			doubts = append(doubts, d)
		}
	}
	return s, s.findings(doubts, listErr == nil), listErr, nil
}

func unknownVerdict(f finding, listErr error) Verdict {
	v := Verdict{Outcome: Unknown, Candidates: f.candidates}
	v.Message = "a run may exist; it was not bought again"
	switch {
	case len(f.candidates) > 0:
		v.Message += "; look at " + strings.Join(f.candidates, ", ")
	case listErr == nil && !f.proven:
		v.Message += "; the service lists no run that could be its own, and has not been seen to repeat what a run would be found by"
	case listErr == nil:
		v.Message += "; the service lists no run that could be its own"
	}
	if listErr != nil {
		v.Message += fmt.Sprintf("; the service's runs could not all be listed: %s", listErr)
	}
	return v
}
