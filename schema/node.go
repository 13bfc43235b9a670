package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A node is a JSON value that remembers the order of its keys and the text of
// its numbers.
type node struct {
	kind  jsonKind
	text  string   // a decoded string, or the text of a number or literal
	keys  []string // of an object, in order
	elems []*node  // of an object or array
	index map[string]int
}

type jsonKind byte

const (
	object jsonKind = iota
	array
	str
	number
	literal // true, false, null
)

// parse reads text, which [scan] has found to be JSON of bounded depth. A
// duplicate key is an [*Error] that points at its value.
func parse(text []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return parseNode(d, "")
}

func parseNode(d *json.Decoder, at string) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case string:
		return &node{kind: str, text: t}, nil
	case json.Number:
		return &node{kind: number, text: t.String()}, nil
	case bool:
		return &node{kind: literal, text: strconv.FormatBool(t)}, nil
	case json.Delim:
		if t == '[' {
			return parseArray(d, at)
		}
		return parseObject(d, at)
	}
	return &node{kind: literal, text: "null"}, nil
}

func parseArray(d *json.Decoder, at string) (*node, error) {
	n := &node{kind: array}
	for d.More() {
		e, err := parseNode(d, at+"/"+strconv.Itoa(len(n.elems)))
		if err != nil {
			return nil, err
		}
		n.elems = append(n.elems, e)
	}
	_, err := d.Token()
	return n, err
}

func parseObject(d *json.Decoder, at string) (*node, error) {
	n := &node{kind: object, index: map[string]int{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		if _, twice := n.index[key]; twice {
			return nil, &Error{Pointer: at + "/" + escape(key), Message: fmt.Sprintf("the key %s is there twice", quote(key))}
		}
		e, err := parseNode(d, at+"/"+escape(key))
		if err != nil {
			return nil, err
		}
		n.set(key, e)
	}
	_, err := d.Token()
	return n, err
}

// get returns the member of an object; nil when n is not an object or has no
// such key.
func (n *node) get(key string) *node {
	if n == nil || n.kind != object {
		return nil
	}
	if i, ok := n.index[key]; ok {
		return n.elems[i]
	}
	return nil
}

// set replaces a member or appends one.
func (n *node) set(key string, v *node) {
	if i, ok := n.index[key]; ok {
		n.elems[i] = v
		return
	}
	if n.index == nil {
		n.index = map[string]int{}
	}
	n.index[key] = len(n.keys)
	n.keys = append(n.keys, key)
	n.elems = append(n.elems, v)
}

// remove takes a member out.
func (n *node) remove(key string) {
	i, ok := n.index[key]
	if !ok {
		return
	}
	n.keys = slices.Delete(n.keys, i, i+1)
	n.elems = slices.Delete(n.elems, i, i+1)
	n.index = make(map[string]int, len(n.keys))
	for i, k := range n.keys {
		n.index[k] = i
	}
}

// string returns the value of a string member.
func (n *node) string(key string) (string, bool) {
	if m := n.get(key); m != nil && m.kind == str {
		return m.text, true
	}
	return "", false
}

// is reports whether n is the literal true, false or null.
func (n *node) is(word string) bool { return n != nil && n.kind == literal && n.text == word }

// at follows a JSON Pointer; nil when it leads nowhere.
func (n *node) at(pointer string) *node {
	if pointer == "" {
		return n
	}
	if pointer[0] != '/' {
		return nil
	}
	for tok := range strings.SplitSeq(pointer[1:], "/") {
		n = n.child(unescape(tok))
		if n == nil {
			return nil
		}
	}
	return n
}

func (n *node) child(tok string) *node {
	if n.kind == array {
		i, err := strconv.Atoi(tok)
		if err != nil || i < 0 || i >= len(n.elems) || strconv.Itoa(i) != tok {
			return nil
		}
		return n.elems[i]
	}
	return n.get(tok)
}

// clone copies n deeply.
func (n *node) clone() *node {
	c := &node{kind: n.kind, text: n.text, keys: slices.Clone(n.keys)}
	for _, e := range n.elems {
		c.elems = append(c.elems, e.clone())
	}
	if n.kind == object {
		c.index = make(map[string]int, len(c.keys))
		for i, k := range c.keys {
			c.index[k] = i
		}
	}
	return c
}

// json appends n as compact JSON.
func (n *node) json(b []byte) []byte {
	switch n.kind {
	case object:
		b = append(b, '{')
		for i, k := range n.keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k), ':')
			b = n.elems[i].json(b)
		}
		return append(b, '}')
	case array:
		b = append(b, '[')
		for i, e := range n.elems {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.json(b)
		}
		return append(b, ']')
	case str:
		return appendString(b, n.text)
	}
	return append(b, n.text...)
}

// appendString appends s as a JSON string without the escapes for HTML.
func appendString(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

// escape and unescape turn a name into a token of a JSON Pointer and back.
func escape(name string) string  { return escaper.Replace(name) }
func unescape(tok string) string { return unescaper.Replace(tok) }
