package batch

// submitted reports whether every task was started and the next process is to
// collect their runs.
func (r *runner) submitted() (bool, error) {
	if !r.SubmitOnly {
		return false, nil
	}
	for _, err := range r.Ledger.Open(StatePending, StateStarting, StateUnsure) {
		return false, err // not all were
	}
	for _, err := range r.Ledger.Open(StateRunning, StateEnded) {
		return err == nil, err
	}
	return false, nil
}
