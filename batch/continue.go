package batch

import "iter"

// Same compares what a manifest expands to now with the rows of a batch, and
// returns a [*ChangedError] for the first task that is not the same. It buys
// and changes nothing.
func Same(tasks iter.Seq2[Task, error], l Ledger) error {
	next, stop := iter.Pull2(l.Rows(0))
	defer stop()
	var prints Fingerprinter
	for task, err := range tasks {
		if err != nil {
			return err
		}
		row, err, ok := next()
		if err != nil {
			return err
		}
		if err := same(&prints, task, row, ok); err != nil {
			return err
		}
	}
	return noneLeft(next())
}

// noneLeft is called with the row after those of all tasks: there should be
// none.
func noneLeft(row Row, err error, ok bool) error {
	if err == nil && ok {
		return &ChangedError{ID: row.ID, Why: "is no longer in the manifest"}
	}
	return err
}

// same compares one task with its row; ok says that there is a row.
func same(prints *Fingerprinter, task Task, row Row, ok bool) error {
	switch {
	case !ok:
		return &ChangedError{ID: task.ID, Why: "was not there when the batch was opened"}
	case task.ID != row.ID:
		return &ChangedError{ID: task.ID, Why: "stands where " + row.ID + " stood when the batch was opened"}
	case prints.RunFingerprint(task.Spec) != row.Run:
		return &ChangedError{ID: task.ID, Why: "is not what it was when the batch was opened"}
	}
	return nil
}
