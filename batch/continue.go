package batch

import "iter"

// Same compares what a manifest expands to now with the rows of a batch, and
// returns a [*ChangedError] for the first task that is not the same. It buys
// and changes nothing.
func Same(tasks iter.Seq2[Task, error], l Ledger) error {
	for _, err := range pairs(tasks, l) {
		if err != nil {
			return err
		}
	}
	return nil
}

// A pair is a task and the row that the ledger made of it.
type pair struct {
	task Task
	row  Row
}

// pairs walks a manifest's tasks and a batch's rows side by side, and after them
// the rows that left the manifest, with a zero task. The first
// that do not belong together end it with a [*ChangedError], also when one side
// ends before the other.
func pairs(tasks iter.Seq2[Task, error], l Ledger) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		next, stop := iter.Pull2(l.Rows(0))
		defer stop()
		var prints Fingerprinter
		for task, err := range tasks {
			var row Row
			var ok bool
			if err == nil {
				row, err, ok = next()
			}
			if err == nil {
				err = same(&prints, task, row, ok)
			}
			if !yield(pair{task, row}, err) || err != nil {
				return
			}
		}
		for {
			row, err, ok := next()
			if err == nil && ok && !row.Left {
				err = &ChangedError{ID: row.ID, Why: "is no longer in the manifest"}
			}
			if err == nil && !ok || !yield(pair{row: row}, err) || err != nil {
				return
			}
		}
	}
}

// same compares one task with its row; ok says that there is a row.
func same(prints *Fingerprinter, task Task, row Row, ok bool) error {
	switch {
	case !ok || row.Left:
		return &ChangedError{ID: task.ID, Why: "was not there when the batch was opened"}
	case task.ID != row.ID:
		return &ChangedError{ID: task.ID, Why: "stands where " + row.ID + " stood when the batch was opened"}
	case task.Skip != "": // nothing of it is sent
	case row.Stale && row.State == StateDone: // it is another, and kept all the same
	case prints.RunFingerprint(task.Spec) != row.Run:
		return &ChangedError{ID: task.ID, Why: "is not what it was when the batch was opened"}
	}
	return nil
}
