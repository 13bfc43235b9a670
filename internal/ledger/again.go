package ledger

import (
	"errors"

	"github.com/bbbatch/bbbatch/batch"
)

// keepVerdict writes how the task ended.
func (w *write) keepVerdict(c *connection) error {
	v := w.event.Verdict
	_, err := c.exec(`
		INSERT OR REPLACE INTO verdicts (batch, position, outcome, reason, message, signature, leaked, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		w.batch.key, w.event.Position, string(v.Outcome), string(v.Reason), v.Message, signatureOf(*v),
		len(v.Leaked), string(w.verdict))
	if err == nil && len(v.Leaked) > 0 {
		_, err = c.exec(`UPDATE results SET leaked = ? WHERE batch = ? AND position = ? AND attempt = ?`,
			jsonColumn(v.Leaked), w.batch.key, w.event.Position, w.event.Attempt)
	}
	return err
}

// spend gives the newest attempt its verdict, so that another may follow it: the
// event's, or that of the task. It stays the task's too, for readers, until the
// next attempt.
func (w *write) spend(c *connection) error {
	e := w.event
	key := []any{w.batch.key, e.Position}
	var err error
	if v := e.Verdict; v != nil {
		_, err = c.exec(`
			UPDATE attempts SET outcome = ?, reason = ?, message = coalesce(nullif(?, ''), message)
			WHERE batch = ? AND position = ? AND number = ?`,
			string(v.Outcome), string(v.Reason), v.Message, w.batch.key, e.Position, e.Attempt)
		err = errors.Join(err, w.keepVerdict(c))
	} else {
		err = w.handDown(c)
	}
	_, own := c.exec(`UPDATE tasks SET reuse = NULL WHERE batch = ? AND position = ? AND reuse IS NOT NULL`, key...)
	_, moved := c.exec(`UPDATE progress SET retries = ?, after = ?, stale = 0 WHERE batch = ? AND position = ?`,
		append([]any{e.Retries, nanos(e.After)}, key...)...)
	return errors.Join(err, own, moved)
}

// handDown makes the task's verdict that of its newest attempt, unless that has
// one of its own, and keeps its text and agent: the task's may change.
func (w *write) handDown(c *connection) error {
	_, err := c.exec(`
			UPDATE attempts SET outcome = v.outcome, reason = v.reason, message = coalesce(nullif(v.message, ''), attempts.message),
				text = coalesce(attempts.text, t.text), agent = coalesce(attempts.agent, t.agent)
			FROM verdicts v JOIN tasks t ON t.batch = v.batch AND t.position = v.position
			WHERE v.batch = ?1 AND v.position = ?2
				AND attempts.batch = ?1 AND attempts.position = ?2 AND attempts.number = ?3 AND attempts.outcome = ''`,
		w.batch.key, w.event.Position, w.from.Attempt)
	return err
}

// takeBack removes the task's verdict.
func (w *write) takeBack(c *connection) error {
	_, err := c.exec(`DELETE FROM verdicts WHERE batch = ? AND position = ?`, w.batch.key, w.event.Position)
	return err
}

// redefine writes what a task.changed says: the definition where there is a new
// one, and that the manifest has the task.
func (w *write) redefine(c *connection) error {
	e := w.event
	if e.Then == batch.StatePending {
		if err := w.handDown(c); err != nil {
			return err
		}
	}
	if e.Then != "" {
		if err := w.takeBack(c); err != nil {
			return err
		}
	}
	if e.Then == batch.StatePending {
		if _, err := c.exec(`UPDATE tasks SET reuse = NULL WHERE batch = ? AND position = ?`, w.batch.key, e.Position); err != nil {
			return err
		}
	}
	_, err := c.exec(`
		UPDATE progress SET gone = 0, stale = ?1, retries = CASE WHEN ?2 THEN 0 ELSE retries END, after = CASE WHEN ?2 THEN NULL ELSE after END
		WHERE batch = ?3 AND position = ?4`,
		e.Stale, e.Then == batch.StatePending, w.batch.key, e.Position)
	return err
}

// takeOver copies the result that a task takes over from an earlier batch, as
// that of no attempt. A side file belongs to both then.
func (w *write) takeOver(c *connection) error {
	e := w.event
	said, err := marshal(e.Reuse)
	if err != nil {
		return err
	}
	_, err = c.exec(`UPDATE tasks SET reuse = ? WHERE batch = ? AND position = ?`, string(said), w.batch.key, e.Position)
	_, copied := c.exec(`
		INSERT OR REPLACE INTO results (batch, position, attempt, size, raw, file, leaked)
		SELECT ?, ?, 0, r.size, r.raw, r.file, r.leaked FROM results r JOIN batches b ON b.key = r.batch
		WHERE b.id = ? AND r.position = ? AND r.attempt = ?`,
		w.batch.key, e.Position, e.Reuse.Batch, e.Reuse.Position, e.Reuse.Attempt)
	return errors.Join(err, copied)
}
