package batch

import (
	"context"
	"fmt"
)

// finish closes the batch if nothing is left to do, or if what is left was
// given up.
func (r *runner) finish(ctx context.Context) error {
	if r.Collect {
		return nil
	}
	if err := r.skipLeft(); err != nil {
		return err
	}
	switch halted, err := r.leftOver(); {
	case err != nil:
		return err
	case halted != nil:
		return halted
	}
	if left, err := r.submitted(); left || err != nil {
		return err
	}
	if r.SubmitOnly && !r.drained() {
		if err := r.heldUp(); err != nil {
			return err
		}
	}
	closed := Event{Kind: BatchClosed, Position: -1}
	left := false
	for row, err := range r.Ledger.Open(StatePending, StateStarting, StateUnsure, StateRunning, StateEnded) {
		if err != nil {
			return err
		}
		if r.Tasks == nil && !r.ordered() {
			closed.Message = "given up: what had not started was left"
			break
		}
		if r.ordered() || !r.excludes(row) {
			return ErrInterrupted
		}
		left = true
	}
	if left {
		return ErrLeft
	}
	if closed.Message == "" {
		var err error
		if closed.Whole, err = r.judgeWhole(ctx); err != nil {
			return err
		}
	}
	return r.append(closed)
}

// heldUp says that tasks share a group or a browser context with runs that are
// not waited for.
func (r *runner) heldUp() error {
	n := 0
	for row, err := range r.Ledger.Open(StatePending) {
		if err != nil {
			return err
		}
		if !row.Left && !r.excludes(row) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &HaltedError{policySubmitOnly, fmt.Sprintf("%d of the tasks have not started: runs in flight hold their group or browser context", n)}
}
