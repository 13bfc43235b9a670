package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// knownResult is what is known of the results of all tasks together: of several
// schemas, what one of them allows. entries are how many the manifest has, those
// that cannot be read too.
func (l *loader) knownResult(entries int) expr.Object {
	if entries == 0 || len(l.m.entries) < entries {
		return expr.Object{Open: true} // of the others nothing is known
	}
	var out expr.Object
	for i, e := range l.m.entries {
		switch {
		case e.schema == nil:
			return expr.Object{Open: true}
		case i == 0:
			out = l.resultOf(e)
		case e.schema != l.m.entries[i-1].schema:
			out = either(out, l.resultOf(e))
		}
	}
	return out
}

// either is what is known of a value that is like one of two.
func either(a, b expr.Object) expr.Object {
	switch {
	case a.Alone != b.Alone:
		return expr.Object{Alone: expr.Any}
	case a.Alone == expr.List:
		out := expr.Object{Alone: expr.List}
		if a.Each != nil && b.Each != nil {
			each := either(*a.Each, *b.Each)
			out.Each = &each
		}
		return out
	case a.Alone != "":
		return expr.Object{Alone: a.Alone}
	}
	out := expr.Object{Open: a.Open || b.Open, Inner: map[string]expr.Object{}}
	out.Fields = append(slices.Clone(a.Fields), b.Fields...)
	slices.Sort(out.Fields)
	out.Fields = slices.Compact(out.Fields)
	for _, name := range out.Fields {
		one, inA := a.Inner[name]
		other, inB := b.Inner[name]
		switch {
		case inA && inB:
			out.Inner[name] = either(one, other)
		case inA && !slices.Contains(b.Fields, name) && !b.Open:
			out.Inner[name] = one
		case inB && !slices.Contains(a.Fields, name) && !a.Open:
			out.Inner[name] = other
		}
	}
	return out
}

// knownRecord is [recordEnv] with what is known of the results, and of an element
// of the list that lies where unwind says. Values may be of another kind, where a
// result breaks its schema: this is for [expr.Fields] and for hints alone.
func (l *loader) knownRecord(unwind []string) expr.Env {
	env := maps.Clone(recordEnv(unwind != nil))
	env["result"] = l.result
	if unwind == nil {
		return env
	}
	at := l.result
	for _, name := range unwind {
		inner, known := at.Inner[name]
		if !known {
			return env
		}
		at = inner
	}
	if at.Alone == expr.List && at.Each != nil {
		env["item"] = *at.Each
	}
	return env
}

// checkRecord says what is wrong with an expression about a task as reports show it,
// beyond what every batch knows: a field that no result has, and a secret column,
// which no record has. The error is an [*expr.Error].
func (l *loader) checkRecord(source string, p *expr.Program, unwind []string) error {
	for _, path := range p.Paths() {
		for _, name := range l.secretRows {
			text := "row." + name
			if !fieldName.MatchString(name) {
				text = fmt.Sprintf("row[%q]", name)
			}
			if path.Text == text && !slices.Contains(l.plainRows, name) {
				return &expr.Error{
					Offset: max(strings.Index(source, "row"), 0), Secret: true, Name: name,
					Message: fmt.Sprintf("the secret column %s may stand in variable values alone", quote(name)),
				}
			}
		}
	}
	return expr.Fields(source, l.knownRecord(unwind))
}

// checkUnwind says what is wrong with the names from a result's root to a list, as
// far as that is known. The error is an [*expr.Error] whose offset is that within
// the path that begins with result.
func (l *loader) checkUnwind(names []string) error {
	at, path := l.result, "result"
	for i, name := range names {
		inner, known := at.Inner[name]
		if at.Alone == "" && !at.Open && !slices.Contains(at.Fields, name) {
			return &expr.Error{Offset: len(path) + 1, Message: path + " has no field " + quote(name), Name: name, Known: at.Fields}
		}
		if !known {
			return nil
		}
		from := len(path) + 1
		at, path = inner, path+"."+name
		switch last := i == len(names)-1; {
		case at.Alone == expr.Any || at.Open && at.Fields == nil || last && at.Alone == expr.List:
		case last && at.Alone == "":
			return &expr.Error{Offset: from, Message: path + " is a map, not a list"}
		case last || at.Alone != "":
			return &expr.Error{Offset: from, Message: path + " is " + string(at.Alone) + ", not " + map[bool]string{true: "a list", false: "a map"}[last]}
		}
	}
	return nil
}
