package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// errSameID says that two tasks of a batch have one id.
func errSameID(id string) error { return fmt.Errorf("two tasks have the id %q", id) }

// addIDs writes the ids of a batch's tasks, of which nobody sees any yet, and
// returns an error of [errSameID] where one comes twice.
//
// They are written in their own order. SQLite sorts them in a temporary file of
// the connection that reads them; where there is none, since the folder for such
// files is full or can't be written, they are written in the order of the tasks,
// which takes longer. [batch.ErrInterrupted] when ctx ends first.
func (b *Batch) addIDs(ctx context.Context) error {
	w := idWriter{batch: b}
	err := b.store.readers.snapshot(func(c *connection) error { return w.copy(ctx, c, ` ORDER BY id`) })
	if err != nil && ctx.Err() == nil && w.same == nil && w.broken == nil && !w.begun {
		w.chunk = w.chunk[:0]
		err = b.store.readers.snapshot(func(c *connection) error { return w.copy(ctx, c, ` ORDER BY position`) })
	}
	switch {
	case w.broken != nil || w.same != nil:
		return errors.Join(w.broken, w.same)
	case ctx.Err() != nil:
		return batch.ErrInterrupted
	case err != nil:
		return b.store.explain(err)
	}
	w.flush()
	return errors.Join(w.broken, w.same)
}

// An idWriter writes ids in transactions of as many as a chunk of tasks has.
type idWriter struct {
	batch  *Batch
	chunk  []taskID
	begun  bool
	same   error
	broken error // of the store
}

type taskID struct {
	id       string
	position int
}

// copy takes over what another connection reads meanwhile.
func (w *idWriter) copy(ctx context.Context, c *connection, order string) error {
	return c.allUntil(ctx, `SELECT id, position FROM tasks WHERE batch = ?`+order, []any{w.batch.key}, func(rows *sql.Rows) (bool, error) {
		var t taskID
		if err := rows.Scan(&t.id, &t.position); err != nil {
			return false, err
		}
		if w.chunk = append(w.chunk, t); len(w.chunk) == chunkTasks {
			w.flush()
		}
		return w.same == nil && w.broken == nil, nil
	})
}

func (w *idWriter) flush() {
	w.begun = true
	w.broken = w.batch.store.write(func(c *connection) error {
		for _, t := range w.chunk {
			n, err := c.exec(`INSERT INTO ids (batch, id, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, w.batch.key, t.id, t.position)
			if err != nil {
				return err
			}
			if n == 0 {
				w.same = errSameID(t.id)
				return nil
			}
		}
		return nil
	})
	w.chunk = w.chunk[:0]
}

// dropIDs removes the ids of a batch that nobody sees, so many in a transaction,
// in their order.
func (s *Store) dropIDs(ctx context.Context, key int64) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return batch.ErrInterrupted
		}
		err := s.write(func(c *connection) error {
			n, err := c.exec(`
				DELETE FROM ids WHERE batch = ?1 AND id IN (SELECT id FROM ids WHERE batch = ?1 ORDER BY id LIMIT ?2)
					AND EXISTS (SELECT 1 FROM batches WHERE key = ?1 AND complete = 0)`, key, removedEvents)
			more = n > 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
