package expr

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/vm/runtime"
)

func texts() []function {
	return []function{
		{"trim", trim, []any{strings.TrimSpace, strings.Trim}},
		{"split", split, []any{strings.Split, strings.SplitN}},
		{"splitAfter", splitAfter, []any{strings.Split, strings.SplitN}},
		{"replace", replace, []any{new(func(string, string, string) string)}},
		{"repeat", repeat, []any{new(func(string, int) string)}},
		{"join", join, []any{new(func([]any, string) string), new(func([]any) string), new(func([]string, string) string), new(func([]string) string)}},
		{"toBase64", toBase64, []any{new(func(string) string)}},
	}
}

// plus adds, and puts texts together.
func plus(m *meter, args []any) (any, error) {
	a, left := args[0].(string)
	b, right := args[1].(string)
	if !left || !right {
		return runtime.Add(args[0], args[1]), nil
	}
	if err := m.text(len(a) + len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

var errZero = errors.New("division by zero")

// divisor refuses a zero, by which a division would give an infinity that compares
// like any number.
func divisor(_ *meter, args []any) (any, error) {
	switch n := args[0].(type) {
	case int:
		if n == 0 {
			return nil, errZero
		}
	case int64:
		if n == 0 {
			return nil, errZero
		}
	case float64:
		if n == 0 {
			return nil, errZero
		}
	}
	return args[0], nil
}

// text accounts for a text of n bytes that is made.
func (m *meter) text(n int) error {
	if n > maxText {
		return errTooLong
	}
	return m.spendText(n)
}

// strs returns arguments that must be strings.
func strs(name string, args []any) ([]string, error) {
	out := make([]string, len(args))
	for i, arg := range args {
		text, ok := arg.(string)
		if !ok {
			return nil, fmt.Errorf("%s needs a string, not %s", name, kind(arg))
		}
		out[i] = text
	}
	return out, nil
}

func trim(m *meter, args []any) (any, error) {
	s, err := strs("trim", args)
	if err != nil {
		return nil, err
	}
	if len(s) == 1 {
		return strings.TrimSpace(s[0]), m.spendText(len(s[0]))
	}
	if err := m.spend(1 + len(s[0])/textStep*(1+len(s[1])/textStep)); err != nil {
		return nil, err
	}
	return strings.Trim(s[0], s[1]), nil
}

func split(m *meter, args []any) (any, error) { return cut(m, "split", args, strings.SplitN) }

func splitAfter(m *meter, args []any) (any, error) {
	return cut(m, "splitAfter", args, strings.SplitAfterN)
}

func cut(m *meter, name string, args []any, with func(s, sep string, n int) []string) (any, error) {
	s, err := strs(name, args[:2])
	if err != nil {
		return nil, err
	}
	limit := -1
	if len(args) == 3 {
		n, ok := wholeOf(args[2])
		if !ok {
			return nil, fmt.Errorf("%s needs a whole number, not %s", name, kind(args[2]))
		}
		limit = n
	}
	if err := m.spendText(len(s[0])); err != nil {
		return nil, err
	}
	n := strings.Count(s[0], s[1]) + 1
	if limit >= 0 {
		n = min(n, limit)
	}
	if err := m.made(n); err != nil {
		return nil, err
	}
	return with(s[0], s[1], limit), nil
}

func replace(m *meter, args []any) (any, error) {
	s, err := strs("replace", args)
	if err != nil {
		return nil, err
	}
	if err := m.spendText(len(s[0])); err != nil {
		return nil, err
	}
	if err := m.text(len(s[0]) + strings.Count(s[0], s[1])*len(s[2])); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s[0], s[1], s[2]), nil
}

func repeat(m *meter, args []any) (any, error) {
	s, ok := args[0].(string)
	n, whole := wholeOf(args[1])
	switch {
	case !ok || !whole:
		return nil, errors.New("repeat needs a string and a whole number")
	case n < 0:
		return nil, errors.New("repeat needs a number that is not negative")
	case n > maxText:
		return nil, errTooLong
	}
	if err := m.text(n * len(s)); err != nil {
		return nil, err
	}
	return strings.Repeat(s, n), nil
}

func toBase64(m *meter, args []any) (any, error) {
	s, err := strs("toBase64", args)
	if err != nil {
		return nil, err
	}
	if err := m.text(base64.StdEncoding.EncodedLen(len(s[0]))); err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(s[0])), nil
}

func join(m *meter, args []any) (any, error) {
	glue := ""
	if len(args) == 2 {
		text, ok := args[1].(string)
		if !ok {
			return nil, errors.New("join needs a list and a string")
		}
		glue = text
	}
	list, err := listOf("join", args[0])
	if err != nil {
		return nil, err
	}
	if err := m.spend(list.n); err != nil {
		return nil, err
	}
	words := make([]string, list.n)
	size := len(glue) * list.n
	for i := range words {
		text, ok := list.at(i).(string)
		if !ok {
			return nil, fmt.Errorf("join needs a list of strings, and one is %s", kind(list.at(i)))
		}
		words[i] = text
		size += len(text)
	}
	if err := m.text(size); err != nil {
		return nil, err
	}
	return strings.Join(words, glue), nil
}

// maxPattern bounds, in bytes, a pattern that is not written in the expression.
const maxPattern = 1000

// matches is the operator for a pattern that a value has.
func matches(m *meter, args []any) (any, error) {
	if args[0] == nil || args[1] == nil {
		return false, nil
	}
	s, err := strs("matches", args)
	if err != nil {
		return nil, err
	}
	if len(s[1]) > maxPattern {
		return nil, fmt.Errorf("the pattern is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(s[1])
	if err != nil {
		return nil, err
	}
	heavy := weight(s[1])
	if err := m.spend(1000 + 16*heavy + heavy*len(s[0])); err != nil {
		return nil, err
	}
	return re.MatchString(s[0]), nil
}
