package report

import (
	"encoding/json"

	"github.com/bbbatch/bbbatch/batch"
)

// Options say what of a batch a report shows, and how. The zero value shows
// every task as the format does by itself.
type Options struct {
	Where func(batch.Record) (bool, error) // which tasks; nil for all

	// The rest is for tables.
	Columns     []Column // in place of the format's own; nil for those
	Unwind      []string // names from the result's root to a list: a row for each element; nil for none
	Repetitions bool     // a row for each member of a repetition, not for the group
	BOM         bool     // begin with a byte order mark, for Excel
	Unguarded   bool     // leave cells that a spreadsheet would run as they are
}

// A Column is one column of a table that the user chose.
type Column struct {
	Name string

	// Value returns the cell as JSON, nil for an empty one. item is the element of
	// the list that is unwound, nil without one.
	Value func(rec batch.Record, item json.RawMessage) (json.RawMessage, error)
}
