package expr

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
		lang.DisableBuiltin("date"),
		lang.Function("date", date, new(func(string) time.Time), new(func(string, string) time.Time), new(func(string, string, string) time.Time)),
		lang.DisableBuiltin("toJSON"),
		lang.Function("toJSON", toJSON, new(func(any) string)),
		lang.DisableBuiltin("toBase64"),
		lang.Function("toBase64", toBase64, new(func(string) string)),
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

// dateLayouts are what a date without a layout may look like.
var dateLayouts = []string{
	time.DateOnly, time.TimeOnly, time.DateTime, time.RFC3339, time.RFC822, time.RFC850, time.RFC1123,
}

// date reads a time as UTC, or in a zone that is named. The zone of the
// machine, which expr-lang's own falls back on, would decide the result.
func date(args ...any) (any, error) {
	var words []string
	for _, a := range args {
		text, ok := a.(string)
		if !ok {
			return nil, fmt.Errorf("date needs strings, not %s", kind(a))
		}
		words = append(words, text)
	}
	zone := time.UTC
	if len(words) == 3 {
		if words[2] == "Local" {
			return nil, errors.New("the zone Local is not available: it depends on the machine")
		}
		var err error
		if zone, err = time.LoadLocation(words[2]); err != nil {
			return nil, err
		}
	}
	if len(words) > 1 {
		return time.ParseInLocation(words[1], words[0], zone)
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, words[0]); err == nil {
			return t.UTC(), nil
		}
	}
	return nil, fmt.Errorf("%q is not a date", words[0])
}

// toJSON refuses what would become too long before it writes anything: a
// small program can make a list whose parts are one and the same list.
func toJSON(args ...any) (any, error) {
	if length(args[0], maxText) > maxText {
		return nil, errTooLong
	}
	b, err := json.MarshalIndent(args[0], "", "  ")
	if err != nil || len(b) > maxText {
		return nil, cmp.Or(err, errTooLong)
	}
	return string(b), nil
}

// length counts the bytes of a value's JSON roughly and stops beyond limit.
func length(v any, limit int) int {
	n := 2
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, item := range v {
			if n += length(item, limit-n); n > limit {
				break
			}
		}
	case map[string]any:
		for key, item := range v {
			if n += len(key) + length(item, limit-n); n > limit {
				break
			}
		}
	}
	return n
}

func toBase64(args ...any) (any, error) {
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("toBase64 needs a string, not %s", kind(args[0]))
	}
	if base64.StdEncoding.EncodedLen(len(text)) > maxText {
		return nil, errTooLong
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), nil
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
