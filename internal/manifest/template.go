package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// A template is a string with expressions, ready to be filled in.
type template struct {
	node  *node
	parts []part
}

// A part is literal text, or an expression, or the name of a secret or of a secret column.
type part struct {
	text   string
	offset int // in the node's text
	prog   *expr.Program
	secret string
	column string
}

// literal reports whether the template is the same for every row.
func (t *template) literal() bool {
	for _, p := range t.parts {
		if p.prog != nil {
			return false
		}
	}
	return true
}

// uses reports whether an expression of the template mentions a name.
func (t *template) uses(name string) bool {
	for _, p := range t.parts {
		if p.prog != nil && p.prog.Uses(name) {
			return true
		}
	}
	return false
}

// takes reports whether an expression of the template is a field of the row
// and nothing else.
func (t *template) takes(field string) bool { return t.has("row", field) }

// has reports whether an expression of the template is a field of a name and
// nothing else.
func (t *template) has(of, field string) bool {
	for _, p := range t.parts {
		if p.prog == nil {
			continue
		}
		if base, name, alone := p.prog.Path(); alone && base == of && name == field {
			return true
		}
	}
	return false
}

// A scope is what the expressions of a template may use.
type scope struct {
	env     expr.Env
	secrets bool // the template is a variable's value
	top     bool // it belongs to no task: there can be neither a row nor a matrix
}

// compile prepares the template of a scalar; nil after problems, which are
// filed.
func (l *loader) compile(n *node, s scope) *template {
	t := &template{node: n}
	if n.kind != textual {
		t.parts = []part{{text: n.text}}
		return t
	}
	if !expr.HasExpr(n.text) {
		t.parts = []part{{text: n.text}}
		return t
	}
	pieces, err := expr.Split(n.text)
	if err != nil {
		l.expression(n, 0, err, s)
		return nil
	}
	for _, piece := range pieces {
		p := part{text: piece.Text, offset: piece.Offset}
		if piece.Expr {
			if p.prog, err = expr.Compile(piece.Text, s.env); err != nil {
				l.expression(n, piece.Offset, err, s)
				t = nil
				continue
			}
			if p.prog.Uses("params") {
				l.usesParams++
			}
			if p.prog.Uses("secrets") {
				var alone bool
				if _, p.secret, alone = p.prog.Path(); !alone {
					l.at(n, piece.Offset, "a secret must stand alone in its ${{ }}",
						"write text around it: \"Bearer ${{ secrets.TOKEN }}\"")
					t = nil
					continue
				}
				l.used[p.secret] = true
			}
			if base, name, alone := p.prog.Path(); alone && base == "row" && slices.Contains(s.env["row"].Secret, name) {
				if !s.secrets {
					l.secretColumn(n, piece.Offset+strings.Index(piece.Text, "row"), name, s)
					t = nil
					continue
				}
				p.column = name
			}
		}
		if t != nil {
			t.parts = append(t.parts, p)
		}
	}
	return t
}

// at files a problem of the character at offset in a scalar.
func (l *loader) at(n *node, offset int, message, hint string) {
	p := n.problem(message, hint)
	p.Line, p.Column = n.place(offset)
	l.ps.add(p)
}

