package report

import "github.com/bbbatch/bbbatch/batch"

// newest is the attempt that a record's status, run and times are of: the last
// one, or the run of an earlier batch whose result the task took over. The zero
// Attempt where there is none.
func newest(rec batch.Record) batch.Attempt {
	switch n := len(rec.Attempts); {
	case rec.Reuse != nil:
		return batch.Attempt{RunID: rec.Reuse.RunID, EndedAt: rec.Reuse.EndedAt}
	case n > 0:
		return rec.Attempts[n-1]
	}
	return batch.Attempt{}
}

// A reused says whose result a task took over, for programs.
type reused struct {
	Batch   string  `json:"batch"`
	RunID   string  `json:"runId"`
	EndedAt *string `json:"endedAt"`
}

func reusedOf(r *batch.Reuse) reused { return reused{r.Batch, r.RunID, stampOrNull(r.EndedAt)} }
