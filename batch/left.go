package batch

// skipLeft ends the tasks that left the manifest while it was not known whether
// they had a run, and that had none.
func (r *runner) skipLeft() error {
	if r.Tasks == nil {
		return nil
	}
	var left []Row
	for row, err := range r.Ledger.Open(StatePending) {
		switch {
		case err != nil:
			return err
		case row.Left:
			left = append(left, row)
		}
	}
	for _, row := range left {
		if err := r.append(skipped(row, "the manifest no longer has it")); err != nil {
			return err
		}
	}
	return nil
}
