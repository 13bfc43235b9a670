package diff

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// absent stands for the value of a path that a result does not have.
type absent struct{}

// A comparer finds the values of a task that changed. Each side has the results
// of one run, or of the members of a repetition that passed: a value has changed
// when none of now is one of before.
type comparer struct {
	found func(path string, was, is any)
}

// values compares what lies at a place. path is that place, r what is said of
// it.
func (c *comparer) values(path string, r *rule, before, now []any) {
	if r.ignored() {
		return
	}
	switch {
	case every(before, now, isObject):
		for _, name := range names(before, now) {
			c.values(member(path, name), r.member(name), members(before, name), members(now, name))
		}
	case every(before, now, isList):
		c.lists(path, r, before, now)
	default:
		if !meets(before, now, r) {
			c.found(path, before[0], now[0])
		}
	}
}

// meets reports whether one of now is one of before. A repetition may have many
// members: only what is no scalar, and what may differ, is compared with each.
func meets(before, now []any, r *rule) bool {
	if r == nil || r.tolerance == nil {
		known := make(map[any]bool, len(before))
		before = slices.DeleteFunc(slices.Clone(before), func(v any) bool {
			key, ok := scalar(v)
			if ok {
				known[key] = true
			}
			return ok
		})
		rest := []any{}
		for _, v := range now {
			key, ok := scalar(v)
			if ok && known[key] {
				return true
			}
			if !ok {
				rest = append(rest, v)
			}
		}
		now = rest
	}
	return slices.ContainsFunc(before, func(was any) bool {
		return slices.ContainsFunc(now, func(is any) bool { return equal(was, is, r) })
	})
}

// scalar is a key that equal scalars share, of numbers by their value.
func scalar(v any) (key any, ok bool) {
	switch v := v.(type) {
	case json.Number:
		return json.Number(plainNumber(string(v))), true
	case map[string]any, []any:
		return nil, false
	}
	return v, true
}

// lists compares lists: by the member that tells elements apart, else element
// by element, or as a whole where they are of different lengths.
func (c *comparer) lists(path string, r *rule, before, now []any) {
	below := r.elem()
	if r != nil && r.key != "" {
		b, n := keyed(before, r.key), keyed(now, r.key)
		for _, key := range keysOf(b, n) {
			c.values(path+"["+r.key+"="+key+"]", below, at(b, key), at(n, key))
		}
		return
	}
	if !slices.ContainsFunc(before, func(v any) bool {
		return slices.ContainsFunc(now, func(w any) bool { return length(v) == length(w) })
	}) {
		if !below.ignored() {
			c.found(path, before[0], now[0])
		}
		return
	}
	most := 0
	for _, v := range slices.Concat(before, now) {
		most = max(most, length(v))
	}
	for i := range most {
		c.values(path+"["+strconv.Itoa(i)+"]", below, elements(before, i), elements(now, i))
	}
}

// every reports whether all values that are there are of a kind, and each side
// has one.
func every(before, now []any, k kindOfValue) bool {
	for _, side := range [...][]any{before, now} {
		some := false
		for _, v := range side {
			if v == (absent{}) {
				continue
			}
			if some = true; kindOf(v) != k {
				return false
			}
		}
		if !some {
			return false
		}
	}
	return true
}

func names(before, now []any) (all []string) {
	for _, v := range slices.Concat(before, now) {
		if o, ok := v.(map[string]any); ok {
			all = slices.AppendSeq(all, maps.Keys(o))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func members(side []any, name string) []any {
	out := make([]any, len(side))
	for i, v := range side {
		out[i] = absent{}
		if o, ok := v.(map[string]any); ok {
			if m, ok := o[name]; ok {
				out[i] = m
			}
		}
	}
	return out
}

// length is that of a list, -1 for one that is absent.
func length(v any) int {
	if l, ok := v.([]any); ok {
		return len(l)
	}
	return -1
}

func elements(side []any, i int) []any {
	out := make([]any, len(side))
	for j, v := range side {
		out[j] = absent{}
		if l, ok := v.([]any); ok && i < len(l) {
			out[j] = l[i]
		}
	}
	return out
}

// A keyedList has the elements of a list by what tells them apart. Of several
// with the same key the second is told as KEY#2, and so on.
type keyedList struct {
	order []string
	by    map[string]any
}

func keyed(side []any, name string) []keyedList {
	lists := make([]keyedList, len(side))
	for i, v := range side {
		l, _ := v.([]any)
		k := keyedList{by: make(map[string]any, len(l))}
		times := map[string]int{}
		for _, element := range l {
			key := "absent"
			if o, ok := element.(map[string]any); ok {
				if m, ok := o[name]; ok {
					key = keyText(m)
				}
			}
			if times[key]++; times[key] > 1 {
				key += "#" + strconv.Itoa(times[key])
			}
			k.order = append(k.order, key)
			k.by[key] = element
		}
		lists[i] = k
	}
	return lists
}

// keyText is a key as it is matched and told: numbers by their value.
func keyText(v any) string {
	switch v := v.(type) {
	case string:
		return quoted(v)
	case json.Number:
		if r, ok := rational(string(v)); ok && r.IsInt() && len(v) < 40 {
			return r.Num().String()
		}
		return plainNumber(string(v))
	}
	return textOf(v)
}

func keysOf(sides ...[]keyedList) (all []string) {
	seen := map[string]bool{}
	for _, side := range sides {
		for _, l := range side {
			for _, key := range l.order {
				if !seen[key] {
					seen[key] = true
					all = append(all, key)
				}
			}
		}
	}
	return all
}

func at(side []keyedList, key string) []any {
	out := make([]any, len(side))
	for i, l := range side {
		out[i] = absent{}
		if v, ok := l.by[key]; ok {
			out[i] = v
		}
	}
	return out
}

// equal reports whether two values are the same, as far as they are compared.
func equal(a, b any, r *rule) bool {
	same := true
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		switch {
		case !ok:
			return false
		case x == y:
			return true
		case r != nil && r.tolerance != nil && near(string(x), string(y), r.tolerance):
			return true
		}
		return plainNumber(string(x)) == plainNumber(string(y))
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		c := comparer{func(string, any, any) { same = false }}
		c.values("", r, []any{x}, []any{y})
		return same
	case []any:
		y, ok := b.([]any)
		if !ok {
			return false
		}
		c := comparer{func(string, any, any) { same = false }}
		c.values("", r, []any{x}, []any{y})
		return same
	}
	return a == b // strings, booleans, null, absent
}
