package ledger

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// What a row is made of. A task's place is its position, unless the manifest was
// edited: see [Batch.placed].
const (
	rowColumns = `t.position, t.id, t.template, t.run, t.judge, t.schema, t.checks, t.grp, t.repeat, t.hidden, t.skip,
		p.gone, p.stale, t.reuse IS NOT NULL, p.state, p.outcome, p.attempt, p.retries, p.after, t.agent, t.timeout, t.text,
		coalesce(a.run_id, ''), coalesce(a.status, ''), a.intended_at, coalesce(a.clock, 0), a.created_at, a.known_at, a.stop_at,
		coalesce(a.stop_why, ''), a.cause, coalesce(a.digest, ''), coalesce(a.marker, ''), coalesce(a.rejected, 0) = 2, coalesce(a.outcome, '') <> ''`
	rowTables = `JOIN tasks t ON t.batch = p.batch AND t.position = p.position
		LEFT JOIN attempts a ON a.batch = p.batch AND a.position = p.position AND a.number = p.attempt`

	selectRow       = `SELECT p.position, ` + rowColumns + ` FROM progress p ` + rowTables + ` WHERE p.batch = ? `
	selectPlacedRow = `SELECT o.place, ` + rowColumns + `
		FROM places o JOIN progress p ON p.batch = o.batch AND p.position = o.position ` + rowTables + ` WHERE o.batch = ? `
)

// scanTargets are where a row goes; done finishes it.
func scanTargets(r *batch.Row) (into []any, done func() error) {
	var timeout, clock int64
	var intended, created, known, stop, after sql.NullInt64
	var cause, repeat, hidden []byte
	into = []any{
		&r.Place, &r.Position, &r.ID, &r.Template, &r.Run, &r.Judge, &r.Schema, &r.Checks, &r.Group, &repeat, &hidden, &r.Skip,
		&r.Left, &r.Stale, &r.Reused, &r.State, &r.Outcome, &r.Attempt, &r.Retries, &after, &r.AgentID, &timeout, &r.Text,
		&r.RunID, &r.Status, &intended, &clock, &created, &known, &stop, &r.StopWhy, &cause,
		&r.Digest, &r.Marker, &r.Absent, &r.Spent,
	}
	return into, func() (err error) {
		r.Timeout, r.Offset = time.Duration(timeout), time.Duration(clock)
		r.IntendedAt, r.CreatedAt, r.StartedAt, r.StopAt = moment(intended), moment(created), moment(known), moment(stop)
		r.After = moment(after)
		if r.Repeat, err = parseRepeat(repeat); err != nil {
			return err
		}
		if err := unmarshalEach(part{hidden, &r.Hidden}); err != nil {
			return err
		}
		r.Cause, err = parseCause(cause)
		return err
	}
}

