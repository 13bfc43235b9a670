package ledger

import (
	"database/sql"
	"iter"
	"math"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// Batches yields the batches of a name, or of any when it is "", that were
// opened at since or later, the newest first.
func (r *Reader) Batches(name string, since time.Time) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		for before := int64(math.MaxInt64); ; {
			page, err := r.batches(name, since, before)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, b := range page {
				if !yield(b, nil) {
					return
				}
				before = b.key
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

func (r *Reader) batches(name string, since time.Time, before int64) (page []*Batch, err error) {
	err = r.store.read(func(c *connection) error {
		return c.all(`
			SELECT key, id FROM batches
			WHERE complete = 1 AND (?1 = '' OR name = ?1) AND opened_at >= ?2 AND key < ?3
			ORDER BY key DESC LIMIT ?4`,
			[]any{name, bound(since), before, pageItems}, func(rows *sql.Rows) (bool, error) {
				b := &Batch{store: r.store}
				page = append(page, b)
				return true, rows.Scan(&b.key, &b.id)
			})
	})
	return page, err
}

// bound is a time as the database compares it, whatever its year.
func bound(t time.Time) int64 {
	if n := nanos(t); n.Valid {
		return n.Int64
	}
	if t.Year() > lastYear {
		return math.MaxInt64
	}
	return math.MinInt64
}

// Brief is Summary without what takes long: failures and leaks.
func (b *Batch) Brief() (s batch.Summary, err error) {
	err = b.store.read(func(c *connection) error {
		if s.Info, err = b.info(c); err != nil {
			return err
		}
		if err := b.count(c, &s); err != nil {
			return err
		}
		if err := b.whole(c, &s); err != nil {
			return err
		}
		if err := b.runs(c, &s); err != nil {
			return err
		}
		return b.excused(c, &s)
	})
	return s, err
}
