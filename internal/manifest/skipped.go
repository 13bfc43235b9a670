package manifest

import (
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// skipID is the id of the task of a row that cannot be read, of which nothing but its number
// is known.
func (e *entry) skipID(r *row) string { return fmt.Sprintf("%s/row-%d", e.path(), r.number) }

// skipped is the task of a row that cannot be read: one, however often the others are run.
func (e *entry) skipped(r *row) batch.Task {
	return batch.Task{ID: e.skipID(r), Template: e.path(), Timeout: e.timeout, Skip: r.skip}
}

// numbersOf are the numbers of the members that a row's task is expanded to, as
// [entry.numbers]; 0 stands for the task itself.
func (e *entry) numbersOf(r *row) []int {
	if r != nil && r.skip != "" {
		return []int{0}
	}
	return e.numbers()
}

// skipped is takes for a row that cannot be read: it has an id, and no tags.
func (s *selector) skipped(e *entry, r *row, found *found) []int {
	named := len(s.IDs) == 0 || s.names(e.skipID(r), found)
	if !named || len(s.Tags) > 0 {
		return nil
	}
	return []int{0}
}
