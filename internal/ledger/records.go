package ledger

import (
	"database/sql"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// Records yields everything known of the tasks from a place on, in order,
// as reports show it. A Record whose result lies in a side file has its
// absolute path, which is below StateDir. While the batch is being worked on,
// a later record may show a later moment than an earlier one.
func (b *Batch) Records(from int) iter.Seq2[batch.Record, error] {
	checks := map[string]*batch.Checks{}
	return pages(from, func(from int) (page []batch.Record, last int, err error) {
		err = b.store.read(func(c *connection) error {
			placed, err := b.placed(c)
			if err != nil {
				return err
			}
			var digests []string // of their checks
			if page, digests, err = b.records(c, from, placed); err != nil || len(page) == 0 {
				return err
			}
			if err := b.withChecks(c, page, digests, checks); err != nil {
				return err
			}
			last = page[len(page)-1].Place
			if err := b.attempts(c, page, last, placed); err != nil {
				return err
			}
			judgeLast(page)
			if err := b.price(c, page); err != nil {
				return err
			}
			return b.passes(c, page)
		})
		return page, last, err
	})
}

// records reads a page of records without their attempts and checks, and the
// digests of those.
func (b *Batch) records(c *connection, from int, placed bool) (page []batch.Record, digests []string, err error) {
	const columns = `t.position, t.id, t.template, t.row, t.matrix, t.checks, t.skip, t.run, t.judge, t.grp, t.tags, t.repeat, t.reuse,
			p.gone, p.stale, p.state, b.halted <> '', b.closed_at IS NOT NULL,
			coalesce(v.data, ''), coalesce(r.size, 0), r.raw, r.file`
	const joined = ` JOIN batches b ON b.key = t.batch
		JOIN progress p ON p.batch = t.batch AND p.position = t.position
		LEFT JOIN results r ON r.batch = t.batch AND r.position = t.position AND r.attempt = CASE WHEN t.reuse IS NULL THEN nullif(p.attempt, 0) ELSE 0 END
		LEFT JOIN verdicts v ON v.batch = t.batch AND v.position = t.position `
	query := `SELECT t.position, ` + columns + ` FROM tasks t ` + joined + ` WHERE t.batch = ? AND t.position >= ? ORDER BY t.position LIMIT ?`
	if placed {
		query = `SELECT o.place, ` + columns + ` FROM places o JOIN tasks t ON t.batch = o.batch AND t.position = o.position ` + joined +
			` WHERE o.batch = ? AND o.place >= ? ORDER BY o.place LIMIT ?`
	}
	size := 0
	err = c.all(query, []any{b.key, from, pageItems}, func(rows *sql.Rows) (bool, error) {
		r := batch.Record{BatchID: b.id, StateDir: b.store.dir}
		var halted, closed bool
		var digest string
		var verdict, tags, repeat, reuse []byte
		var file sql.NullString
		err := rows.Scan(&r.Place, &r.Position, &r.ID, &r.Template, (*[]byte)(&r.Row), (*[]byte)(&r.Matrix), &digest, &r.Skip, &r.Run, &r.Judge, &r.Group, &tags, &repeat, &reuse,
			&r.Left, &r.Stale, &r.State, &halted, &closed,
			&verdict, &r.Result.Size, (*[]byte)(&r.Result.Raw), &file)
		if err != nil {
			return false, err
		}
		if r.Repeat, err = parseRepeat(repeat); err != nil {
			return false, err
		}
		if err := unmarshalEach(part{tags, &r.Tags}, part{reuse, &r.Reuse}); err != nil {
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
		if r.Outcome = display(r.State, r.Verdict.Outcome, halted, closed); r.Outcome != r.Verdict.Outcome {
			r.Verdict = batch.Verdict{} // of the attempt before
		}
		page, digests = append(page, r), append(digests, digest)
		size += len(r.Row) + len(r.Matrix) + len(verdict) + len(r.Result.Raw)
		return size < pageBytes, nil
	})
	return page, digests, err
}

// attempts fills in the attempts of a page, whose places go on to last without
// a gap.
func (b *Batch) attempts(c *connection, page []batch.Record, last int, placed bool) error {
	const columns = `a.number, coalesce(a.run_id, ''), a.status, a.session_id, a.cause,
			a.intended_at, a.created_at, a.started_at, a.ended_at, a.message, a.outcome, a.reason `
	query := `SELECT a.position, ` + columns + `FROM attempts a WHERE a.batch = ? AND a.position BETWEEN ? AND ? ORDER BY a.position, a.number`
	if placed {
		query = `SELECT o.place, ` + columns + `FROM places o JOIN attempts a ON a.batch = o.batch AND a.position = o.position
			WHERE o.batch = ? AND o.place BETWEEN ? AND ? ORDER BY o.place, a.number`
	}
	return c.all(query, []any{b.key, page[0].Place, last}, func(rows *sql.Rows) (bool, error) {
		var a batch.Attempt
		var place int
		var cause []byte
		var intended, created, started, ended sql.NullInt64
		err := rows.Scan(&place, &a.Number, &a.RunID, &a.Status, &a.SessionID, &cause,
			&intended, &created, &started, &ended, &a.Message, &a.Outcome, &a.Reason)
		if err != nil {
			return false, err
		}
		a.IntendedAt, a.CreatedAt, a.StartedAt, a.EndedAt = moment(intended), moment(created), moment(started), moment(ended)
		if a.Cause, err = parseCause(cause); err != nil {
			return false, err
		}
		r := &page[place-page[0].Place]
		r.Attempts = append(r.Attempts, a)
		return true, nil
	})
}

// judgeLast gives each task's newest attempt the task's verdict: an attempt has
// one of its own only once another may follow it.
func judgeLast(page []batch.Record) {
	for _, r := range page {
		if n := len(r.Attempts) - 1; n >= 0 && r.State == batch.StateDone && r.Reuse == nil && r.Attempts[n].Outcome == "" {
			r.Attempts[n].Outcome, r.Attempts[n].Reason = r.Verdict.Outcome, r.Verdict.Reason
		}
	}
}

// display is the outcome that readers see; final is that of the verdict, if there
// is one. A create whose answer never came is
// unknown once the batch is closed, since nobody will settle it then.
func display(state batch.State, final batch.Outcome, halted, closed bool) batch.Outcome {
	switch state {
	case batch.StateDone:
		return final
	case batch.StatePending:
		switch {
		case !halted && !closed:
			return batch.Pending
		case final != "": // it was to be tried again, and what became of it stands
			return final
		}
		return batch.NotStarted
	case batch.StateStarting, batch.StateUnsure:
		if closed {
			return batch.Unknown
		}
	}
	return batch.Running
}
