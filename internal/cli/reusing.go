package cli

import (
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// reusing returns what finds results of earlier batches for the tasks of one,
// nil without --reuse, and what lets go of it.
func (a *application) reusing(b *ledger.Batch) (find func(batch.Row) (*batch.Reuse, batch.Result, error), forget func(), err error) {
	if a.flags.which.reuse == 0 || a.collecting {
		return nil, func() {}, nil
	}
	runs, err := b.Reusables(a.sys.Now().Add(-a.flags.which.reuse))
	if err != nil {
		return nil, nil, err
	}
	find = func(row batch.Row) (*batch.Reuse, batch.Result, error) {
		reuse, err := runs.Find(row.Run)
		if err != nil || reuse == nil {
			return nil, batch.Result{}, err
		}
		result, err := runs.Result(*reuse)
		return reuse, result, err
	}
	return find, func() { _ = runs.Close() }, nil // a table of no consequence
}
