package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// maxListed bounds the rows of a .yaml file, which is read as a whole.
const maxListed = 100_000

// yamlRows reads a file with a list of maps; nil after problems.
func (l *loader) yamlRows(n *node, path, shown string) source {
	file, err := openData(path)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(file, maxFile+1))
		_ = file.Close() // it was only read
	}
	if err != nil {
		l.dataProblem(n, shown, err)
		return nil
	}
	doc := newDocument(shown, text, false)
	ps := &problems{}
	var root *node
	tree, p := parse(doc, text)
	switch {
	case p != nil:
		ps.add(*p)
	case tree == nil:
		ps.add(Problem{File: shown, Line: 1, Column: 1, Message: "the file is empty: it needs a list of maps"})
	default:
		root = build(doc, tree, ps)
	}
	switch {
	case root == nil:
	case root.kind != list:
		ps.add(Problem{File: shown, Line: root.line, Column: root.column, Message: "the file must be a list of maps, not " + root.says()})
	case len(root.items) > maxListed:
		ps.add(Problem{
			File: shown, Line: root.line, Column: root.column,
			Message: fmt.Sprintf("the file has %s; 100,000 are the most of YAML", many(len(root.items), "row")),
			Hint:    "write them as .csv or .jsonl, which are read row by row",
		})
	}
	if found := ps.errors(shown); len(found) > 0 {
		for _, p := range found {
			l.ps.addUnder(p, n.line, n.column)
		}
		return nil
	}
	f := &yamlRows{shown: shown, fields: fieldsOf(root), listed: make([]listedRow, len(root.items))}
	for i, item := range root.items {
		f.listed[i] = listedRow{line: item.line, column: item.column}
		if item.kind == object {
			f.listed[i].json = appendJSON(nil, item)
		} else {
			f.listed[i].not = item.says()
		}
	}
	return f
}

// A yamlRows is a .yaml file with a list of maps. It was read as a whole, once: what is kept
// of each row is its JSON, which takes a tenth of the memory of its nodes.
type yamlRows struct {
	shown  string
	fields expr.Object
	listed []listedRow
}

type listedRow struct {
	line, column int
	json         json.RawMessage // nil for what is not a map
	not          string          // what it is then
}

func (f *yamlRows) name() string     { return f.shown }
func (f *yamlRows) env() expr.Object { return f.fields }

func (f *yamlRows) rows(withJSON bool) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		for i, l := range f.listed {
			r, err := l.row(i+1, withJSON)
			if !yield(r, err) {
				return
			}
		}
	}
}

func (l listedRow) row(number int, withJSON bool) (*row, error) {
	if l.json == nil {
		return nil, &rowError{line: l.line, column: l.column, number: number, message: "must be a map, not " + l.not}
	}
	object, wrong := decodeRow(l.json)
	if wrong != nil {
		wrong.line, wrong.column, wrong.number = l.line, l.column, number
		return nil, wrong
	}
	r := &row{number: number, line: l.line, object: object}
	if withJSON {
		r.json = l.json
	}
	return r, nil
}
