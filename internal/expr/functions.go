package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"
)

var errTooLong = fmt.Errorf("the text becomes longer than %d MB", maxText>>20)

// functions are those that replace expr-lang's own because the originals
// depend on chance or have no bound, and those that [guard] puts in.
func functions() []lang.Option {
	return []lang.Option{
		lang.Function(plusName, plus, new(func(string, string) string), new(func(any, any) any)),
		lang.Function(fieldName, field, new(func(any, any) any)),
		lang.DisableBuiltin("keys"),
		lang.Function("keys", keys, new(func(map[string]any) []any)),
		lang.DisableBuiltin("values"),
		lang.Function("values", values, new(func(map[string]any) []any)),
		lang.DisableBuiltin("toPairs"),
		lang.Function("toPairs", toPairs, new(func(map[string]any) []any)),
		lang.DisableBuiltin("replace"),
		lang.Function("replace", replace, new(func(string, string, string) string)),
		lang.DisableBuiltin("repeat"),
		lang.Function("repeat", repeat, new(func(string, int) string)),
		lang.DisableBuiltin("join"),
		lang.Function("join", join, new(func([]any, string) string), new(func([]any) string),
			new(func([]string, string) string), new(func([]string) string)),
	}
}

// denied are the functions whose result depends on the moment or the machine.
var denied = map[string]bool{"now": true, "timezone": true}

// functionNames lists what a manifest can call.
func functionNames() []string {
	var names []string
	for _, f := range builtin.Builtins {
		if !denied[f.Name] {
			names = append(names, f.Name)
		}
	}
	return names
}

func plus(args ...any) (any, error) {
	a, left := args[0].(string)
	b, right := args[1].(string)
	if left && right {
		if len(a)+len(b) > maxText {
			return nil, errTooLong
		}
		return a + b, nil
	}
	return runtime.Add(args[0], args[1]), nil
}

// field reads an object's field that must be there.
func field(args ...any) (any, error) {
	m, ok := args[0].(map[string]any)
	key, isText := args[1].(string)
	if !ok || !isText {
		return nil, errors.New("a field's name must be a string")
	}
	v, ok := m[key]
	if !ok {
		return nil, &AbsentError{Field: key}
	}
	return v, nil
}

// keys, values and toPairs go in the order of the keys, where expr-lang's own
// go in none.
func keys(args ...any) (any, error) {
	return pick(args[0], func(k string, _ any) any { return k })
}

func values(args ...any) (any, error) {
	return pick(args[0], func(_ string, v any) any { return v })
}

func toPairs(args ...any) (any, error) {
	return pick(args[0], func(k string, v any) any { return []any{k, v} })
}

func pick(v any, f func(string, any) any) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("not a map but %T", v)
	}
	out := make([]any, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, f(k, m[k]))
	}
	return out, nil
}

func replace(args ...any) (any, error) {
	s, okS := args[0].(string)
	from, okF := args[1].(string)
	to, okT := args[2].(string)
	if !okS || !okF || !okT {
		return nil, errors.New("replace needs three strings")
	}
	if len(s)+strings.Count(s, from)*len(to) > maxText {
		return nil, errTooLong
	}
	return strings.ReplaceAll(s, from, to), nil
}

func repeat(args ...any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, errors.New("repeat needs a string and a number")
	}
	n := runtime.ToInt(args[1])
	switch {
	case n < 0:
		return nil, errors.New("repeat needs a number that is not negative")
	case n > maxText || n*len(s) > maxText:
		return nil, errTooLong
	}
	return strings.Repeat(s, n), nil
}

func join(args ...any) (any, error) {
	glue := ""
	if len(args) == 2 {
		text, ok := args[1].(string)
		if !ok {
			return nil, errors.New("join needs a list and a string")
		}
		glue = text
	}
	var words []string
	switch list := args[0].(type) {
	case []string:
		words = list
	case []any:
		for _, v := range list {
			text, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("join needs a list of strings, and one is %s", kind(v))
			}
			words = append(words, text)
		}
	default:
		return nil, fmt.Errorf("join needs a list, not %s", kind(args[0]))
	}
	size := len(glue) * len(words)
	for _, w := range words {
		size += len(w)
	}
	if size > maxText {
		return nil, errTooLong
	}
	return strings.Join(words, glue), nil
}
