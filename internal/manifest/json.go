package manifest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// appendJSON writes a node as JSON, keys in the author's order and numbers
// with their exact text.
func appendJSON(out []byte, n *node) []byte {
	switch n.kind {
	case null:
		return append(out, "null"...)
	case boolean, numeric:
		return append(out, n.text...)
	case textual:
		return appendString(out, n.text)
	case list:
		out = append(out, '[')
		for i, item := range n.items {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, item)
		}
		return append(out, ']')
	}
	out = append(out, '{')
	for i, f := range n.fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, f.key), ':')
		out = appendJSON(out, f.value)
	}
	return append(out, '}')
}

// appendString writes s as a JSON string; < > & stay as they are.
func appendString(out []byte, s string) []byte {
	ordinary := true
	for i := 0; i < len(s) && ordinary; i++ {
		ordinary = s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\'
	}
	if ordinary {
		out = append(out, '"')
		return append(append(out, s...), '"')
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string always encodes.
	_ = e.Encode(s)
	return append(out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// exact turns a node into the values that expressions see.
func exact(n *node) any {
	switch n.kind {
	case boolean:
		return n.text == "true"
	case numeric:
		return json.Number(n.text)
	case textual:
		return n.text
	case list:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = exact(item)
		}
		return out
	case object:
		out := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			out[f.key] = exact(f.value)
		}
		return out
	}
	return nil
}

// find follows a JSON Pointer as far as it leads and returns the last value
// on the way.
func (n *node) find(pointer string) *node {
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		next := n.get(step)
		if n.kind == list {
			next = n.item(step)
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func (n *node) item(step string) *node {
	at := 0
	for _, c := range step {
		if c < '0' || c > '9' || at > len(n.items) {
			return nil
		}
		at = at*10 + int(c-'0')
	}
	if step == "" || at >= len(n.items) {
		return nil
	}
	return n.items[at]
}
