package manifest

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// A tree is a value of any shape with expressions in its strings.
type tree struct {
	node      *node
	templates map[*node]*template
	check     func(n *node, v any) error // judges what an expression gave; may be nil
}

// compileTree prepares every string below n that holds an expression. It
// returns nil after problems.
func (l *loader) compileTree(n *node, s scope) *tree {
	t := &tree{node: n, templates: map[*node]*template{}}
	if !l.compileBelow(t, n, s) {
		return nil
	}
	return t
}

func (l *loader) compileBelow(t *tree, n *node, s scope) bool {
	ok := true
	switch {
	case n.kind == textual && expr.HasExpr(n.text):
		t.templates[n] = l.compile(n, s)
		ok = t.templates[n] != nil
	case n.kind == list:
		for _, item := range n.items {
			ok = l.compileBelow(t, item, s) && ok
		}
	case n.kind == object:
		for _, f := range n.fields {
			if expr.HasExpr(f.key) {
				l.ps.add(Problem{
					File: n.doc.name, Line: f.line, Column: f.column, Path: n.doc.path(n),
					Message: "expressions are not evaluated in keys",
				})
				ok = false
			}
			ok = l.compileBelow(t, f.value, s) && ok
		}
	}
	return ok
}

// json fills the tree in and writes it as JSON, in the author's order.
func (t *tree) json(v *expr.Values) (json.RawMessage, error) { return t.append(nil, t.node, v) }

func (t *tree) append(out []byte, n *node, v *expr.Values) ([]byte, error) {
	var err error
	switch n.kind {
	case list:
		out = append(out, '[')
		for i, item := range n.items {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = t.append(out, item, v); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case object:
		out = append(out, '{')
		for i, f := range n.fields {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendString(out, f.key), ':')
			if out, err = t.append(out, f.value, v); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	}
	template := t.templates[n]
	if template == nil {
		return appendJSON(out, n), nil
	}
	value, err := template.value(v)
	if err != nil {
		return nil, err
	}
	if t.check != nil {
		if err := t.check(n, value); err != nil {
			return nil, &evalError{node: n, err: err}
		}
	}
	if out, err = appendAny(out, value); err != nil {
		return nil, &evalError{node: n, err: err}
	}
	return out, nil
}

// appendAny writes the value of an expression as JSON. The keys of a map that
// came out of a row are sorted.
func appendAny(out []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case string:
		return appendString(out, v), nil
	case []any:
		out = append(out, '[')
		for i, item := range v {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = appendAny(out, item); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case map[string]any:
		out = append(out, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendString(out, key), ':')
			if out, err = appendAny(out, v[key]); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case []string:
		items := make([]any, len(v))
		for i, s := range v {
			items[i] = s
		}
		return appendAny(out, items)
	}
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	return append(out, s...), nil
}

// settingsFit judges what an expression gave for a browser setting. Within a
// list of proxies the service defines what fits.
func settingsFit(n *node, v any) error {
	if n.parent.parent != nil && n.parent.parent.kind == list {
		return nil
	}
	switch n.key {
	case "verified", "persist":
		if _, ok := v.(bool); !ok {
			return errors.New("must be true or false, not " + anyKind(v))
		}
	case "id":
		if s, ok := v.(string); !ok || s == "" {
			return errors.New("must be a string that is not empty, not " + anyKind(v))
		}
	case "proxies":
		items, ok := v.([]any)
		if _, flag := v.(bool); flag {
			return nil
		}
		for _, item := range items {
			_, m := item.(map[string]any)
			ok = ok && m
		}
		if !ok {
			return errors.New("must be true, false or a list of maps, not " + anyKind(v))
		}
	}
	return nil
}

func anyKind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return quote(v)
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "a number"
}
