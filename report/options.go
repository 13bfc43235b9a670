package report

import (
	"encoding/json"

	"github.com/bbbatch/bbbatch/batch"
)

// Options say what of a batch a report shows, and how. The zero value shows
// every task as the format does by itself.
type Options struct {
	// Where says which tasks; nil for all. It gets them with their results, also
	// those that lie in files. One that it cannot tell is shown: a report hides
	// nothing by mistake.
	Where func(batch.Record) (bool, error)

	// The rest is for tables.
	Columns     []Column // in place of the format's own; nil for those
	Unwind      []string // names from the judged value to a list: a row for each element; nil for none
	Repetitions bool     // a row for each member of a repetition, not for the group
	BOM         bool     // begin with a byte order mark, for Excel
	Unguarded   bool     // leave cells that a spreadsheet would run as they are
}

// A Column is one column of a table that the user chose.
type Column struct {
	Name string

	// Value returns the cell as JSON, nil for an empty one. item is the element of
	// the list that is unwound, nil without one. For all elements of a task the
	// bytes of rec's result are the same, so that what was read of them can be used
	// again. Of an error the cell says that the value could not be evaluated, since
	// one odd result must not take the report from all others.
	Value func(rec batch.Record, item json.RawMessage) (json.RawMessage, error)
}

// shows reports whether a task is among those that are asked for. The error is
// that of reading its result.
func (o Options) shows(rec batch.Record) (bool, error) {
	if o.Where == nil {
		return true, nil
	}
	rec, err := withResult(rec)
	if err != nil {
		return false, err
	}
	return o.fits(rec), nil
}

// fits is shows for a record that has its result.
func (o Options) fits(rec batch.Record) bool {
	if o.Where == nil {
		return true
	}
	holds, err := o.Where(rec)
	return holds || err != nil
}

// withResult returns rec with the bytes of its result, wherever they lie; with
// none where there is none to show.
func withResult(rec batch.Record) (batch.Record, error) {
	raw, err := rec.Answer(maxShown)
	rec.Result = batch.Result{Raw: raw, Size: int64(len(raw))}
	return rec, err
}
