package ledger

import (
	"context"
	"database/sql"
)

// Sweep removes what is left of batches of a name that were never filled, because
// the process was killed or interrupted, or that were being deleted. Begin and
// Prune do so too; of a large batch it takes a while, and here it is given up
// once ctx is done, with its error. found, if there is anything, is called
// first. The caller holds the [Lock] of the name.
func (s *Store) Sweep(ctx context.Context, name string, found func()) error {
	left, err := s.unfilled(name)
	if err != nil || len(left) == 0 {
		return err
	}
	found()
	return s.removeAll(ctx, left)
}

// sweep is Sweep for who can't be interrupted.
func (s *Store) sweep(name string) error {
	left, err := s.unfilled(name)
	if err != nil {
		return err
	}
	return s.removeAll(context.Background(), left)
}

// unfilled are the keys of the batches of a name that nobody sees and nobody is
// filling. Those of other names may be in the making in other processes.
func (s *Store) unfilled(name string) (left []int64, err error) {
	err = s.read(func(c *connection) error {
		return c.all(`SELECT key FROM batches WHERE name = ? AND complete = 0`, []any{name}, func(rows *sql.Rows) (bool, error) {
			var key int64
			err := rows.Scan(&key)
			if _, ours := s.building.Load(key); !ours {
				left = append(left, key)
			}
			return true, err
		})
	})
	return left, err
}

func (s *Store) removeAll(ctx context.Context, keys []int64) error {
	for _, key := range keys {
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
// completed meanwhile stays. Between two pieces it ends with the error of ctx.
func (s *Store) remove(ctx context.Context, key int64) error {
	if err := s.removeFiles(key); err != nil {
		return err
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
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
		if err := ctx.Err(); err != nil {
			return err
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
