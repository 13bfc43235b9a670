package batch

// finish closes the batch if nothing is left to do, or if what is left was
// given up.
func (r *runner) finish() error {
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
	return r.append(closed)
}
