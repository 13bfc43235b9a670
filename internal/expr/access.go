package expr

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// name reads what a name of the environment stands for. Its second argument is
// the name as messages show it, or nil where absence is provided for.
func (m *meter) name(args []any) (any, error) {
	name, _ := args[0].(string)
	v, ok := m.values.use(name)
	if path, strict := args[1].(string); strict && !ok {
		return nil, &AbsentError{Path: path, Name: name}
	}
	return v, nil
}

// field reads a field of a map or an element of a list. Its last argument is
// the path to it, from an element on where it begins with a dot, "" where it is
// not known, or nil where absence is provided for: then it gives nil.
func (m *meter) field(args []any) (any, error) {
	base, key := args[0], args[1]
	path, strict := args[2].(string)
	switch b := base.(type) {
	case nil:
		if !strict {
			return nil, nil
		}
	case map[string]any:
		name, ok := key.(string)
		if !ok {
			return nil, errors.New("a field's name must be a string, not " + kind(key))
		}
		if v, ok := b[name]; ok {
			return v, nil
		}
		if !strict {
			return nil, nil
		}
		return nil, m.absent(base, path, name)
	}
	if name, ok := key.(string); ok {
		if v, ok := entry(base, name); ok {
			return v, nil
		}
		return nil, fmt.Errorf("cannot take field %q of %s", brief(name, 60), kind(base))
	}
	if reflect.ValueOf(base).Kind() == reflect.Map { // of groupBy
		if v, ok := entry(base, key); ok || !strict {
			return v, nil
		}
		return nil, m.absent(base, path, key)
	}
	at, whole := wholeOf(key)
	l, list := elements(base)
	if !whole || !list {
		return nil, fmt.Errorf("cannot take element %s of %s", brief(fmt.Sprint(key), 60), kind(base))
	}
	if at < 0 {
		at += l.n
	}
	if at < 0 || at >= l.n {
		if !strict {
			return nil, nil
		}
		return nil, m.absent(base, path, at)
	}
	return l.at(at), nil
}

// entry reads a map of another type than those of values, as groupBy makes it.
func entry(base, key any) (any, bool) {
	groups, ok := base.(map[any][]any)
	if !ok {
		return nil, false
	}
	v, ok := groups[key]
	return v, ok
}

// absent says that a value has no such field or element. Where the path to it
// is not known by the expression, it is looked for in the values.
func (m *meter) absent(base any, path string, key any) error {
	e := &AbsentError{Path: path}
	if path == "" || path[0] == '.' {
		if found, ok := m.values.locate(base); ok || path == "" {
			e.Path = brief(found+pathText("", []any{key}), 200)
		}
		return e
	}
	for name := range m.values.exact {
		if field, ok := key.(string); ok && path == pathText(name, []any{field}) {
			e.Name, e.Field = name, field
		}
	}
	return e
}

// A sequence is a list of any type.
type sequence struct {
	n    int
	flat bool // its elements are scalars of few bytes
	at   func(i int) any
}

// elements looks at a list; ok is false for every other value.
func elements(v any) (l sequence, ok bool) {
	switch v := v.(type) {
	case []any:
		return sequence{n: len(v), at: func(i int) any { return v[i] }}, true
	case []string:
		return sequence{n: len(v), at: func(i int) any { return v[i] }}, true
	case []int:
		return sequence{n: len(v), flat: true, at: func(i int) any { return v[i] }}, true
	case nil, string, bool, int, int64, float64, map[string]any:
		return sequence{}, false
	}
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return sequence{}, false
	}
	return sequence{n: r.Len(), at: func(i int) any { return r.Index(i).Interface() }}, true
}

// wholeOf returns a number that is a whole one as an int.
func wholeOf(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), int64(int(v)) == v
	case float64:
		n := int(v)
		return n, v > -1<<31 && v < 1<<31 && float64(n) == v
	}
	return 0, false
}

// maxLocate bounds how many values are looked at for the paths of messages.
const maxLocate = 2_000_000

// locate returns the path to a map or a list within the values; ok is false for
// one that the expression made.
func (v *Values) locate(base any) (path string, ok bool) {
	target := identity(base)
	if target == 0 {
		return "", false
	}
	for _, name := range slices.Sorted(maps.Keys(v.native)) {
		if path, ok := v.search(v.native[name], target, 0); ok {
			return name + path, true
		}
	}
	return "", false
}

// identity tells maps and lists apart, equal ones too; 0 is for what has none.
func identity(v any) uintptr {
	switch v := v.(type) {
	case map[string]any:
		return reflect.ValueOf(v).Pointer()
	case []any:
		if len(v) > 0 {
			return reflect.ValueOf(v).Pointer()
		}
	}
	return 0
}

// search looks in the order of the keys, so that the bound, which is met by
// hostile values alone, is met at the same one every time.
func (v *Values) search(at any, target uintptr, depth int) (path string, ok bool) {
	if v.located++; v.located > maxLocate || depth > maxDeep {
		return "", false
	}
	if identity(at) == target {
		return "", true
	}
	switch at := at.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(at)) {
			if path, ok := v.search(at[key], target, depth+1); ok {
				return pathText("", []any{key}) + path, true
			}
		}
	case []any:
		for i, item := range at {
			if path, ok := v.search(item, target, depth+1); ok {
				return pathText("", []any{i}) + path, true
			}
		}
	}
	return "", false
}
