package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// A row is one row of data.
type row struct {
	number int // 1-based
	line   int // of the file that holds it, where it starts
	object map[string]any
	json   json.RawMessage   // the object in the author's order; nil when not asked for
	hidden map[string]string // the cells of secret columns, which object and json do not have
	skip   string            // why nothing is bought for it, if it is not to be; the rest is empty then

	matrix *combination // nil without a matrix; with one and without data it is all there is
}

// A source is what a task's forEach names.
type source interface {
	// name is the file as messages show it; "" for a list in the manifest.
	name() string
	// env says what is known of a row's fields.
	env() expr.Object
	// rows reads the data from its beginning. An error that is a [*rowError]
	// concerns one row, and the next may be fine; any other ends the data.
	// The row is valid until the next one.
	rows(withJSON bool) iter.Seq2[*row, error]
}

// A rowError says what is wrong with a data file, and where.
type rowError struct {
	line    int
	column  int
	number  int // the row's; 0 for the header
	message string
	hint    string // often ""
	spread  bool   // what follows may be a part of it, or cannot be read
}

// alone reports whether the error is that of one row, and the next one is sure to be the
// next row.
func (e *rowError) alone() bool { return e.number > 0 && !e.spread }

func (e *rowError) Error() string {
	if e.number == 0 {
		return e.message
	}
	return fmt.Sprintf("row %d: %s", e.number, e.message)
}

// openData opens a data file. What is no file, such as a pipe, cannot be read
// twice, and opening it could wait for ever.
func openData(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = errors.New("it is not a regular file, and data are read twice")
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// inline is a list of maps in the manifest itself, or in a YAML file.
type inline struct {
	node *node
	file string // "" for the manifest
}

func (s inline) name() string { return s.file }

// env knows every field that any row has, so that a misspelt one is found
// even where no row is wrong.
func (s inline) env() expr.Object {
	var o expr.Object
	seen := map[string]bool{}
	for _, item := range s.node.items {
		for _, f := range item.fields {
			if !seen[f.key] {
				seen[f.key] = true
				o.Fields = append(o.Fields, f.key)
			}
		}
	}
	return o
}

func (s inline) rows(withJSON bool) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		for i, item := range s.node.items {
			if item.kind != object { // of a file: in the manifest the schema forbids it
				e := &rowError{line: item.line, column: item.column, number: i + 1, message: "must be a map, not " + item.says()}
				if !yield(nil, e) {
					return
				}
				continue
			}
			r := &row{number: i + 1, line: item.line}
			r.object, _ = exact(item).(map[string]any)
			if withJSON {
				r.json = appendJSON(nil, item)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
