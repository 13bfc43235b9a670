package ledger

import (
	"context"
	"database/sql"

	"github.com/bbbatch/bbbatch/batch"
)

// sweep removes the batches of a name that a crash left half filled. Those of
// other names may be in the making in other processes.
func (s *Store) sweep(ctx context.Context, name string) error {
	var left []int64
	err := s.read(func(c *connection) error {
		return c.all(`SELECT key FROM batches WHERE name = ? AND complete = 0`, []any{name}, func(rows *sql.Rows) (bool, error) {
			var key int64
			err := rows.Scan(&key)
			left = append(left, key)
			return true, err
		})
	})
	if err != nil {
		return err
	}
	for _, key := range left {
		if _, ours := s.building.Load(key); ours {
			continue
		}
		if err := s.remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// removedEvents is how many events are deleted in one transaction.
const removedEvents = 5000

// remove deletes a batch that nobody sees, piece by piece so that no transaction
// is long, its side files first and its own row last. One that has been
// completed meanwhile stays. [batch.ErrInterrupted] when ctx ends first: the rest
// is removed another time.
func (s *Store) remove(ctx context.Context, key int64) error {
	if err := s.removeFiles(key); err != nil {
		return err
	}
	if err := s.dropIDs(ctx, key); err != nil {
		return err
	}
	for more := true; more; {
		if ctx.Err() != nil {
			return batch.ErrInterrupted
		}
		err := s.write(func(c *connection) error {
			var last sql.NullInt64
			found, err := c.one(`
				SELECT (SELECT max(position) FROM tasks WHERE batch = b.key) FROM batches b WHERE key = ? AND complete = 0`,
				[]any{key}, &last)
			more = last.Valid
			if err != nil || !found {
				return err
			}
			for _, query := range []string{
				`DELETE FROM results WHERE batch = ? AND position > ?`,
				`DELETE FROM verdicts WHERE batch = ? AND position > ?`,
				`DELETE FROM attempts WHERE batch = ? AND position > ?`,
				`DELETE FROM progress WHERE batch = ? AND position > ?`,
				`DELETE FROM tasks WHERE batch = ? AND position > ?`,
			} {
				if _, err := c.exec(query, key, last.Int64-chunkTasks); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for more := true; more; {
		if ctx.Err() != nil {
			return batch.ErrInterrupted
		}
		err := s.write(func(c *connection) error {
			n, err := c.exec(`
				DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE batch = ?1 LIMIT ?2)
					AND EXISTS (SELECT 1 FROM batches WHERE key = ?1 AND complete = 0)`, key, removedEvents)
			more = n > 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.write(func(c *connection) error {
		if n, err := c.exec(`DELETE FROM batches WHERE key = ? AND complete = 0`, key); err != nil || n == 0 {
			return err
		}
		for _, query := range []string{
			`DELETE FROM schemas WHERE batch = ?`,
			`DELETE FROM checks WHERE batch = ?`,
			`DELETE FROM agents WHERE batch = ?`,
			`DELETE FROM places WHERE batch = ?`,
		} {
			if _, err := c.exec(query, key); err != nil {
				return err
			}
		}
		return nil
	})
}