// expression files an error of internal/expr.
func (l *loader) expression(n *node, offset int, err error, s scope) {
	var e *expr.Error
	if !errors.As(err, &e) {
		l.at(n, offset, err.Error(), "")
		return
	}
	message, hint := e.Message, didYouMean(e.Name, e.Known)
	_, row := s.env["row"]
	_, matrix := s.env["matrix"]
	_, secrets := s.env["secrets"]
	switch {
	case e.Secret:
		l.secretColumn(n, offset+e.Offset, e.Name, s)
		return
	case e.Unterminated && oneBrace.MatchString(n.text[offset+e.Offset:]):
		hint = "a } is missing: write " + oneBrace.FindString(n.text[offset+e.Offset:]) + "}"
	case e.Unterminated && n.style == plain:
		hint = "quote the string: in YAML \" #\" starts a comment"
	case strings.Contains(message, "mismatched types string and") && s.env["row"].Text:
		hint = "cells of a CSV file are strings: compare with \"5\", or write int(row.x)"
	case quotedField(n.text, s.env) != "":
		hint = quotedField(n.text, s.env)
	case spaced(e) != "":
		hint = fmt.Sprintf("the name begins or ends with a space: write row[%q]", spaced(e))
	case row && e.Name != "row" && slices.Contains(s.env["row"].Fields, e.Name):
		hint = fmt.Sprintf("did you mean %q?", "row."+e.Name)
	case e.Name == "secrets" && !secrets:
		message = "secrets may stand in variable values and as the provider's apiKey alone"
		hint = `add a variable, such as password: "${{ secrets.PASSWORD }}", and write %password% in the task's text`
	case e.Name == "row" && !row && !s.top:
		message = "there is no row: the task has no forEach"
		hint = ""
	case e.Name == "matrix" && !matrix && !s.top:
		message = "there is no matrix: the task has none"
		hint = ""
	case strings.HasPrefix(message, "params has no field"):
		message = "no parameter is named " + quote(e.Name)
		if hint == "" {
			hint = fmt.Sprintf("declare it: params: {%s: {default: …}}", e.Name)
		}
	case strings.HasPrefix(message, "env has no field"):
		message = fmt.Sprintf("the environment variable %s is not declared", quote(e.Name))
		if hint == "" {
			hint = fmt.Sprintf("add it to the manifest's list: env: [%s]", e.Name)
		}
	case strings.HasPrefix(message, "there is no") && slices.Contains(s.env["result"].Fields, e.Name):
		hint = fmt.Sprintf("did you mean %q?", "result."+e.Name)
	case e.Hint != "":
		hint = e.Hint
	case homes[e.Name] != "" && strings.HasPrefix(message, "there is no"):
		hint = e.Name + " may stand in " + homes[e.Name]
	case hint == "" && s.env["row"].Text && slices.Equal(e.Known, s.env["row"].Fields) && len(e.Known) > 0:
		hint = "the columns are " + someOf(e.Known)
	case s.secrets && secrets && strings.HasPrefix(message, "secrets has no field"):
		message = fmt.Sprintf("the secret %q is not declared", e.Name)
		if hint == "" {
			hint = fmt.Sprintf("add it to the manifest's list: secrets: [%s]", e.Name)
		}
	}
	l.at(n, offset+e.Offset, message, hint)
}

// quotedField is the hint at a field that is written behind a dot and cannot be, as
// its name is not simple; "" for none.
func quotedField(source string, env expr.Env) string {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		for _, field := range env[name].Fields {
			if !fieldName.MatchString(field) && strings.Contains(source, name+"."+field) {
				return fmt.Sprintf("write %s[%q]", name, field)
			}
		}
		if m := dashed.FindStringSubmatch(source); m != nil && m[1] == name && env[name].Open {
			return fmt.Sprintf("if that is one name, write %s[%q]", m[1], m[2])
		}
	}
	return ""
}

// dashed matches a field with a dash in its name, or the difference of two.
var dashed = regexp.MustCompile(`\b([a-z]+)\.([A-Za-z_][A-Za-z0-9_]*-[A-Za-z_][A-Za-z0-9_-]*)`)

// spaced returns the known name that differs from the one that is meant by spaces.
func spaced(e *expr.Error) string {
	for _, known := range e.Known {
		if e.Name != "" && known != e.Name && strings.TrimSpace(known) == e.Name && !slices.Contains(e.Known, e.Name) {
			return known
		}
	}
	return ""
}

// oneBrace matches an expression that one } closes.
var oneBrace = regexp.MustCompile(`^\$\{\{(?:[^{}"'\n]|"[^"\n]*"|'[^'\n]*')+\}`)

// someOf lists names, as many as a line holds.
func someOf(names []string) string {
	quoted := make([]string, 0, 10)
	for i, name := range names {
		if i == cap(quoted) {
			return fmt.Sprintf("%s and %d more", strings.Join(quoted, ", "), len(names)-i)
		}
		quoted = append(quoted, quote(name))
	}
	return strings.Join(quoted, ", ")
}

