package manifest

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// A chosen source is what the map of a forEach makes of the rows of a file: those that fit
// where, the first limit of them, without their secret cells, and with onBadRow: skip those
// that cannot be read as rows to skip.
type chosen struct {
	source
	file     string // as the manifest names it
	where    *node  // nil for all rows
	fits     *expr.Program
	params   map[string]any // what where sees beside the row
	limit    int            // 0 for all rows
	hidden   []string       // names of the secret columns
	hiddenAt *node
	skip     bool
}

// env names the secret columns last, so that no example is made of them.
func (c *chosen) env() expr.Object {
	o := c.source.env()
	if len(c.hidden) == 0 {
		return o
	}
	o.Secret = c.hidden
	o.Fields = slices.Clone(o.Fields)
	slices.SortStableFunc(o.Fields, func(a, b string) int {
		return order(slices.Contains(c.hidden, a)) - order(slices.Contains(c.hidden, b))
	})
	return o
}

func order(last bool) int {
	if last {
		return 1
	}
	return 0
}

// visible are the known fields of a source that may stand everywhere.
func visible(s source) []string {
	if s == nil {
		return nil
	}
	o := s.env()
	return o.Fields[:len(o.Fields)-len(o.Secret)*order(!o.Open)]
}

func (c *chosen) rows(withJSON bool) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		taken := 0
		seen := expr.NewValues(map[string]map[string]any{"params": c.params})
		for r, err := range c.source.rows(withJSON) {
			taking := true
			if err == nil {
				if err = c.hide(r); err == nil {
					taking, err = c.take(seen, r)
				}
			}
			var bad *rowError
			if c.skip && errors.As(err, &bad) && bad.alone() {
				p := Problem{File: c.file, Line: bad.line, Column: bad.column, Message: bad.Error()}
				r, err = &row{number: bad.number, line: bad.line, skip: p.Error()}, nil
			}
			if !taking && err == nil {
				continue
			}
			if !yield(r, err) {
				return
			}
			if taken++; taken == c.limit {
				return
			}
		}
	}
}

// take reports whether a row fits where. The error is an [*evalError].
func (c *chosen) take(seen *expr.Values, r *row) (bool, error) {
	if c.where == nil {
		return true, nil
	}
	seen.Set("row", r.object)
	out, err := c.fits.Eval(seen)
	if err != nil {
		t := &template{node: c.where}
		return false, t.failed(part{text: c.where.text, prog: c.fits}, err)
	}
	fits, ok := out.(bool)
	if !ok {
		return false, &evalError{node: c.where, err: errors.New("must be true or false, not " + anyKind(out))}
	}
	return fits, nil
}

// hide moves the secret cells of a row to where no expression but one that is nothing else
// finds them. The error is a [*rowError].
func (c *chosen) hide(r *row) error {
	if len(c.hidden) == 0 {
		return nil
	}
	r.hidden = make(map[string]string, len(c.hidden))
	for _, name := range c.hidden {
		value, there := r.object[name]
		if !there || value == nil {
			continue
		}
		s, err := text(value)
		if err != nil {
			return &rowError{line: r.line, number: r.number, message: fmt.Sprintf("the secret column %s must hold text, not %s", quote(name), anyKind(value))}
		}
		r.hidden[name] = s
		delete(r.object, name)
	}
	if r.json != nil {
		r.json = without(r.json, c.hidden)
	}
	return nil
}

// reveal returns the value of a secret column. The error is an [*expr.AbsentError] when the
// row does not have it.
func (r *row) reveal(column string) (string, error) {
	if r != nil {
		if cell, there := r.hidden[column]; there {
			return cell, nil
		}
	}
	return "", &expr.AbsentError{Field: column}
}

// secretCells are the cells of a row that must be hidden like secrets; nil for none.
func (r *row) secretCells() map[string]string {
	var out map[string]string
	for name, cell := range r.hidden {
		if cell == "" { // it says nothing
			continue
		}
		if out == nil {
			out = make(map[string]string, len(r.hidden))
		}
		out[name] = cell
	}
	return out
}

// A hiddenCheck finds secret columns that no row has: of open data it is known only when all
// were read, and what is written nowhere hides nothing.
type hiddenCheck struct {
	c     *chosen
	met   map[string]bool
	known []string // fields of some rows
}

// checkHidden returns nil where the columns are known before.
func (e *entry) checkHidden() *hiddenCheck {
	c, ok := e.data.(*chosen)
	if !ok || len(c.hidden) == 0 || !c.env().Open {
		return nil
	}
	return &hiddenCheck{c: c, met: map[string]bool{}}
}

const knownFields = 100 // that are remembered for a hint

func (h *hiddenCheck) row(r *row) {
	if h == nil || r == nil {
		return
	}
	for name := range r.hidden {
		h.met[name] = true
	}
	for name := range r.object {
		if len(h.known) < knownFields && !slices.Contains(h.known, name) {
			h.known = append(h.known, name)
		}
	}
}

// close files what no row has had.
func (h *hiddenCheck) close(l *loader, rows int) {
	if h == nil || rows == 0 {
		return
	}
	slices.Sort(h.known)
	for _, n := range h.c.hiddenAt.items {
		if !h.met[n.text] {
			l.ps.add(n.problem(fmt.Sprintf("no row has the field %s", quote(n.text)), didYouMean(n.text, h.known)))
		}
	}
}
