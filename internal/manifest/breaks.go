package manifest

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// oddBreaks are NEL, LS and PS, after which the parser counts a new line and
// an editor does not.
const oddBreaks = "\u0085\u2028\u2029"

// A start is the place of the document before which a line of the parser
// begins: a line, and the characters of it that come before.
type start struct{ line, column int }

// findBreaks notes where each of the parser's lines begins, if it counts
// other lines than [document] does.
func (d *document) findBreaks(text []byte) {
	if !bytes.ContainsAny(text, oddBreaks) {
		return
	}
	for i, line := range d.lines {
		column := 0
		d.starts = append(d.starts, start{i + 1, 0})
		for _, r := range line {
			column++
			if strings.ContainsRune(oddBreaks, r) {
				d.starts = append(d.starts, start{i + 1, column})
			}
		}
	}
}

// real turns a place of the parser into one of the document.
func (d *document) real(line, column int) (int, int) {
	if line < 1 || line > len(d.starts) {
		return line, column
	}
	s := d.starts[line-1]
	return s.line, column + s.column
}

// settle gives the values of a parsed file their places in the document.
func (d *document) settle(n *yaml.Node) {
	if d.starts == nil {
		return
	}
	n.Line, n.Column = d.real(n.Line, n.Column)
	for _, c := range n.Content {
		d.settle(c)
	}
}