// forbid files a problem, and returns true, when a string holds an expression
// where none is evaluated.
func (l *loader) forbid(n *node) bool {
	if n == nil || n.kind != textual || !expr.HasExpr(n.text) {
		return false
	}
	l.at(n, strings.Index(n.text, "${{"), "expressions are not evaluated here", "")
	return true
}

// An evalError is a failure of a template for one row.
type evalError struct {
	node   *node
	offset int
	err    error
	absent string // the field that is missing, if that is the failure
	of     string // whose field that is, such as row
	filed  bool   // it is what follows from an error that has been filed
	hint   string // often ""
}

func (e *evalError) Error() string { return e.err.Error() }

// value fills the template in. A template that is one expression keeps the
// type of its value; any other gives a string.
func (t *template) value(v *expr.Values) (any, error) {
	if len(t.parts) == 1 && t.parts[0].prog != nil {
		out, err := t.parts[0].prog.Eval(v)
		if err != nil {
			return nil, t.failed(t.parts[0], err)
		}
		return out, nil
	}
	return t.string(v)
}

// string fills the template in as text.
func (t *template) string(v *expr.Values) (string, error) {
	if len(t.parts) == 1 && t.parts[0].prog == nil {
		return t.parts[0].text, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		s, err := t.fill(p, v)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// fill returns the text that one part stands for.
func (t *template) fill(p part, v *expr.Values) (string, error) {
	switch {
	case p.prog == nil:
		return p.text, nil
	case p.secret != "":
		return masked(p.secret), nil
	case p.column != "":
		return rowValue(p.column), nil
	}
	out, err := p.prog.Eval(v)
	if err != nil {
		return "", t.failed(p, err)
	}
	s, err := text(out)
	if err != nil {
		return "", t.failed(p, err)
	}
	return s, nil
}

// masked is how a secret shows where its value must not.
func masked(secret string) string { return "${{ secrets." + secret + " }}" }

func (t *template) failed(p part, err error) error {
	e := &evalError{node: t.node, offset: p.offset + len(p.text) - len(strings.TrimLeft(p.text, " \n")), err: err}
	var at *expr.Error
	var absent *expr.AbsentError
	switch {
	case errors.As(err, &at) && at.Offset > 0:
		e.offset = p.offset + at.Offset
	case errors.As(err, &absent):
		e.absent, e.of = absent.Field, absent.Name
	}
	return e
}

// always reports whether the failure does not depend on the row.
func (e *evalError) always() bool { return e.absent != "" && e.of == "env" }

// problem gives the failure its place, and its words.
func (e *evalError) problem() Problem {
	p := e.node.problem(e.err.Error(), e.hint)
	p.Line, p.Column = e.node.place(e.offset)
	switch {
	case e.absent == "":
	case e.of == "env":
		p.Message = fmt.Sprintf("the environment variable %s is not set", e.absent)
		p.Hint = fmt.Sprintf("set it, or provide for its absence: env.%s ?? \"none\"", e.absent)
	case e.of == "matrix":
		p.Message = "the combination has no " + quote(e.absent)
		p.Hint = fmt.Sprintf("give it one with include, or provide for its absence: matrix.%s ?? \"none\"", e.absent)
	default:
		p.Message = "the row has no field " + quote(e.absent)
	}
	return p
}

// evalProblem is an error of a template that is the same for every row.
func (l *loader) evalProblem(err error) Problem {
	var eval *evalError
	if errors.As(err, &eval) {
		return eval.problem()
	}
	return Problem{File: l.m.File, Message: err.Error()}
}

// text turns the value of an expression into the text that takes its place.
func text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return "", errors.New("the value is not a number")
		}
		out, err := json.Marshal(v)
		return string(out), err
	case nil:
		return "", errors.New("the value is null")
	case []any, map[string]any:
		return "", errors.New("the value is a list or a map, not text; toJSON(…) makes it text")
	}
	return "", fmt.Errorf("the value is a %T, not text", v)
}
