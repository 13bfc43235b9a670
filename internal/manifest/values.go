package manifest

import (
	"maps"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// taskEnv is what the expressions of every task may use beside its row and its
// matrix. What a parameter is wrong in has been said.
func (l *loader) taskEnv() expr.Env {
	return expr.Env{"params": l.paramObject(), "env": {Fields: l.env, Text: true}}
}

// paramObject says what is known of the parameters: their names, and the kinds
// of their values.
func (l *loader) paramObject() expr.Object {
	o := expr.Object{Inner: map[string]expr.Object{}}
	for _, p := range l.params {
		o.Fields = append(o.Fields, p.name)
		if p.value != nil {
			o.Inner[p.name] = scalarObject(p.kind, p.value.text)
		}
	}
	return o
}

// without is a scope that lacks a name.
func (s scope) without(name string) scope {
	s.env = maps.Clone(s.env)
	delete(s.env, name)
	return s
}

// values are what expressions see with a row, until the next one; r may be nil.
func (x *expander) values(r *row) *expr.Values {
	if x.seen == nil {
		x.seen = expr.NewValues(x.shared)
	}
	var object, combined map[string]any
	if r != nil {
		object = r.object
		if r.matrix != nil {
			combined = r.matrix.values
		}
	}
	x.seen.Set("row", object)
	x.seen.Set("matrix", combined)
	return x.seen
}

// paramValues are what expressions see that may use parameters alone.
func (l *loader) paramValues() *expr.Values {
	return expr.NewValues(map[string]map[string]any{"params": l.m.shared["params"]})
}

// paramScope is where parameters alone may stand.
func (l *loader) paramScope() scope {
	return scope{top: true, env: expr.Env{"params": l.paramObject()}}
}

// filled returns a scalar with its expressions, which may use parameters alone,
// replaced by what they are; nil after a problem.
func (l *loader) filled(n *node) *node {
	if n = l.good(n); n == nil || n.kind != textual {
		return n
	}
	before := l.usesParams
	t := l.compile(n, l.paramScope())
	if t == nil || l.unset && l.usesParams > before {
		return nil
	}
	v, err := t.value(l.paramValues())
	if err != nil {
		l.ps.add(l.evalProblem(err))
		return nil
	}
	return n.with(v)
}

// with is a scalar in the place of n that has the value of an expression.
func (n *node) with(v any) *node {
	out := *n
	out.fields, out.items = nil, nil
	switch v := v.(type) {
	case bool, string:
		out.kind = textual
		if _, is := v.(bool); is {
			out.kind = boolean
		}
	case nil:
		out.kind = null
	case []any:
		out.kind = list
	case map[string]any:
		out.kind = object
	default:
		out.kind = numeric
	}
	out.text = ""
	if out.kind <= textual && out.kind != null {
		out.text, _ = text(v)
	}
	return &out
}