// parseRepeat reads a stored repetition; nil is none.
func parseRepeat(text []byte) (*batch.Repetition, error) {
	if text == nil {
		return nil, nil
	}
	var r batch.Repetition
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// placed reports whether the batch has an order of its own.
func (b *Batch) placed(c *connection) (placed bool, err error) {
	_, err = c.one(`SELECT placed FROM batches WHERE key = ?`, []any{b.key}, &placed)
	return placed, err
}

// Task implements [batch.Ledger].
func (b *Batch) Task(position int) (row batch.Row, err error) {
	row, ok, err := b.row(`?`, position)
	if err == nil && !ok {
		err = fmt.Errorf("batch %s has no task %d", b.id, position)
	}
	return row, err
}

// positionOf is the position of the task of a batch with an id.
const positionOf = `(SELECT position FROM ids WHERE batch = ? AND id = ?)`

// Named implements [batch.Ledger].
func (b *Batch) Named(id string) (row batch.Row, ok bool, err error) {
	return b.row(positionOf, b.key, id)
}

// rowQuery reads the row whose position an expression gives. It is compared with a
// column of the outermost table, so that it is looked up.
func rowQuery(placed bool, position string) string {
	if placed {
		return selectPlacedRow + `AND o.position = ` + position
	}
	return selectRow + `AND p.position = ` + position
}

func (b *Batch) row(position string, args ...any) (row batch.Row, ok bool, err error) {
	err = b.store.read(func(c *connection) error {
		placed, err := b.placed(c)
		if err != nil {
			return err
		}
		into, done := scanTargets(&row)
		if ok, err = c.one(rowQuery(placed, position), append([]any{b.key}, args...), into...); err != nil || !ok {
			return err
		}
		return done()
	})
	return row, ok, err
}

// ofRepetition is the condition of a repetition's members. Its batch is named once
// more for the index to be found by.
const ofRepetition = `IN (SELECT position FROM tasks WHERE batch = ? AND repeats = ?)`

func membersQuery(placed bool) string {
	if placed {
		return selectPlacedRow + `AND o.position ` + ofRepetition + ` ORDER BY +o.place`
	}
	return selectRow + `AND p.position ` + ofRepetition + ` ORDER BY +p.position`
}

// Members implements [batch.Ledger].
func (b *Batch) Members(group string) (members []batch.Row, err error) {
	err = b.store.read(func(c *connection) error {
		placed, err := b.placed(c)
		if err != nil {
			return err
		}
		// The order is made of the few that are found: by its index all places
		// would be gone through.
		return c.all(membersQuery(placed), []any{b.key, b.key, group}, func(rows *sql.Rows) (bool, error) {
			var r batch.Row
			into, done := scanTargets(&r)
			if err := rows.Scan(into...); err != nil {
				return false, err
			}
			members = append(members, r)
			return true, done()
		})
	})
	return members, err
}

// Rows implements [batch.Ledger]. The rows' AgentID is the one that the task
// asks for, whatever the service says of the run.
func (b *Batch) Rows(from int) iter.Seq2[batch.Row, error] {
	return b.rows(from, "")
}

// Open implements [batch.Ledger].
func (b *Batch) Open(states ...batch.State) iter.Seq2[batch.Row, error] {
	if len(states) == 0 {
		return func(func(batch.Row, error) bool) {}
	}
	states = slices.Clone(states)
	in := strings.TrimSuffix(strings.Repeat("?, ", len(states)), ", ")
	words := make([]any, len(states))
	for i, s := range states {
		words[i] = string(s)
	}
	return b.rows(0, `AND p.state IN (`+in+`)`, words...)
}

// rows yields those that fit a condition, in the manifest's order.
func (b *Batch) rows(from int, which string, words ...any) iter.Seq2[batch.Row, error] {
	args := append([]any{b.key}, words...)
	return pages(from, func(from int) (page []batch.Row, last int, err error) {
		size := 0
		err = b.store.read(func(c *connection) error {
			placed, err := b.placed(c)
			if err != nil {
				return err
			}
			query := selectRow + which + ` AND p.position >= ? ORDER BY p.position LIMIT ?`
			if placed {
				query = selectPlacedRow + which + ` AND o.place >= ? ORDER BY o.place LIMIT ?`
			}
			return c.all(query, append(slices.Clone(args), from, pageItems), func(rows *sql.Rows) (bool, error) {
				var r batch.Row
				into, done := scanTargets(&r)
				if err := rows.Scan(into...); err != nil {
					return false, err
				}
				if err := done(); err != nil {
					return false, err
				}
				page, last = append(page, r), r.Place
				size += len(r.Text)
				return size < pageBytes, nil
			})
		})
		return page, last, err
	})
}

// Owns implements [batch.Ledger].
func (b *Batch) Owns(runID string) (owned bool, err error) {
	err = b.store.read(func(c *connection) error {
		owned, err = owns(c, text(runID))
		return err
	})
	return owned, err
}

// Result implements [batch.Ledger]: the bytes, or the absolute path of the side
// file. It is zero when the attempt has no result, or does not exist.
func (b *Batch) Result(position, attempt int) (r batch.Result, err error) {
	err = b.store.read(func(c *connection) error {
		var file sql.NullString
		var leaked []byte
		_, err := c.one(`SELECT size, raw, file, leaked FROM results WHERE batch = ? AND position = ? AND attempt = ?`,
			[]any{b.key, position, attempt}, &r.Size, (*[]byte)(&r.Raw), &file, &leaked)
		if err == nil {
			err = unmarshalEach(part{leaked, &r.Leaked})
		}
		if err == nil {
			r.File, err = b.store.sideFile(file)
		}
		return err
	})
	return r, err
}
