package ledger

import (
	"database/sql"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// Records yields everything known of the tasks from a position on, in order,
// as reports show it. A Record whose result lies in a side file has its
// absolute path, which is below StateDir. While the batch is being worked on,
// a later record may show a later moment than an earlier one.
func (b *Batch) Records(from int) iter.Seq2[batch.Record, error] {
	return pages(from, func(from int) (page []batch.Record, last int, err error) {
		err = b.store.read(func(c *connection) error {
			if page, err = b.records(c, from); err != nil || len(page) == 0 {
				return err
			}
			last = page[len(page)-1].Position
			return b.attempts(c, page, from, last)
		})
		return page, last, err
	})
}

// records reads a page of records without their attempts.
func (b *Batch) records(c *connection, from int) (page []batch.Record, err error) {
	const query = `
		SELECT t.position, t.id, t.template, t.row, t.run, t.judge, p.state, b.halted <> '', b.closed_at IS NOT NULL,
			coalesce(v.data, ''), coalesce(r.size, 0), r.raw, r.file
		FROM tasks t JOIN batches b ON b.key = t.batch
		JOIN progress p ON p.batch = t.batch AND p.position = t.position
		LEFT JOIN results r ON r.batch = t.batch AND r.position = t.position AND r.attempt = p.attempt
		LEFT JOIN verdicts v ON v.batch = t.batch AND v.position = t.position
		WHERE t.batch = ? AND t.position >= ? ORDER BY t.position LIMIT ?`
	size := 0
	err = c.all(query, []any{b.key, from, pageItems}, func(rows *sql.Rows) (bool, error) {
		r := batch.Record{BatchID: b.id, StateDir: b.store.dir}
		var halted, closed bool
		var verdict []byte
		var file sql.NullString
		err := rows.Scan(&r.Position, &r.ID, &r.Template, (*[]byte)(&r.Row), &r.Run, &r.Judge, &r.State, &halted, &closed,
			&verdict, &r.Result.Size, (*[]byte)(&r.Result.Raw), &file)
		if err != nil {
			return false, err
		}
		if r.Result.File, err = b.store.sideFile(file); err != nil {
			return false, err
		}
		if len(verdict) > 0 {
			if r.Verdict, err = decodeVerdict(verdict); err != nil {
				return false, err
			}
		}
		r.Outcome = display(r.State, r.Verdict.Outcome, halted, closed)
		page = append(page, r)
		size += len(r.Row) + len(verdict) + len(r.Result.Raw)
		return size < pageBytes, nil
	})
	return page, err
}

// attempts fills in the attempts of a page, whose positions are first to last
// without a gap.
func (b *Batch) attempts(c *connection, page []batch.Record, first, last int) error {
	const query = `
		SELECT position, number, coalesce(run_id, ''), status, session_id, cause,
			intended_at, created_at, started_at, ended_at, message
		FROM attempts WHERE batch = ? AND position BETWEEN ? AND ? ORDER BY position, number`
	return c.all(query, []any{b.key, first, last}, func(rows *sql.Rows) (bool, error) {
		var a batch.Attempt
		var position int
		var cause []byte
		var intended, created, started, ended sql.NullInt64
		err := rows.Scan(&position, &a.Number, &a.RunID, &a.Status, &a.SessionID, &cause,
			&intended, &created, &started, &ended, &a.Message)
		if err != nil {
			return false, err
		}
		a.IntendedAt, a.CreatedAt, a.StartedAt, a.EndedAt = moment(intended), moment(created), moment(started), moment(ended)
		if a.Cause, err = parseCause(cause); err != nil {
			return false, err
		}
		r := &page[position-page[0].Position]
		r.Attempts = append(r.Attempts, a)
		return true, nil
	})
}

// display is the outcome that readers see. A create whose answer never came is
// unknown once the batch is closed, since nobody will settle it then.
func display(state batch.State, final batch.Outcome, halted, closed bool) batch.Outcome {
	switch state {
	case batch.StateDone:
		return final
	case batch.StatePending:
		if halted || closed {
			return batch.NotStarted
		}
		return batch.Pending
	case batch.StateStarting, batch.StateUnsure:
		if closed {
			return batch.Unknown
		}
	}
	return batch.Running
}
