package ledger

import (
	"database/sql"
	"time"
)

// The first and last moments that fit into 64 bits of nanoseconds, in whole
// years.
const (
	firstYear = 1678
	lastYear  = 2261
)

// nanos is how a time is stored: NULL for zero, and for a time that no clock
// can have shown, since the service's times are not trusted.
func nanos(t time.Time) sql.NullInt64 {
	t = t.UTC()
	if t.IsZero() || t.Year() < firstYear || t.Year() > lastYear {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixNano(), Valid: true}
}

func moment(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}
