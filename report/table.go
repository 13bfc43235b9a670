package report

import (
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"github.com/bbbatch/bbbatch/batch"
)

// A table makes rows; cells and doc are used again for each.
type table struct {
	options Options
	cell    cell
	columns *columns
	picker  *picker
	repeats bool
	cells   []string
	doc     []byte
}

func newTable(o Options, schemas [][]byte, repeats bool) *table {
	t := &table{options: o, cell: cell{unguarded: o.Unguarded}, repeats: repeats}
	if o.Columns != nil {
		schemas = nil // only the way to the list that is unwound matters
	}
	t.columns = resultColumns(schemas, repeats, o.Unwind, t.cell)
	t.picker = newPicker(t.columns)
	return t
}

// header is the table's first row.
func (t *table) header() []string {
	if t.options.Columns == nil {
		return t.columns.header()
	}
	names := make([]string, len(t.options.Columns))
	for i, c := range t.options.Columns {
		names[i] = t.cell.text(c.Name)
	}
	return names
}

// rows yields the rows of a task: one, or one for each element of the list that
// is unwound. Where there is no such list, or nothing in it, there is one row
// all the same, so that no task is missing. Each row is good until the next.
func (t *table) rows(rec batch.Record) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		rec, err := t.read(rec)
		if err != nil {
			yield(nil, err)
			return
		}
		if !t.options.fits(rec) {
			return
		}
		defer t.letGo()
		any := false
		for item := range t.picker.elements() {
			any = true
			if !yield(t.row(rec, item), nil) {
				return
			}
		}
		if !any {
			yield(t.row(rec, nil), nil)
		}
	}
}

// read gets a task's result, and picks from it. What nobody has judged is not
// shown as a value, and only the verdict knows where the judged value lies: the
// cells stay empty until the task is done.
func (t *table) read(rec batch.Record) (batch.Record, error) {
	o := &t.options
	if o.Where == nil && o.Columns == nil && len(t.columns.names) == 0 {
		return rec, nil // nothing is asked of the result
	}
	rec, err := withResult(rec)
	if err != nil {
		return rec, err
	}
	ok := false
	if len(t.columns.names) > 0 && rec.Result.Raw != nil {
		t.doc, ok = compact(t.doc[:0], rec.Result.Raw)
	}
	if !ok {
		t.picker.none()
		return rec, nil
	}
	t.picker.pick(t.doc, t.columns.start(rec))
	return rec, nil
}

// letGo lets a large result go.
func (t *table) letGo() {
	if cap(t.doc) > maxKept {
		t.doc = nil
		t.picker.none()
	}
}

// row is one row, of the element of the unwound list if there is one.
func (t *table) row(rec batch.Record, item []byte) []string {
	if t.options.Columns != nil {
		return t.chosen(rec, item)
	}
	last := newest(rec)
	cost := chargeOfAll(rec)
	t.cells = append(t.cells[:0],
		t.cell.text(rec.ID),
		t.cell.text(string(rec.Outcome)),
		t.cell.text(string(rec.Verdict.Reason)),
		t.cell.text(string(last.Status)),
		strconv.Itoa(len(rec.Attempts)),
		t.cell.text(last.RunID),
		stamp(last.StartedAt),
		stamp(last.EndedAt),
		seconds(last.StartedAt, last.EndedAt),
		cost.minutes(),
		cost.dollars(),
	)
	if t.repeats {
		t.cells = append(t.cells, passes(rec))
	}
	for _, value := range t.picker.values {
		t.cells = append(t.cells, t.cell.json(value))
	}
	return append(t.cells, t.cell.text(reasonInWords(rec)))
}

// chosen is a row of the columns that the user chose.
func (t *table) chosen(rec batch.Record, item json.RawMessage) []string {
	t.cells = t.cells[:0]
	for _, c := range t.options.Columns {
		value, err := c.Value(rec, item)
		if err != nil {
			t.cells = append(t.cells, t.cell.text("could not be evaluated: "+err.Error()))
			continue
		}
		// What is computed may be any JSON; compact makes one cell of it.
		text, ok := compact(nil, value)
		if !ok && len(value) > 0 {
			text = appendText(nil, string(value))
		}
		t.cells = append(t.cells, t.cell.json(text))
	}
	return t.cells
}

// passes is how many members of a task's repetition passed, and of how many.
func passes(rec batch.Record) string {
	if rec.Repeat == nil || rec.Left {
		return ""
	}
	return fmt.Sprintf("%d/%d", rec.Passed, rec.Repeat.Times)
}
