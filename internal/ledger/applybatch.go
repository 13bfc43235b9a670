package ledger

import (
	"database/sql"
	"errors"

	"github.com/bbbatch/bbbatch/batch"
)

// applyToBatch is apply for the events of the batch as a whole.
func (w *write) applyToBatch(c *connection) error {
	var closed bool
	if _, err := c.one(`SELECT closed_at IS NOT NULL FROM batches WHERE key = ?`, []any{w.batch.key}, &closed); err != nil {
		return err
	}
	if closed && w.event.Kind != batch.BatchContinued {
		w.refused = w.batch.isClosed(w.event.Kind)
		return nil
	}
	var err error
	e := w.event
	switch e.Kind {
	case batch.BatchContinued:
		_, err = c.exec(`UPDATE batches SET halted = '', closed_at = NULL, whole = NULL WHERE key = ?`, w.batch.key)
		if err == nil && e.Policy != nil {
			_, err = c.exec(`UPDATE batches SET policy = ? WHERE key = ?`, jsonColumn(e.Policy), w.batch.key)
		}
	case batch.BatchHalted:
		// The first reason is the cause; others follow from it.
		_, err = c.exec(`UPDATE batches SET halted = ? WHERE key = ? AND halted = ''`, e.Message, w.batch.key)
	case batch.BatchClosed:
		var whole sql.NullString
		if e.Whole != nil {
			whole = jsonColumn(e.Whole)
		}
		_, err = c.exec(`UPDATE batches SET closed_at = ?, whole = ? WHERE key = ?`, nanos(e.At).Int64, whole, w.batch.key)
	case batch.AgentRead:
		err = w.keepAgent(c)
	}
	return errors.Join(err, w.log(c, -1))
}

// keepAgent stores an agent's default schema. One that is read again, and is
// another now, replaces it; the earlier text stays, since it may have judged.
func (w *write) keepAgent(c *connection) error {
	e := w.event
	var digest sql.NullString
	if e.Schema != nil {
		digest = sql.NullString{String: batch.SchemaDigest(e.Schema), Valid: true}
		if _, err := c.exec(`INSERT INTO schemas (batch, digest, text) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			w.batch.key, digest, e.Schema); err != nil {
			return err
		}
	}
	_, err := c.exec(`
		INSERT INTO agents (batch, id, read_at, schema) VALUES (?, ?, ?, ?)
		ON CONFLICT (batch, id) DO UPDATE SET read_at = excluded.read_at, schema = excluded.schema`,
		w.batch.key, e.Agent, nanos(e.At).Int64, digest)
	return err
}
