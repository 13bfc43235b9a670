package manifest

import (
	"fmt"
	"io"
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
	return inline{node: root, file: shown}
}
