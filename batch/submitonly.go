package batch

// abroad are the tasks whose runs nobody waits for here; none without
// [Config.SubmitOnly].
func (r *runner) abroad() (rows []Row, err error) {
	if !r.SubmitOnly {
		return nil, nil
	}
	for row, err := range r.Ledger.Open(StateRunning) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

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
