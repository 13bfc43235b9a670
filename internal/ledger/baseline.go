package ledger

import (
	"database/sql"
	"fmt"
	"time"
)

// A Baseline is a name for a batch, which keeps it from being deleted.
type Baseline struct {
	Name  string
	Batch *Batch
	SetAt time.Time
}

// SetBaseline gives a batch a name, which another batch may have had before: was
// is the id of that one, "" for none. [ErrNoBatch] when the batch has been
// deleted meanwhile. It needs no [Lock].
func (s *Store) SetBaseline(name string, b *Batch, now time.Time) (was string, err error) {
	there := false
	err = s.write(func(c *connection) (err error) {
		was = ""
		var complete int
		if there, err = c.one(`SELECT complete FROM batches WHERE key = ? AND complete = 1`, []any{b.key}, &complete); err != nil || !there {
			return err
		}
		if _, err = c.one(`SELECT id FROM batches b JOIN baselines n ON n.batch = b.key WHERE n.name = ?`, []any{name}, &was); err != nil {
			return err
		}
		_, err = c.exec(`INSERT OR REPLACE INTO baselines (name, batch, set_at) VALUES (?, ?, ?)`, name, b.key, nanos(now).Int64)
		return err
	})
	if err == nil && !there {
		err = fmt.Errorf("%w: %q", ErrNoBatch, b.id)
	}
	return was, err
}

// RemoveBaseline forgets a name; ok is false when no batch has it.
func (s *Store) RemoveBaseline(name string) (ok bool, err error) {
	err = s.write(func(c *connection) error {
		n, err := c.exec(`DELETE FROM baselines WHERE name = ?`, name)
		ok = n > 0
		return err
	})
	return ok, err
}

// Baseline returns the batch that has a name; ok is false when none has.
func (r *Reader) Baseline(name string) (b *Batch, ok bool, err error) {
	return r.store.newest(`SELECT b.key, b.id FROM baselines n JOIN batches b ON b.key = n.batch WHERE n.name = ? AND b.complete = 1`, name)
}

// Baselines returns the names in alphabetical order, so many at most.
func (r *Reader) Baselines(most int) (all []Baseline, err error) {
	err = r.store.read(func(c *connection) error {
		return c.all(`
			SELECT n.name, n.set_at, b.key, b.id FROM baselines n JOIN batches b ON b.key = n.batch
			WHERE b.complete = 1 ORDER BY n.name LIMIT ?`, []any{most}, func(rows *sql.Rows) (bool, error) {
			l := Baseline{Batch: &Batch{store: r.store}}
			var at sql.NullInt64
			err := rows.Scan(&l.Name, &at, &l.Batch.key, &l.Batch.id)
			l.SetAt = moment(at)
			all = append(all, l)
			return true, err
		})
	})
	return all, err
}

// baseline returns a name that the batch has.
func (b *Batch) baseline(c *connection) (name string, named bool, err error) {
	named, err = c.one(`SELECT name FROM baselines WHERE batch = ? ORDER BY name LIMIT 1`, []any{b.key}, &name)
	return name, named, err
}
