package ledger

import (
	"fmt"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// Fold rebuilds where every task stands from the events of one batch alone, by
// position. It is the second witness of the state rows. An error is that of
// the sequence, or of an event that may not follow what came before it.
func Fold(events iter.Seq2[batch.Event, error]) ([]Standing, error) {
	var tasks []Standing
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		if e.Kind == batch.TaskAdded {
			if e.Position != len(tasks) || e.Last < e.Position {
				return nil, fmt.Errorf("%s from %d to %d after %d tasks: %w",
					e.Kind, e.Position, e.Last, len(tasks), batch.ErrConflict)
			}
			for len(tasks) <= e.Last {
				added, err := Standing{}.after(e)
				if err != nil {
					return nil, err
				}
				tasks = append(tasks, added)
			}
			continue
		}
		if e.Position < 0 {
			continue
		}
		if e.Position >= len(tasks) {
			return nil, fmt.Errorf("%s of task %d after %d tasks: %w", e.Kind, e.Position, len(tasks), batch.ErrConflict)
		}
		if tasks[e.Position], err = tasks[e.Position].after(e); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}
