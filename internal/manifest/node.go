package manifest

import (
	"fmt"
	"regexp"
	"strconv"
)

// A kind is what a value is, in JSON's terms.
type kind int

const (
	null kind = iota
	boolean
	numeric
	textual
	list
	object
)

// String names the kind as messages do.
func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "a map"}[k]
}

// A node is a value of a YAML file, with its place. Aliases are resolved: a
// node may have several parents, and knows the one where it is written.
type node struct {
	doc    *document
	parent *node
	key    string // in parent, when that is a map
	index  int    // in parent, when that is a list

	kind   kind
	text   string // of a scalar; a number's is exact
	style  style
	line   int
	column int
	fields []field // of a map, in the author's order
	items  []*node // of a list
}

// A field is an entry of a map.
type field struct {
	key          string
	line, column int // of the key
	value        *node
}

// A style is how a scalar is written, which decides where its characters are.
type style int

const (
	plain style = iota
	single
	double
	literal
	folded
)

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].key == key {
			return n.fields[i].value
		}
	}
	return nil
}

// atKey is where the key of a map's value stands; for other values it is
// where they stand themselves.
func (n *node) atKey() (line, column int) {
	if n.parent != nil && n.parent.kind == object {
		for _, f := range n.parent.fields {
			if f.value == n {
				return f.line, f.column
			}
		}
	}
	return n.line, n.column
}

var simpleKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// path names the value as messages do: tasks[2].resultSchema.
func (n *node) path() string {
	switch {
	case n.parent == nil:
		return ""
	case n.parent.kind == list:
		return fmt.Sprintf("%s[%d]", n.parent.path(), n.index)
	}
	return join(n.parent.path(), n.key)
}

func join(path, key string) string {
	switch {
	case !simpleKey.MatchString(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// problem is a problem at the value's place.
func (n *node) problem(message, hint string) Problem {
	return Problem{
		File: n.doc.name, Line: n.line, Column: n.column,
		Path: n.doc.path(n), Message: message, Hint: hint,
	}
}

// says shows what a scalar is, for a message: its text or its kind.
func (n *node) says() string {
	switch n.kind {
	case textual:
		return quote(n.text)
	case numeric:
		return "the number " + cut(n.text)
	case boolean:
		return "the boolean " + n.text
	}
	return n.kind.String()
}

func quote(s string) string { return strconv.Quote(cut(s)) }

// cut shortens what is shown in a message.
func cut(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}
