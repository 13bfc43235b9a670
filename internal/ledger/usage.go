package ledger

import (
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// ended are the lengths of a batch's runs that have ended, and what of them is
// paid for, NULL where the service's times say nothing. Its parameters are the
// longest length that is believed, the step in which time is paid (0 for none)
// and the batch.
const ended = `
	SELECT position, number, own, length, CASE WHEN ?2 > 0 THEN (length + ?2 - 1) / ?2 * ?2 ELSE length END AS paid
	FROM (
		SELECT position, number, outcome AS own,
			CASE WHEN ended_at - coalesce(started_at, created_at) BETWEEN 0 AND ?1 THEN ended_at - coalesce(started_at, created_at) END AS length
		FROM attempts
		WHERE batch = ?3 AND run_id IS NOT NULL AND (ended_at IS NOT NULL OR status IN ('COMPLETED', 'FAILED', 'STOPPED', 'TIMED_OUT'))
	)`

// cost is what one of them costs, as [batch.Price.Of] says; ?4 is the price of a
// run, ?5 that of a minute.
const cost = `round(?4 + coalesce(paid, 0) / 60000000000.0 * ?5)`

// pricing are the parameters of ended and cost.
func (b *Batch) pricing(p batch.Price) []any {
	return []any{int64(batch.LongestRun), int64(p.RoundUp), b.key, float64(p.PerRun), float64(p.PerMinute)}
}

// Usage implements [batch.Ledger].
func (b *Batch) Usage(p batch.Price) (u batch.Usage, err error) {
	err = b.store.read(func(c *connection) error {
		if _, err := c.one(`SELECT count(*) FROM attempts WHERE batch = ? AND rejected = 0`, []any{b.key}, &u.Runs); err != nil {
			return err
		}
		var paid, usd float64
		_, err := c.one(`SELECT count(*), total(paid), total(`+cost+`) FROM (`+ended+`)`, b.pricing(p), &u.Ended, &paid, &usd)
		u.Time, u.USD = time.Duration(whole64(paid)), batch.Money(whole64(usd))
		if err != nil {
			return err
		}
		// In flight are those that are the newest of a task that is not done.
		return c.all(`
			SELECT t.template, t.timeout, count(*)
			FROM attempts a JOIN progress p ON p.batch = a.batch AND p.position = a.position
			JOIN tasks t ON t.batch = a.batch AND t.position = a.position
			WHERE a.batch = ? AND a.rejected = 0 AND (p.state = 'done' OR a.number < p.attempt OR a.outcome <> '')
				AND a.ended_at IS NULL AND a.status NOT IN ('COMPLETED', 'FAILED', 'STOPPED', 'TIMED_OUT')
			GROUP BY t.template, t.timeout ORDER BY t.template, t.timeout`,
			[]any{b.key}, func(rows *sql.Rows) (bool, error) {
				var m batch.Unmeasured
				err := rows.Scan(&m.Template, &m.Timeout, &m.Creates)
				u.Unmeasured = append(u.Unmeasured, m)
				return true, err
			})
	})
	return u, err
}

// whole64 is a sum as an integer, the largest one where it is larger.
func whole64(sum float64) int64 {
	if sum >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(math.Round(sum))
}

// Tallies implements [batch.Ledger].
func (b *Batch) Tallies() (tallies []batch.Tally, err error) {
	err = b.store.read(func(c *connection) error {
		return c.all(`
			SELECT grp, outcome, count(*) FROM (
				SELECT t.grp, p.outcome FROM progress p JOIN tasks t ON t.batch = p.batch AND t.position = p.position
				WHERE p.batch = ?1 AND p.state = 'done' AND p.gone = 0 AND t.repeats IS NULL
				UNION ALL
				SELECT max(t.grp), CASE WHEN sum(p.outcome = 'passed') >= `+mustPass+` THEN 'passed' ELSE 'failed' END
				FROM tasks t JOIN progress p ON p.batch = t.batch AND p.position = t.position
				WHERE t.batch = ?1 AND t.repeats IS NOT NULL AND p.gone = 0 AND t.skip = ''
				GROUP BY t.repeats
				HAVING sum(p.outcome = 'passed') >= `+mustPass+` OR sum(p.outcome = 'passed' OR p.state <> 'done') < `+mustPass+`)
			GROUP BY grp, outcome ORDER BY grp, outcome`,
			[]any{b.key}, func(rows *sql.Rows) (bool, error) {
				var t batch.Tally
				err := rows.Scan(&t.Group, &t.Outcome, &t.Tasks)
				tallies = append(tallies, t)
				return true, err
			})
	})
	return tallies, err
}

// mustPass is how many members of a repetition must pass: all, where it does not
// say.
const mustPass = `max(coalesce(nullif(json_extract(t.repeat, '$.pass'), 0), json_extract(t.repeat, '$.times')))`

// typicalRuns is how many runs tell how long those of a template take.
const typicalRuns = 200

// Typical implements [batch.Ledger].
func (b *Batch) Typical(template string) (median time.Duration, err error) {
	err = b.store.read(func(c *connection) error {
		median, err = typical(c, b.key, template)
		return err
	})
	return median, err
}

// Typical is [batch.Ledger]'s for a batch that is not there yet.
func (r *Reader) Typical(name, provider, baseURL, template string) (median time.Duration, err error) {
	err = r.store.read(func(c *connection) error {
		var newest int64
		found, err := c.one(`
			SELECT key FROM batches WHERE complete = 1 AND name = ? AND provider = ? AND base_url = ? ORDER BY key DESC LIMIT 1`,
			[]any{name, provider, baseURL}, &newest)
		if err == nil && found {
			median, err = typical(c, newest, template)
		}
		return err
	})
	return median, err
}

// typical is the median length of the newest completed runs of a template in the
// newest batches of the name, provider and address that a batch has.
func typical(c *connection, like int64, template string) (time.Duration, error) {
	var lengths []int64
	err := c.all(`
		SELECT a.ended_at - coalesce(a.started_at, a.created_at) AS length
		FROM tasks t JOIN attempts a ON a.batch = t.batch AND a.position = t.position
		WHERE t.batch IN (
				SELECT other.key FROM batches other JOIN batches me ON me.key = ?1
				WHERE other.complete = 1 AND other.name = me.name AND other.provider = me.provider AND other.base_url = me.base_url
				ORDER BY other.key DESC LIMIT 10)
			AND t.template = ?2 AND a.status = 'COMPLETED' AND length BETWEEN 0 AND ?3
		ORDER BY t.batch DESC, a.ended_at DESC LIMIT ?4`,
		[]any{like, template, int64(batch.LongestRun), typicalRuns}, func(rows *sql.Rows) (bool, error) {
			var length int64
			err := rows.Scan(&length)
			lengths = append(lengths, length)
			return true, err
		})
	if err != nil || len(lengths) == 0 {
		return 0, err
	}
	slices.Sort(lengths)
	return time.Duration(lengths[len(lengths)/2]), nil
}
