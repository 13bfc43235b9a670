package manifest

import (
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// checks reads what a task's result must be beside its schema: the expectations
// of the defaults, then its own; null in the task stands for none at all.
func (l *loader) checks(e *entry, d defaults, s scope) {
	var nodes []*node
	if own := e.node.get("expect"); own == nil || own.kind != null {
		nodes = append(l.items(d.node.get("expect")), l.items(own)...)
	}
	env := expr.Env{"params": l.paramObject(), "result": l.resultOf(e)}
	for _, name := range []string{"row", "matrix"} {
		if o, known := s.env[name]; known {
			env[name] = o
		}
	}
	out := batch.Checks{Path: l.resultPath}
	var sources []string
	for _, n := range nodes {
		l.readExpect[n] = true
		x, ok := l.expectation(n, scope{env: expectationEnv(env)}, checkExpectation)
		if ok {
			out.Expect = append(out.Expect, x)
			sources = append(sources, x.That)
		}
	}
	out.Params = l.paramsIn(sources)
	if out.Path != "" || out.Expect != nil {
		e.checks = &out
	}
}

// expectation reads one expectation: an expression, or a map with its reason.
func (l *loader) expectation(n *node, s scope, check func(source string, env expr.Env) error) (out batch.Expectation, ok bool) {
	that := n
	if n.kind == object {
		that = l.good(n.get("that"))
		if because := l.good(n.get("because")); because != nil {
			l.forbid(because)
			out.Because = because.text
		}
	}
	if that == nil {
		return out, false
	}
	if err := check(that.text, s.env); err != nil {
		l.expression(that, 0, err, s)
		return out, false
	}
	if l.uses(that.text) {
		l.usesParams++
	}
	out.That = strings.TrimSpace(that.text)
	return out, true
}

// uses reports whether an expression may use parameters.
func (l *loader) uses(source string) bool { return paramsWord.MatchString(source) }

// resultOf is what is known of the results of an entry's tasks.
func (l *loader) resultOf(e *entry) expr.Object {
	if e.schema == nil {
		return expr.Object{Open: true}
	}
	known, ok := l.results[e.schema]
	if !ok {
		known = objectOf(e.schema.Outline())
		l.results[e.schema] = known
	}
	return known
}

// whole reads what must be true of the batch as a whole.
func (l *loader) whole(n *node) {
	var out batch.Checks
	var sources []string
	for _, item := range l.items(n) {
		x, ok := l.expectation(item, scope{top: true, env: wholeEnv()}, func(source string, _ expr.Env) error { return l.checkWhole(source) })
		if ok {
			out.Expect = append(out.Expect, x)
			sources = append(sources, x.That)
		}
	}
	if out.Expect == nil {
		return
	}
	out.Params = l.paramsIn(sources)
	l.m.Policy.Expect = &out
}

// unheeded checks the expectations of the defaults that no task has, as
// overridden does variables. What their rows and results are like is not known.
func (l *loader) unheeded(d defaults) {
	open := expr.Object{Open: true}
	s := scope{env: expectationEnv(expr.Env{
		"row": open, "matrix": open, "result": open, "params": l.paramObject(),
	})}
	for _, n := range l.items(d.node.get("expect")) {
		if !l.readExpect[n] {
			l.expectation(n, s, checkExpectation)
		}
	}
}

// scalarObject is what expressions know of a scalar: a number is of the type
// that it has there, by its text.
func scalarObject(k kind, text string) expr.Object {
	switch k {
	case textual:
		return expr.Object{Alone: expr.Text}
	case boolean:
		return expr.Object{Alone: expr.Boolean}
	case numeric:
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return expr.Object{Alone: expr.Whole}
		}
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return expr.Object{Alone: expr.Number}
		}
		return expr.Object{Alone: expr.Text}
	}
	return expr.Object{Alone: expr.Any}
}
