package expr

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/expr-lang/expr/vm"
)

// An AbsentError says that a field which the expression needs is not there.
type AbsentError struct{ Field string }

func (e *AbsentError) Error() string { return fmt.Sprintf("there is no field %q", e.Field) }

// Values are what the names of an [Env] stand for in one evaluation: maps of
// nil, bool, string, json.Number, []any and map[string]any. Values is not
// safe for concurrent use.
type Values struct {
	exact  map[string]map[string]any
	alone  map[string]any
	native map[string]any
}

// NewValues makes Values of the objects by name. They must not be changed
// while the Values are in use.
func NewValues(objects map[string]map[string]any) *Values { return &Values{exact: objects} }

// Eval evaluates the expression. A straight path, such as row.price, gives the
// value as it is, a number as a json.Number with its exact text. Everything
// else computes with int64, float64 or, for a number that neither can hold,
// the string of its text. The error is an [*AbsentError] when a field was
// missing and an [*Error] otherwise.
func (p *Program) Eval(v *Values) (any, error) {
	if len(p.keys) > 0 {
		return p.walk(v)
	}
	if v.native == nil {
		v.native = make(map[string]any, len(v.exact)+len(v.alone)+1)
		maps.Copy(v.native, v.alone)
		for name, object := range v.exact {
			v.native[name] = native(object)
		}
	}
	steps := 0
	v.native[stepName] = func() bool {
		if steps++; steps > maxSteps {
			panic(fmt.Sprintf("more than %d steps", maxSteps))
		}
		return true
	}
	machine := vm.VM{MemoryBudget: maxMemory}
	out, err := machine.Run(p.vm, v.native)
	if err == nil {
		return out, nil
	}
	var absent *AbsentError
	if errors.As(err, &absent) {
		return nil, absent
	}
	return nil, explain(p.source, err)
}

// walk follows a straight path through the exact values.
func (p *Program) walk(v *Values) (any, error) {
	var at any = v.exact[p.root]
	for _, key := range p.keys {
		switch key := key.(type) {
		case string:
			m, ok := at.(map[string]any)
			if !ok {
				return nil, &Error{Message: fmt.Sprintf("cannot take field %q of %s", key, kind(at))}
			}
			if at, ok = m[key]; !ok {
				return nil, &AbsentError{Field: key}
			}
		case int:
			list, ok := at.([]any)
			if !ok {
				return nil, &Error{Message: fmt.Sprintf("cannot take element %d of %s", key, kind(at))}
			}
			if key >= len(list) {
				return nil, &Error{Message: fmt.Sprintf("there is no element %d: the list has %d", key, len(list))}
			}
			at = list[key]
		}
	}
	return at, nil
}

// native turns exact numbers into those that expressions compute with.
func native(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		if f, err := strconv.ParseFloat(v.String(), 64); err == nil {
			return f
		}
		return v.String()
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = native(item)
		}
		return out
	case map[string]any:
		if !numbers(v) {
			return v
		}
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = native(item)
		}
		return out
	}
	return v
}

// numbers reports whether a map holds what [native] changes, or may.
func numbers(m map[string]any) bool {
	for _, v := range m {
		switch v.(type) {
		case nil, bool, string:
		default:
			return true
		}
	}
	return false
}

// kind names what a value is, in words.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any, []string:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "a number"
}
