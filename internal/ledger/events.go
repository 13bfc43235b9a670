package ledger

import (
	"database/sql"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// A Logged is an event with its place in the ledger.
type Logged struct {
	Seq  int64  // grows with each event; shared by all batches of the ledger, so that there are gaps
	Task string // id of the task; "" for events of the batch and task.added
	batch.Event
}

// Events yields what happened to the batch, in the order in which it was
// written. What a run echoed of its request and the bytes of results are not
// in them, and neither is the text of an agent's schema.
func (b *Batch) Events() iter.Seq2[batch.Event, error] {
	return func(yield func(batch.Event, error) bool) {
		for l, err := range b.EventsAfter(0) {
			if !yield(l.Event, err) {
				return
			}
		}
	}
}

// EventsAfter yields those of [Batch.Events] whose Seq is greater than seq, as
// far as they are written when they are asked for.
func (b *Batch) EventsAfter(seq int64) iter.Seq2[Logged, error] {
	const query = `
		SELECT e.seq, e.position, e.attempt, e.at, e.kind, e.data, coalesce(t.id, '')
		FROM events e LEFT JOIN tasks t ON e.kind <> 'task.added' AND t.batch = e.batch AND t.position = e.position
		WHERE e.batch = ? AND e.seq >= ? ORDER BY e.seq LIMIT ?`
	return pages(int(seq)+1, func(from int) (page []Logged, last int, err error) {
		size := 0
		err = b.store.read(func(c *connection) error {
			return c.all(query, []any{b.key, from, pageItems}, func(rows *sql.Rows) (bool, error) {
				var e Logged
				var at sql.NullInt64
				var data []byte
				if err := rows.Scan(&last, &e.Position, &e.Attempt, &at, &e.Kind, &data, &e.Task); err != nil {
					return false, err
				}
				e.Seq = int64(last)
				e.At = moment(at)
				page = append(page, e)
				size += len(data)
				return size < pageBytes, readEvent(data, &page[len(page)-1].Event)
			})
		})
		return page, last, err
	})
}

// LastEvent returns the Seq of the newest event of any batch, 0 when there is
// none.
func (s *Store) LastEvent() (seq int64, err error) {
	err = s.read(func(c *connection) error {
		_, err := c.one(`SELECT coalesce(max(seq), 0) FROM events`, nil, &seq)
		return err
	})
	return seq, err
}
