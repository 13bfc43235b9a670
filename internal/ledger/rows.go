package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

const selectRow = `
	SELECT t.position, t.id, t.run, t.judge, t.schema, p.state, p.outcome, p.attempt, t.agent, t.timeout, t.text,
		coalesce(a.run_id, ''), coalesce(a.status, ''), a.intended_at, coalesce(a.clock, 0), a.created_at, a.known_at, a.stop_at, a.cause,
		coalesce(a.digest, ''), coalesce(a.marker, ''), coalesce(a.rejected, 0) = 2
	FROM progress p JOIN tasks t ON t.batch = p.batch AND t.position = p.position
	LEFT JOIN attempts a ON a.batch = p.batch AND a.position = p.position AND a.number = p.attempt
	WHERE p.batch = ? `

// scanTargets are where a row of selectRow goes; done finishes it.
func scanTargets(r *batch.Row) (into []any, done func() error) {
	var timeout, clock int64
	var intended, created, known, stop sql.NullInt64
	var cause []byte
	into = []any{
		&r.Position, &r.ID, &r.Run, &r.Judge, &r.Schema, &r.State, &r.Outcome, &r.Attempt, &r.AgentID, &timeout, &r.Text,
		&r.RunID, &r.Status, &intended, &clock, &created, &known, &stop, &cause,
		&r.Digest, &r.Marker, &r.Absent,
	}
	return into, func() (err error) {
		r.Timeout, r.Offset = time.Duration(timeout), time.Duration(clock)
		r.IntendedAt, r.CreatedAt, r.StartedAt, r.StopAt = moment(intended), moment(created), moment(known), moment(stop)
		r.Cause, err = parseCause(cause)
		return err
	}
}

// Task implements [batch.Ledger].
func (b *Batch) Task(position int) (row batch.Row, err error) {
	err = b.store.read(func(c *connection) error {
		into, done := scanTargets(&row)
		found, err := c.one(selectRow+`AND p.position = ?`, []any{b.key, position}, into...)
		if err == nil && !found {
			err = fmt.Errorf("batch %s has no task %d", b.id, position)
		}
		return errors.Join(err, done())
	})
	return row, err
}

// Rows implements [batch.Ledger]. The rows' AgentID is the one that the task
// asks for, whatever the service says of the run.
func (b *Batch) Rows(from int) iter.Seq2[batch.Row, error] {
	return b.rows(from, selectRow+`AND p.position >= ? ORDER BY p.position LIMIT ?`)
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
	return b.rows(0, selectRow+`AND p.state IN (`+in+`) AND p.position >= ? ORDER BY p.position LIMIT ?`, words...)
}

func (b *Batch) rows(from int, query string, words ...any) iter.Seq2[batch.Row, error] {
	args := append([]any{b.key}, words...)
	return pages(from, func(from int) (page []batch.Row, last int, err error) {
		size := 0
		err = b.store.read(func(c *connection) error {
			return c.all(query, append(slices.Clone(args), from, pageItems), func(rows *sql.Rows) (bool, error) {
				var r batch.Row
				into, done := scanTargets(&r)
				if err := rows.Scan(into...); err != nil {
					return false, err
				}
				if err := done(); err != nil {
					return false, err
				}
				page, last = append(page, r), r.Position
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
		_, err := c.one(`SELECT size, raw, file FROM results WHERE batch = ? AND position = ? AND attempt = ?`,
			[]any{b.key, position, attempt}, &r.Size, (*[]byte)(&r.Raw), &file)
		if err == nil {
			r.File, err = b.store.sideFile(file)
		}
		return err
	})
	return r, err
}
