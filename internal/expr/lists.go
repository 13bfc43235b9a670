package expr

import (
	"fmt"
	"maps"
	"slices"
)

func lists() []function {
	mapTo := []any{new(func(map[string]any) []any)}
	listTo := []any{new(func([]any) []any), new(func([]string) []any), new(func([]int) []any)}
	return []function{
		{"keys", keys, mapTo},
		{"values", values, mapTo},
		{"toPairs", toPairs, mapTo},
		{"fromPairs", fromPairs, []any{new(func([]any) map[string]any)}},
		{"uniq", uniq, listTo},
		{"flatten", flatten, listTo},
	}
}

func listOf(name string, v any) (sequence, error) {
	l, ok := elements(v)
	if !ok {
		return l, fmt.Errorf("%s needs a list, not %s", name, kind(v))
	}
	return l, nil
}

// keys, values and toPairs go in the order of the keys, where expr-lang's own
// go in none.
func keys(m *meter, args []any) (any, error) {
	return pick(m, "keys", args[0], func(k string, _ any) any { return k })
}

func values(m *meter, args []any) (any, error) {
	return pick(m, "values", args[0], func(_ string, v any) any { return v })
}

func toPairs(m *meter, args []any) (any, error) {
	return pick(m, "toPairs", args[0], func(k string, v any) any { return []any{k, v} })
}

func pick(m *meter, name string, v any, f func(string, any) any) (any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s needs a map, not %s", name, kind(v))
	}
	if err := m.made(3 * len(object)); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(object))
	for _, k := range slices.Sorted(maps.Keys(object)) {
		out = append(out, f(k, object[k]))
	}
	return out, nil
}

func fromPairs(m *meter, args []any) (any, error) {
	list, err := listOf("fromPairs", args[0])
	if err != nil {
		return nil, err
	}
	if err := m.made(4 * list.n); err != nil {
		return nil, err
	}
	out := make(map[string]any, list.n)
	for i := range list.n {
		pair, ok := elements(list.at(i))
		if !ok || pair.n != 2 {
			return nil, fmt.Errorf("fromPairs needs lists of a key and a value, and element %d is none", i)
		}
		key, ok := pair.at(0).(string)
		if !ok {
			return nil, fmt.Errorf("fromPairs needs keys that are strings, and that of element %d is %s", i, kind(pair.at(0)))
		}
		out[key] = pair.at(1)
	}
	return out, nil
}

func flatten(m *meter, args []any) (any, error) {
	list, err := listOf("flatten", args[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	err = m.flatten(&out, list, 0)
	return out, err
}

func (m *meter) flatten(out *[]any, list sequence, depth int) error {
	if depth > maxDeep {
		return errTooDeep
	}
	if err := m.made(list.n); err != nil {
		return err
	}
	for i := range list.n {
		item := list.at(i)
		if inner, ok := elements(item); ok {
			if err := m.flatten(out, inner, depth+1); err != nil {
				return err
			}
			continue
		}
		*out = append(*out, item)
	}
	return nil
}
