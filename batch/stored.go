package batch

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// judgedTogether is how many stored results are judged at the same time; how
// many bytes of them, is bounded besides.
const judgedTogether = 4

// judgeStored judges the results of runs that ended before this process: those
// that an earlier process did not come to, and those that are judged anew since
// the manifest was edited. Nothing is bought for them, whatever comes out.
func (r *runner) judgeStored(ctx context.Context) error {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(judgedTogether)
	err := r.eachEnded(gctx, group)
	// The group's error is the cause of the other.
	if failed := group.Wait(); failed != nil {
		return failed
	}
	return err
}

func (r *runner) eachEnded(ctx context.Context, group *errgroup.Group) error {
	for row, err := range r.Ledger.Open(StateEnded) {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		group.Go(func() error {
			return r.guard(row, func() error { return r.judgeRow(row) })
		})
	}
	return nil
}

// judgeRow judges a row's result as the ledger has it.
func (r *runner) judgeRow(row Row) error {
	j, err := r.judgeOfRow(row)
	if err != nil {
		return err
	}
	result, err := r.Ledger.Result(row.Position, row.Attempt)
	if err != nil {
		return err
	}
	if row.Reused {
		row.Status = StatusCompleted // that of the run whose result it is
	}
	return r.judged(row, r.verdict(row, j, result))
}

// takeOver gives tasks that nothing was bought for the results of earlier
// batches, where those pass as they are judged now.
func (r *runner) takeOver(ctx, starting context.Context) error {
	if r.Reuse == nil || r.Tasks == nil {
		return nil
	}
	for row, err := range r.Ledger.Open(StatePending) {
		if err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
			return ErrInterrupted
		case starting.Err() != nil:
			return nil
		case row.Left || !Reusable(row):
			continue
		}
		if err := r.guard(row, func() error { return r.takeOverRow(ctx, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) takeOverRow(ctx context.Context, row Row) error {
	reuse, result, err := r.Reuse(row)
	if err != nil || reuse == nil {
		return err
	}
	j, err := r.judgeOfReused(ctx, row)
	if err != nil || j == nil {
		return err
	}
	row.Status = StatusCompleted
	v := r.verdict(row, j, result)
	if v.Outcome != Passed {
		return nil
	}
	return r.append(Event{Kind: TaskReused, Position: row.Position, ID: row.ID, Place: row.Place, Verdict: &v, Reuse: reuse})
}

// judgeOfReused is judgeOfRow for a task that was never started, whose agent may
// not have been read. It is nil where the agent can't be used or read: then
// nothing is taken over, and starting the task shows why.
func (r *runner) judgeOfReused(ctx context.Context, row Row) (*judge, error) {
	if row.Schema != "" || row.AgentID == "" {
		return r.judgeOfRow(row)
	}
	s, err := r.agentSchema(ctx, row.AgentID)
	var bad *agentError
	var refused *RefusedError
	var unreachable *UnreachableError
	switch {
	case errors.As(err, &bad), errors.As(err, &refused), errors.As(err, &unreachable), errors.Is(err, context.Canceled):
		return nil, nil
	}
	return &judge{s}, err
}
