package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// Summary counts the batch, in the database and not in memory.
func (b *Batch) Summary() (batch.Summary, error) { return b.SummaryUntil(context.Background()) }

// SummaryUntil is Summary, which of a million tasks takes some seconds. Once ctx
// is done it is given up, with the error of ctx.
func (b *Batch) SummaryUntil(ctx context.Context) (s batch.Summary, err error) {
	err = b.store.readUntil(ctx, func(c *connection) error {
		if s.Info, err = b.info(c); err != nil {
			return err
		}
		if err := b.count(c, &s); err != nil {
			return err
		}
		if err := b.whole(c, &s); err != nil {
			return err
		}
		if err := b.runs(c, &s); err != nil {
			return err
		}
		if err := b.tries(c, &s); err != nil {
			return err
		}
		if err := b.excused(c, &s); err != nil {
			return err
		}
		if _, err := c.one(`SELECT count(*) FROM verdicts WHERE batch = ? AND leaked > 0`, []any{b.key}, &s.Leaked); err != nil {
			return err
		}
		if _, err := c.one(`
			SELECT count(*) FROM (SELECT 1 FROM verdicts v WHERE v.batch = ? AND `+fails+` GROUP BY v.outcome, v.reason, v.signature)`,
			[]any{b.key}, &s.Kinds); err != nil {
			return err
		}
		return b.failures(c, &s)
	})
	return s, err
}

// InFlight counts the tasks that have, or may have, a run whose end is not known
// or not judged. It is quicker than Summary.
func (b *Batch) InFlight() (n int, err error) {
	err = b.store.read(func(c *connection) error {
		_, err := c.one(`SELECT count(*) FROM progress WHERE batch = ? AND state IN ('starting', 'unsure', 'running', 'ended')`, []any{b.key}, &n)
		return err
	})
	return n, err
}

// whole reads what became of the expectations of the batch as a whole.
func (b *Batch) whole(c *connection, s *batch.Summary) error {
	var text []byte
	if _, err := c.one(`SELECT whole FROM batches WHERE key = ?`, []any{b.key}, &text); err != nil {
		return err
	}
	if text == nil && !s.Info.ClosedAt.IsZero() && s.Info.Policy.Expect.Digest() != "" {
		open := false
		if _, err := c.one(`SELECT EXISTS (SELECT 1 FROM progress WHERE batch = ? AND state <> 'done')`, []any{b.key}, &open); err != nil {
			return err
		}
		s.Unevaluated = !open
	}
	return unmarshalEach(part{text, &s.Whole})
}

// The tasks of which there may be very many of one kind: those that passed, and
// those that nothing was done for. To group all tasks they would be sorted.
const (
	plainPassed  = `state = 'done' AND outcome = 'passed' AND gone = 0 AND stale = 0`
	plainPending = `state = 'pending' AND attempt = 0 AND gone = 0 AND stale = 0`
)

func (b *Batch) count(c *connection, s *batch.Summary) error {
	s.Counts = map[batch.Outcome]int{}
	plain := `(` + plainPassed + `) OR (` + plainPending + `)`
	query := `SELECT state, outcome, gone, stale, count(*) FROM progress WHERE batch = ? AND NOT (` + plain + `) GROUP BY 1, 2, 3, 4`
	if s.Info.Halted != "" || !s.Info.ClosedAt.IsZero() {
		// Of those that were to be tried again what became of them stands, so that a
		// pending one may have a verdict.
		plain = plainPassed
		query = `SELECT p.state, CASE WHEN p.state = 'pending' THEN coalesce(v.outcome, '') ELSE p.outcome END, p.gone, p.stale, count(*)
			FROM (SELECT * FROM progress WHERE batch = ? AND NOT (` + plain + `)) AS p
			LEFT JOIN verdicts v ON p.state = 'pending' AND v.batch = p.batch AND v.position = p.position
			GROUP BY 1, 2, 3, 4`
	}
	var passed, all int
	if _, err := c.one(`SELECT count(*), coalesce(sum(state = 'done'), 0) FROM progress WHERE batch = ? AND (`+plain+`)`,
		[]any{b.key}, &all, &passed); err != nil {
		return err
	}
	for outcome, n := range map[batch.Outcome]int{batch.Passed: passed, batch.Pending: all - passed} {
		if n > 0 {
			s.Counts[outcome] = n
		}
	}
	return c.all(query,
		[]any{b.key}, func(rows *sql.Rows) (bool, error) {
			var state batch.State
			var outcome batch.Outcome
			var left, stale bool
			var n int
			err := rows.Scan(&state, &outcome, &left, &stale, &n)
			switch {
			case left && (state == batch.StateStarting || state == batch.StateUnsure || state == batch.StateRunning || state == batch.StateEnded):
				// in flight: the batch waits for it
			case left:
				s.Left += n
				return true, err
			case stale:
				s.Stale += n
			}
			s.Counts[display(state, outcome, s.Info.Halted != "", !s.Info.ClosedAt.IsZero())] += n
			return true, err
		})
}

