package batch

import "errors"

// ErrLeft says that everything that was to be run has come to its end, and that
// tasks which were not to be run have not started.
var ErrLeft = errors.New("tasks that were not selected have not started")

// excludes reports whether a pending task is not to be started.
func (r *runner) excludes(row Row) bool {
	return row.State == StatePending && r.Only != nil && !r.Only(row.Position)
}
