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

// skip ends a task that the manifest skips and that is pending all the same, since
// what was in flight of it made no run or is to be tried again.
func (r *runner) skip(task Task, row Row) error {
	if row.State != StatePending {
		return nil
	}
	row, err := r.Ledger.Task(row.Position) // what it was may be long ago
	if err != nil || row.State != StatePending {
		return err
	}
	return r.append(skipped(row, task.Skip))
}
