package expr

import (
	"encoding/json"
	"maps"
	"math"
	"strconv"
	"strings"
)

// Values are what the names of an [Env] stand for in one evaluation or several:
// nil, bool, string, json.Number, []any and map[string]any, and, of names that
// stand alone, also int, int64, float64 and []string. A name without a value is
// absent. Values is not safe for concurrent use.
type Values struct {
	exact  map[string]any
	native map[string]any // of the names that were used, as expressions compute with them

	located int // how many values have been looked at for paths of messages
}

// NewValues makes Values of the objects by name. They must not be changed
// while the Values are in use.
func NewValues(objects map[string]map[string]any) *Values { return NewNamed(objects, nil) }

// NewNamed is [NewValues] with values of any kind.
func NewNamed(objects map[string]map[string]any, others map[string]any) *Values {
	v := &Values{exact: make(map[string]any, len(objects)+len(others))}
	maps.Copy(v.exact, others)
	for name, object := range objects {
		v.exact[name] = object
	}
	return v
}

// Set has a name stand for an object from now on, be it one that was changed
// since the last time, or for nothing where the object is nil.
func (v *Values) Set(name string, object map[string]any) {
	if object == nil {
		delete(v.exact, name)
	} else {
		v.exact[name] = object
	}
	delete(v.native, name)
	v.located = 0
}

// use returns what a name stands for as expressions compute with it.
func (v *Values) use(name string) (any, bool) {
	if value, ok := v.native[name]; ok {
		return value, true
	}
	exact, ok := v.exact[name]
	if !ok {
		return nil, false
	}
	value := native(exact)
	if v.native == nil {
		v.native = make(map[string]any, len(v.exact))
	}
	v.native[name] = value
	return value, true
}

// native turns exact numbers into those that expressions compute with. What
// has none is returned as it is.
func native(v any) any {
	switch v := v.(type) {
	case json.Number:
		return computed(v.String())
	case []any:
		var out []any
		for i, item := range v {
			changed := native(item)
			if out == nil && !same(item, changed) {
				out = make([]any, len(v))
				copy(out, v[:i])
			}
			if out != nil {
				out[i] = changed
			}
		}
		if out != nil {
			return out
		}
	case map[string]any:
		var out map[string]any
		for k, item := range v {
			changed := native(item)
			if out == nil && !same(item, changed) {
				out = maps.Clone(v)
			}
			if out != nil {
				out[k] = changed
			}
		}
		if out != nil {
			return out
		}
	}
	return v
}

// same reports whether [native] returned what it was given.
func same(before, after any) bool {
	switch before.(type) {
	case json.Number:
		return false
	case map[string]any, []any:
		return identity(before) == identity(after)
	}
	return true
}

// exactFloat is the largest number up to which every whole number is a float64.
const exactFloat = 1 << 53

// computed is the number that an expression computes with: an int64 if it is
// one, also when it is written as 1.0 or 1e3, else a float64 if it fits, else
// the string of its text.
func computed(text string) any {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return text
	case f == math.Trunc(f) && math.Abs(f) <= exactFloat:
		return int64(f)
	}
	return f
}
