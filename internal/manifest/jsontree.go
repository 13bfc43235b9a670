package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A jsonReader turns JSON text, which must be sound, into our tree with places.
// YAML's parser would do for most JSON and not for all: it does not know \/ nor
// the pairs of escapes that JSON writes an emoji with, and takes offence at
// tabs.
type jsonReader struct {
	doc  *document
	text string
	ps   *problems

	pos          int
	line, column int
}

// readTree files keys that an object has twice.
func readTree(doc *document, text []byte, ps *problems) *node {
	r := &jsonReader{doc: doc, text: string(text), ps: ps, line: 1, column: 1}
	return r.value(nil, "", 0)
}

// skip goes on to pos and counts lines and characters on the way, as
// [newDocument] does.
func (r *jsonReader) skip(to int) {
	for r.pos < to {
		c := r.text[r.pos]
		r.pos++
		switch {
		case c == '\n', c == '\r' && !strings.HasPrefix(r.text[r.pos:], "\n"):
			r.line++
			r.column = 1
		case utf8.RuneStart(c):
			r.column++
		}
	}
}

// peek goes on to the next character that is not white space and returns it; 0
// at the end.
func (r *jsonReader) peek() byte {
	to := r.pos
	for to < len(r.text) && strings.IndexByte(" \t\r\n", r.text[to]) >= 0 {
		to++
	}
	r.skip(to)
	if r.pos == len(r.text) {
		return 0
	}
	return r.text[r.pos]
}

func (r *jsonReader) value(parent *node, key string, index int) *node {
	c := r.peek()
	n := &node{doc: r.doc, parent: parent, key: key, index: index, line: r.line, column: r.column}
	switch c {
	case '{':
		r.object(n)
	case '[':
		n.kind = list
		for r.skip(r.pos + 1); r.more(']'); {
			n.items = append(n.items, r.value(n, "", len(n.items)))
		}
	case '"':
		n.kind, n.style, n.text = textual, double, r.string()
	default:
		from := r.pos
		to := from
		for to < len(r.text) && strings.IndexByte(" \t\r\n,]}", r.text[to]) < 0 {
			to++
		}
		r.skip(to)
		n.text = r.text[from:to]
		n.kind = plainKind(n.text)
	}
	return n
}

// more goes past a comma, or past the end of an object or list, of which it
// returns false.
func (r *jsonReader) more(end byte) bool {
	c := r.peek()
	if c == ',' {
		r.skip(r.pos + 1)
		return true
	}
	if c == end || c == 0 {
		r.skip(min(r.pos+1, len(r.text)))
		return false
	}
	return true
}

func (r *jsonReader) object(n *node) {
	n.kind = object
	lines := map[string]int{}
	for r.skip(r.pos + 1); r.more('}'); {
		r.peek()
		line, column := r.line, r.column
		key := r.string()
		r.peek()
		r.skip(r.pos + 1) // the colon
		v := r.value(n, key, 0)
		if first, twice := lines[key]; twice {
			r.ps.add(Problem{
				File: r.doc.name, Line: line, Column: column, Path: r.doc.path(n),
				Message: fmt.Sprintf("the key %s is given twice, first on line %d", quote(key), first),
			})
			continue
		}
		lines[key] = line
		n.fields = append(n.fields, field{key, line, column, v})
	}
}

// string reads a string and goes past it.
func (r *jsonReader) string() string {
	from := r.pos
	to := from + 1
	for to < len(r.text) && r.text[to] != '"' {
		if r.text[to] == '\\' {
			to++
		}
		to++
	}
	to = min(to+1, len(r.text))
	r.skip(to)
	var s string
	// The text is sound.
	_ = json.Unmarshal([]byte(r.text[from:to]), &s)
	return s
}
