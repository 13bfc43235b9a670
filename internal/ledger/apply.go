package ledger

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// A write is one event on its way into the rows.
type write struct {
	batch   *Batch
	event   batch.Event // clean and well formed
	data    []byte      // the event's data column
	verdict []byte      // task.judged
	result  *stage      // attempt.ended
	from    Standing    // set by apply: where the task stood

	refused error // set by apply when the event may not follow
}

// apply runs inside a transaction. It decides whether the event is admitted
// before it writes anything, so that a refusal leaves the transaction to its
// other events.
func (w *write) apply(c *connection) error {
	w.refused = nil
	if w.event.Position < 0 || ofBatch(w.event.Kind) {
		return w.applyToBatch(c)
	}
	if done, err := w.fly(c); done || err != nil {
		return err
	}
	from, found, err := w.standing(c)
	if err != nil {
		return err
	}
	if !found {
		w.refused = fmt.Errorf("%s of task %d, which the batch has not: %w", w.event.Kind, w.event.Position, batch.ErrConflict)
		return nil
	}
	if w.refused != nil {
		return nil
	}
	w.from = from
	to, err := from.after(w.event)
	if err != nil {
		w.refused = err
		return nil
	}
	if err := w.unowned(c); err != nil || w.refused != nil {
		return err
	}
	if from.State != to.State {
		moved, err := w.move(c, from, to)
		if err == nil && !moved {
			err = fmt.Errorf("task %d did not move", w.event.Position)
		}
		if err != nil {
			return err
		}
	}
	return w.record(c, from, to)
}

// fly applies the event by what is remembered of the task, or by where tasks
// mostly stand before their first attempt, and reports false when that does not
// do: nothing was written then.
func (w *write) fly(c *connection) (done bool, err error) {
	from, ok := w.batch.flight[w.event.Position]
	if !ok {
		if w.event.Kind != batch.AttemptIntended || w.event.Attempt != 1 {
			return false, nil
		}
		from = Standing{State: batch.StatePending}
	}
	to, err := from.after(w.event)
	if err != nil || from.State == to.State {
		return false, nil // without a move nothing would tell whether it is true still
	}
	if err := w.unowned(c); err != nil || w.refused != nil {
		return true, err
	}
	if moved, err := w.move(c, from, to); err != nil || !moved {
		return false, err
	}
	w.from = from
	return true, w.record(c, from, to)
}

// unowned refuses a run that any attempt of the ledger has already.
func (w *write) unowned(c *connection) error {
	if w.event.Kind != batch.AttemptStarted && w.event.Kind != batch.AttemptAdopted {
		return nil
	}
	owned, err := owns(c, w.event.Run.ID)
	if err == nil && owned {
		w.refused = fmt.Errorf("%s of task %d: another attempt has run %q: %w",
			w.event.Kind, w.event.Position, w.event.Run.ID, batch.ErrConflict)
	}
	return err
}

// record writes all but the state, and remembers that.
func (w *write) record(c *connection, from, to Standing) error {
	switch to.State {
	case batch.StateStarting, batch.StateRunning, batch.StateEnded:
		if w.batch.flight == nil {
			w.batch.flight = map[int]Standing{}
		}
		w.batch.flight[w.event.Position] = to
	default:
		delete(w.batch.flight, w.event.Position)
	}
	return errors.Join(w.detail(c, from.State), w.log(c, w.event.Position))
}

func ofBatch(k batch.Kind) bool {
	switch k {
	case batch.BatchContinued, batch.BatchHalted, batch.BatchClosed, batch.AgentRead:
		return true
	}
	return false
}

// standing reads where the task stands, and refuses when its batch is closed.
func (w *write) standing(c *connection) (s Standing, found bool, err error) {
	var closed bool
	found, err = c.one(`
		SELECT p.state, p.outcome, p.attempt, coalesce(a.run_id, ''), coalesce(a.status, ''), p.gone, p.stale, coalesce(a.outcome, '') <> '', t.reuse IS NOT NULL, b.closed_at IS NOT NULL
		FROM progress p JOIN batches b ON b.key = p.batch
		JOIN tasks t ON t.batch = p.batch AND t.position = p.position
		LEFT JOIN attempts a ON a.batch = p.batch AND a.position = p.position AND a.number = p.attempt
		WHERE p.batch = ? AND p.position = ?`,
		[]any{w.batch.key, w.event.Position}, &s.State, &s.Outcome, &s.Attempt, &s.RunID, &s.Status, &s.Left, &s.Stale, &s.Spent, &s.Reused, &closed)
	if closed {
		w.refused = w.batch.isClosed(w.event.Kind)
	}
	return s, found, err
}

func (b *Batch) isClosed(k batch.Kind) error {
	return fmt.Errorf("%s after batch %s was closed: %w", k, b.id, batch.ErrConflict)
}

// move compares and sets the task's state. It reports false, and has changed
// nothing, when the task does not stand there or its batch is closed.
func (w *write) move(c *connection, from, to Standing) (bool, error) {
	n, err := c.exec(`
		UPDATE progress SET state = ?, outcome = ?, attempt = ?
		WHERE batch = ? AND position = ? AND state = ? AND attempt = ?
			AND NOT EXISTS (SELECT 1 FROM batches WHERE key = progress.batch AND closed_at IS NOT NULL)`,
		string(to.State), string(to.Outcome), to.Attempt,
		w.batch.key, w.event.Position, string(from.State), from.Attempt)
	return n == 1, err
}

