package batch

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// judgedTogether is how many stored results are judged at the same time; how
// many bytes of them, is bounded besides.
const judgedTogether = 4

// judgeStored judges the results of runs that ended before this process: those
// that an earlier process did not come to, and those that are judged anew since
// the manifest was edited. Nothing is bought for them, whatever comes out.
func (r *runner) judgeStored(ctx context.Context) error {
	hidden := 0
	err := r.judgeTogether(ctx, func(ctx context.Context, judge func(Row)) error {
		for row, err := range r.Ledger.Open(StateEnded) {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ErrInterrupted
			case len(row.Hidden) > 0:
				hidden++
			default:
				judge(row)
			}
		}
		return nil
	})
	if err != nil || hidden == 0 {
		return err
	}
	return r.judgeHidden(ctx, hidden)
}

// judgeHidden is judgeStored for so many tasks whose rows have secret cells. What
// those hold is in the manifest alone, which is read once for all of them.
func (r *runner) judgeHidden(ctx context.Context, n int) error {
	tasks := r.Tasks
	if tasks == nil {
		tasks = r.Terms
	}
	if tasks != nil {
		err := r.judgeTogether(ctx, func(ctx context.Context, judge func(Row)) error {
			for task, err := range tasks {
				if err != nil || n == 0 {
					return nil // what is wrong with the manifest is for dispatch to say
				}
				if len(task.Hidden) == 0 {
					continue
				}
				row, found, err := r.Ledger.Named(task.ID)
				switch {
				case err != nil:
					return err
				case ctx.Err() != nil:
					return ErrInterrupted
				case found && row.State == StateEnded:
					r.setTerms(row.Position, terms{cells: task.Hidden}) // judging forgets them
					judge(row)
					n--
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return r.judgeTogether(ctx, func(ctx context.Context, judge func(Row)) error {
		for row, err := range r.Ledger.Open(StateEnded) {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ErrInterrupted
			case !r.leavesHidden(row):
				judge(row)
			}
		}
		return nil
	})
}

// judgeTogether lets each judge rows, some at the same time.
func (r *runner) judgeTogether(ctx context.Context, each func(ctx context.Context, judge func(Row)) error) error {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(judgedTogether)
	err := each(gctx, func(row Row) {
		group.Go(func() error {
			return r.guard(row, func() error { return r.judgeRow(row) })
		})
	})
	// The group's error is the cause of the other.
	if failed := group.Wait(); failed != nil {
		return failed
	}
	return err
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
	v, err := r.verdict(ending{row: row, judge: j, result: result})
	if err != nil {
		return err
	}
	return r.judged(row, v)
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
	v, err := r.verdict(ending{row: row, judge: j, result: result, reuse: reuse})
	if err != nil || v.Outcome != Passed {
		return err
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
	j := new(judge)
	if err := r.checkRow(j, row); err != nil {
		return nil, fmt.Errorf("task %q: %w", row.ID, err)
	}
	var err error
	j.schema, err = r.agentSchema(ctx, row.AgentID)
	var bad *agentError
	var refused *RefusedError
	var unreachable *UnreachableError
	switch {
	case errors.As(err, &bad), errors.As(err, &refused), errors.As(err, &unreachable), errors.Is(err, context.Canceled):
		return nil, nil
	}
	return j, err
}
