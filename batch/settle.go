package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// How many unsure creates one listing serves, how far back of the first one it
// reaches beyond the clocks' offset, and how many runs are named as candidates.
const (
	settleMost     = 1000
	settleMargin   = 2 * time.Minute
	candidatesMost = 20
	listTries      = 3
)

// settle ends the tasks whose creates are unsure, with the outcome unknown and
// the runs that may be theirs. It sends nothing again.
func (r *runner) settle(ctx context.Context) error {
	for {
		rows, err := r.unsureRows()
		if err != nil || len(rows) == 0 {
			return err
		}
		if !sleep(ctx, r.settleWait(rows)) {
			return ErrInterrupted
		}
		found, listErr, err := r.candidates(ctx, rows)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		var refused *RefusedError
		if errors.As(listErr, &refused) {
			if err := r.halt(listErr); err != nil {
				return err
			}
			return listErr
		}
		for _, row := range rows {
			if err := r.judged(row, unknownVerdict(found[row.Position], listErr)); err != nil {
				return err
			}
		}
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

// settleWait is how long it takes until a listing may be believed to show the
// runs of all these creates.
func (r *runner) settleWait(rows []Row) time.Duration {
	r.mu.Lock()
	last := r.lastUnsure
	r.mu.Unlock()
	for _, row := range rows {
		if row.IntendedAt.After(last) {
			last = row.IntendedAt
		}
	}
	// A clock that was set back would make an intent lie far ahead.
	return min(time.Until(last.Add(r.Settle)), r.Settle)
}

// candidates lists patiently: a listing costs nothing, and what it finds is
// all that a person has to look at.
func (r *runner) candidates(ctx context.Context, rows []Row) (found map[int][]string, listErr, err error) {
	began := time.Now()
	failed := 0
	for try := 1; ; try++ {
		found, listErr, err = r.listed(ctx, rows)
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

// listed lists once, and gathers for each row the runs that nobody owns and
// that have its text and agent. listErr is the service's, err the ledger's.
func (r *runner) listed(ctx context.Context, rows []Row) (found map[int][]string, listErr, err error) {
	since := rows[0].IntendedAt.Add(rows[0].Offset)
	texts := make(map[string][]Row)
	for _, row := range rows {
		if t := row.IntendedAt.Add(row.Offset); t.Before(since) {
			since = t
		}
		texts[row.Text] = append(texts[row.Text], row)
	}
	since = since.Add(-settleMargin).Truncate(time.Second)
	if err := r.pace.wait(ctx); err != nil {
		return nil, err, nil
	}
	found = make(map[int][]string)
	for run, err := range r.Provider.List(ctx, since) {
		if err != nil {
			return found, err, nil
		}
		rows := texts[run.Task]
		if len(rows) == 0 {
			continue
		}
		owned, err := r.Ledger.Owns(run.ID)
		if err != nil {
			return nil, nil, err
		}
		if owned {
			continue
		}
		for _, row := range rows {
			if row.AgentID != "" && row.AgentID != run.AgentID || len(found[row.Position]) == candidatesMost {
				continue
			}
			found[row.Position] = append(found[row.Position], r.idMasks.Mask(run.ID))
		}
	}
	return found, nil, nil
}

func unknownVerdict(candidates []string, listErr error) Verdict {
	v := Verdict{Outcome: Unknown, Candidates: candidates}
	v.Message = "a run may exist; it was not bought again"
	switch {
	case len(candidates) > 0:
		v.Message += "; look at " + strings.Join(candidates, ", ")
	case listErr == nil:
		v.Message += "; the service lists no run that could be its own"
	}
	if listErr != nil {
		v.Message += fmt.Sprintf("; the service's runs could not all be listed: %s", listErr)
	}
	return v
}