// runs counts the runs and adds up their lengths and, where there is a price,
// their cost.
func (b *Batch) runs(c *connection, s *batch.Summary) error {
	if s.Info.Policy.Price == nil {
		var length float64
		_, err := c.one(`
			SELECT count(*), total(CASE WHEN ended_at - coalesce(started_at, created_at) BETWEEN 0 AND ? THEN ended_at - coalesce(started_at, created_at) END)
			FROM attempts WHERE batch = ? AND run_id IS NOT NULL`, []any{int64(batch.LongestRun), b.key}, &s.Runs, &length)
		s.RunTime = time.Duration(whole64(length))
		return err
	}
	if _, err := c.one(`SELECT count(*) FROM attempts WHERE batch = ? AND run_id IS NOT NULL`, []any{b.key}, &s.Runs); err != nil {
		return err
	}
	var length, paid, usd, wasted float64
	_, err := c.one(`
		SELECT total(length), total(paid), total(usd), total(CASE WHEN own = 'passed' OR p.outcome = 'passed' AND p.attempt = number THEN 0 ELSE usd END)
		FROM (SELECT position, number, own, length, paid, `+cost+` AS usd FROM (`+ended+`)) AS e
		JOIN progress p ON p.batch = ?3 AND p.position = e.position`,
		b.pricing(*s.Info.Policy.Price), &length, &paid, &usd, &wasted)
	s.RunTime = time.Duration(whole64(length))
	s.Paid, s.Cost, s.Wasted = time.Duration(whole64(paid)), batch.Money(whole64(usd)), batch.Money(whole64(wasted))
	return err
}

// tries counts the tasks that took more than one run, and those that passed with
// their first.
func (b *Batch) tries(c *connection, s *batch.Summary) error {
	later, reused := 0, 0 // of those that passed
	// In this order: few attempts had another after them.
	if _, err := c.one(`
		SELECT count(*), coalesce(sum(outcome = 'passed' AND own), 0) FROM (
			SELECT DISTINCT p.position, p.outcome, t.reuse IS NULL AS own
			FROM attempts a CROSS JOIN progress p ON p.batch = a.batch AND p.position = a.position
			CROSS JOIN tasks t ON t.batch = a.batch AND t.position = a.position
			WHERE a.batch = ? AND a.outcome <> '' AND a.outcome <> 'passed' AND a.run_id IS NOT NULL AND a.number < p.attempt AND p.gone = 0)`,
		[]any{b.key}, &s.Retried, &later); err != nil {
		return err
	}
	// In this order: few tasks have taken a result over.
	if _, err := c.one(`
		SELECT count(*), coalesce(sum(p.outcome = 'passed'), 0)
		FROM tasks t CROSS JOIN progress p ON p.batch = t.batch AND p.position = t.position
		WHERE t.batch = ? AND t.reuse IS NOT NULL AND p.gone = 0`,
		[]any{b.key}, &s.Reused, &reused); err != nil {
		return err
	}
	s.FirstTry = s.Counts[batch.Passed] - later - reused
	return nil
}

