package ledger

import (
	"database/sql"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// ContinuedAt returns when the batch was last taken up again with this message;
// the zero time where it never was. It goes through the events from the newest.
func (b *Batch) ContinuedAt(message string) (at time.Time, err error) {
	err = b.store.read(func(c *connection) error {
		var nanos sql.NullInt64
		_, err := c.one(`
			SELECT at FROM events WHERE batch = ? AND kind = ? AND coalesce(json_extract(data, '$.message'), '') = ?
			ORDER BY seq DESC LIMIT 1`, []any{b.key, batch.BatchContinued, message}, &nanos)
		at = moment(nanos)
		return err
	})
	return at, err
}