// log writes the event itself.
func (w *write) log(c *connection, position int) error {
	_, err := c.exec(`INSERT INTO events (batch, position, attempt, at, kind, data) VALUES (?, ?, ?, ?, ?, ?)`,
		w.batch.key, position, w.event.Attempt, nanos(w.event.At).Int64, string(w.event.Kind), string(w.data))
	return err
}

func owns(c *connection, runID string) (bool, error) {
	var one int
	return c.one(`SELECT 1 FROM attempts WHERE run_id = ?`, []any{runID}, &one)
}

// detail writes what the event says of the attempt or the outcome.
func (w *write) detail(c *connection, from batch.State) error {
	e := w.event
	attempt := []any{w.batch.key, e.Position, e.Attempt}
	var err error
	switch e.Kind {
	case batch.AttemptIntended:
		if w.from.Spent {
			if err := w.takeBack(c); err != nil {
				return err
			}
		}
		_, err = c.exec(`
			INSERT INTO attempts (batch, position, number, digest, marker, intended_at, clock) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (batch, position, number) DO UPDATE SET digest = excluded.digest, marker = excluded.marker,
				intended_at = excluded.intended_at, clock = excluded.clock, rejected = 0, message = ''`,
			append(attempt, e.Digest, e.Marker, nanos(e.At).Int64, int64(e.Offset))...)
	case batch.AttemptStarted:
		err = w.observe(c)
	case batch.AttemptUnknown:
		_, err = c.exec(`UPDATE attempts SET message = ? WHERE batch = ? AND position = ? AND number = ?`,
			append([]any{e.Message}, attempt...)...)
	case batch.AttemptAdopted:
		if w.from.Spent {
			err = w.takeBack(c)
		}
		err = errors.Join(err, w.restoreIntent(c), w.observe(c))
	case batch.AttemptRejected:
		// Of a create that was sent, the run id may yet turn up: 2.
		_, err = c.exec(`UPDATE attempts SET message = ?, rejected = CASE WHEN ? THEN 2 ELSE 1 END WHERE batch = ? AND position = ? AND number = ?`,
			append([]any{e.Message, from == batch.StateUnsure}, attempt...)...)
	case batch.RunObserved:
		err = w.observe(c)
	case batch.StopIntended:
		_, err = c.exec(`UPDATE attempts SET stop_at = ?, stop_why = ? WHERE batch = ? AND position = ? AND number = ?`,
			append([]any{nanos(e.At).Int64, string(e.Why)}, attempt...)...)
	case batch.AttemptEnded:
		err = errors.Join(w.observe(c), w.keepResult(c))
	case batch.TaskJudged, batch.TaskSkipped:
		err = w.keepVerdict(c)
	case batch.TaskReused:
		err = errors.Join(w.takeOver(c), w.keepVerdict(c))
	case batch.TaskRetried:
		err = w.spend(c)
	case batch.TaskChanged:
		err = w.redefine(c)
	case batch.TaskLeft:
		_, err = c.exec(`UPDATE progress SET gone = 1 WHERE batch = ? AND position = ?`, w.batch.key, e.Position)
	}
	return err
}

// observe keeps what a run was seen to be. What an observation leaves out, an
// earlier one may have said.
func (w *write) observe(c *connection) error {
	e, r := w.event, w.event.Run
	var cause sql.NullString
	if r.Cause != nil {
		text, err := marshal((*causeData)(r.Cause))
		if err != nil {
			return err
		}
		cause = sql.NullString{String: string(text), Valid: true}
	}
	args := []any{
		string(r.Status), r.SessionID, cause, nanos(r.CreatedAt), nanos(r.StartedAt), nanos(r.EndedAt),
		w.batch.key, e.Position, e.Attempt,
	}
	const seen = `status = ?, session_id = coalesce(nullif(?, ''), session_id), cause = coalesce(?, cause),
		created_at = coalesce(?, created_at), started_at = coalesce(?, started_at), ended_at = coalesce(?, ended_at)
		WHERE batch = ? AND position = ? AND number = ?`
	var err error
	switch e.Kind {
	case batch.AttemptStarted:
		_, err = c.exec(`UPDATE attempts SET run_id = ?, known_at = ?, echo = ?, message = '', `+seen,
			append([]any{r.ID, nanos(e.At).Int64, echoWords(e.Echo)}, args...)...)
	case batch.AttemptAdopted:
		// It has been running since about the intent, and its deadline with it.
		_, err = c.exec(`UPDATE attempts SET run_id = ?, known_at = intended_at, message = ?, `+seen,
			append([]any{r.ID, e.Message}, args...)...)
	default:
		_, err = c.exec(`UPDATE attempts SET `+seen, args...)
	}
	return err
}

// restoreIntent makes the attempt's row where a damaged ledger has lost it.
func (w *write) restoreIntent(c *connection) error {
	_, err := c.exec(`
		INSERT INTO attempts (batch, position, number, digest, intended_at, clock) VALUES (?, ?, ?, '', ?, 0)
		ON CONFLICT (batch, position, number) DO UPDATE SET rejected = 0`,
		w.batch.key, w.event.Position, w.event.Attempt, nanos(w.event.At).Int64)
	return err
}

// keepResult stores the bytes, or names the side file, which has its name
// before the transaction can say so.
func (w *write) keepResult(c *connection) error {
	r := w.result
	if r.size == 0 {
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	_, err := c.exec(`INSERT INTO results (batch, position, attempt, size, raw, file) VALUES (?, ?, ?, ?, ?, ?)`,
		w.batch.key, w.event.Position, w.event.Attempt, r.size, r.raw, sql.NullString{String: r.name, Valid: r.name != ""})
	return err
}
