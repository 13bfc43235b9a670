package ledger

import (
	"database/sql"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// Events yields what happened to the batch, in the order in which it was
// written. What a run echoed of its request and the bytes of results are not
// in them, and neither is the text of an agent's schema.
func (b *Batch) Events() iter.Seq2[batch.Event, error] {
	const query = `SELECT seq, position, attempt, at, kind, data FROM events WHERE batch = ? AND seq >= ? ORDER BY seq LIMIT ?`
	return pages(0, func(from int) (page []batch.Event, last int, err error) {
		size := 0
		err = b.store.read(func(c *connection) error {
			return c.all(query, []any{b.key, from, pageItems}, func(rows *sql.Rows) (bool, error) {
				var e batch.Event
				var at sql.NullInt64
				var data []byte
				if err := rows.Scan(&last, &e.Position, &e.Attempt, &at, &e.Kind, &data); err != nil {
					return false, err
				}
				e.At = moment(at)
				page = append(page, e)
				size += len(data)
				return size < pageBytes, decode(data, &page[len(page)-1])
			})
		})
		return page, last, err
	})
}