// excusable says of a task t that it need not pass. Its parameters are the batch
// and the tags that are allowed to fail.
const excusable = `(EXISTS (SELECT 1 FROM json_each(t.tags) JOIN json_each(?2) AS allowed ON allowed.value = json_each.value)
	OR t.repeats IN (
		SELECT t.repeats FROM tasks t JOIN progress p ON p.batch = t.batch AND p.position = t.position
		WHERE t.batch = ?1 AND t.repeats IS NOT NULL AND p.gone = 0
		GROUP BY t.repeats HAVING sum(p.outcome = 'passed') >= max(json_extract(t.repeat, '$.pass'))))`

// excuses reports whether any task of the batch may be excusable.
func excuses(info batch.Info) bool { return info.Repeats || len(info.Policy.AllowFail) > 0 }

// excused counts what did not pass and is not held against the batch.
func (b *Batch) excused(c *connection, s *batch.Summary) error {
	s.Excused = map[batch.Outcome]int{}
	if !excuses(s.Info) {
		return nil
	}
	if _, err := c.one(`
		SELECT count(*) FROM (
			SELECT 1 FROM tasks t JOIN progress p ON p.batch = t.batch AND p.position = t.position
			WHERE t.batch = ?1 AND t.repeats IS NOT NULL AND p.gone = 0 AND t.skip = ''
			GROUP BY t.repeats HAVING sum(p.state <> 'done') = 0 AND sum(p.outcome = 'passed') < max(json_extract(t.repeat, '$.pass'))
				AND sum(EXISTS (SELECT 1 FROM json_each(t.tags) JOIN json_each(?2) AS allowed ON allowed.value = json_each.value)) = 0)`,
		[]any{b.key, jsonColumn(s.Info.Policy.AllowFail)}, &s.Short); err != nil {
		return err
	}
	return c.all(`
		SELECT p.outcome, count(*) FROM progress p JOIN tasks t ON t.batch = p.batch AND t.position = p.position
		WHERE p.batch = ?1 AND p.state = 'done' AND p.gone = 0 AND p.outcome NOT IN ('passed', 'skipped') AND `+excusable+`
		GROUP BY p.outcome`,
		[]any{b.key, jsonColumn(s.Info.Policy.AllowFail)}, func(rows *sql.Rows) (bool, error) {
			var outcome batch.Outcome
			var n int
			err := rows.Scan(&outcome, &n)
			s.Excused[outcome] = n
			return true, err
		})
}

// fails are the verdicts v that a person looks at.
const fails = `v.outcome NOT IN ('passed', 'skipped')
	AND NOT EXISTS (SELECT 1 FROM progress p WHERE p.batch = v.batch AND p.position = v.position AND p.gone = 1)`

// failures groups what did not pass by outcome, reason and signature.
func (b *Batch) failures(c *connection, s *batch.Summary) error {
	excused, tasks := `0`, ``
	args := []any{b.key}
	if excuses(s.Info) {
		excused, tasks = `coalesce(sum(`+excusable+`), 0)`, `JOIN tasks t ON t.batch = v.batch AND t.position = v.position`
		args = append(args, jsonColumn(s.Info.Policy.AllowFail))
	}
	return c.all(`
		SELECT g.outcome, g.reason, v.message, g.n, g.excused, t.id
		FROM (
			SELECT v.outcome, v.reason, count(*) AS n, min(v.position) AS first, `+excused+` AS excused
			FROM verdicts v `+tasks+` WHERE v.batch = ?1 AND `+fails+`
			GROUP BY v.outcome, v.reason, v.signature ORDER BY n DESC, first LIMIT 3
		) AS g
		JOIN verdicts v ON v.batch = ?1 AND v.position = g.first
		JOIN tasks t ON t.batch = ?1 AND t.position = g.first
		ORDER BY g.n DESC, g.first`,
		args, func(rows *sql.Rows) (bool, error) {
			var f batch.Failure
			err := rows.Scan(&f.Outcome, &f.Reason, &f.Message, &f.Count, &f.Excused, &f.Example)
			s.Failures = append(s.Failures, f)
			return true, err
		})
}
