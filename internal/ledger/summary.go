package ledger

import (
	"database/sql"
	"math"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// longestRun is the longest time that is believed of one run. A service's
// clock that says more says nothing.
const longestRun = 31 * 24 * time.Hour

// Summary counts the batch, in the database and not in memory.
func (b *Batch) Summary() (s batch.Summary, err error) {
	err = b.store.read(func(c *connection) error {
		if s.Info, err = b.info(c); err != nil {
			return err
		}
		if err := b.count(c, &s); err != nil {
			return err
		}
		if err := b.runs(c, &s); err != nil {
			return err
		}
		if _, err := c.one(`SELECT count(*) FROM verdicts WHERE batch = ? AND leaked > 0`, []any{b.key}, &s.Leaked); err != nil {
			return err
		}
		if _, err := c.one(`
			SELECT count(*) FROM (SELECT 1 FROM verdicts WHERE batch = ? AND outcome <> ? GROUP BY outcome, reason, signature)`,
			[]any{b.key, string(batch.Passed)}, &s.Kinds); err != nil {
			return err
		}
		return b.failures(c, &s)
	})
	return s, err
}

func (b *Batch) count(c *connection, s *batch.Summary) error {
	s.Counts = map[batch.Outcome]int{}
	return c.all(`SELECT state, outcome, count(*) FROM progress WHERE batch = ? GROUP BY state, outcome`,
		[]any{b.key}, func(rows *sql.Rows) (bool, error) {
			var state batch.State
			var outcome batch.Outcome
			var n int
			err := rows.Scan(&state, &outcome, &n)
			s.Counts[display(state, outcome, s.Info.Halted != "", !s.Info.ClosedAt.IsZero())] += n
			return true, err
		})
}

// runs counts the runs and adds up their lengths.
func (b *Batch) runs(c *connection, s *batch.Summary) error {
	var length float64
	_, err := c.one(`
		SELECT count(*), total(CASE WHEN length BETWEEN 0 AND ? THEN length END)
		FROM (SELECT ended_at - coalesce(started_at, created_at) AS length FROM attempts WHERE batch = ? AND run_id IS NOT NULL)`,
		[]any{int64(longestRun), b.key}, &s.Runs, &length)
	s.RunTime = math.MaxInt64
	if length < math.MaxInt64 {
		s.RunTime = time.Duration(length)
	}
	return err
}

// failures groups what did not pass by outcome, reason and signature.
func (b *Batch) failures(c *connection, s *batch.Summary) error {
	return c.all(`
		SELECT g.outcome, g.reason, v.message, g.n, t.id
		FROM (
			SELECT outcome, reason, count(*) AS n, min(position) AS first
			FROM verdicts WHERE batch = ?1 AND outcome <> ?2
			GROUP BY outcome, reason, signature ORDER BY n DESC, first LIMIT 3
		) AS g
		JOIN verdicts v ON v.batch = ?1 AND v.position = g.first
		JOIN tasks t ON t.batch = ?1 AND t.position = g.first
		ORDER BY g.n DESC, g.first`,
		[]any{b.key, string(batch.Passed)}, func(rows *sql.Rows) (bool, error) {
			var f batch.Failure
			err := rows.Scan(&f.Outcome, &f.Reason, &f.Message, &f.Count, &f.Example)
			s.Failures = append(s.Failures, f)
			return true, err
		})
}
