package expr

import (
	"errors"
	"slices"
)

// contains reports whether a value has all that another has. A map contains a
// map when each key of that is there and its value contains that one's. A list
// contains a list when each element of that is contained by an element of its
// own, in any order. A scalar contains one that is equal.
func contains(m *meter, args []any) (any, error) {
	_, whole := args[0].(string)
	if _, part := args[1].(string); whole && part {
		return nil, errors.New("contains(…) compares: of two strings write a contains b")
	}
	return m.contains(args[0], args[1], 0)
}

func (m *meter) contains(whole, part any, depth int) (bool, error) {
	if depth > maxDeep {
		return false, errTooDeep
	}
	if err := m.spend(1); err != nil {
		return false, err
	}
	if want, ok := part.(map[string]any); ok {
		has, ok := whole.(map[string]any)
		if !ok {
			return false, nil
		}
		for key, value := range want {
			there, ok := has[key]
			if !ok {
				return false, nil
			}
			if ok, err := m.contains(there, value, depth+1); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	if want, ok := elements(part); ok {
		has, ok := elements(whole)
		if !ok || has.n < want.n {
			return false, nil
		}
		return m.containsAll(has, want, depth)
	}
	return m.equal(whole, part, depth)
}

// containsAll gives every element of want an element of has of its own. Scalars
// are counted; the others are matched, so that an element which several could
// have goes to the one that can have no other.
func (m *meter) containsAll(has, want sequence, depth int) (bool, error) {
	counts := map[any]int{}
	var holders, wanted []any
	for i := range has.n {
		if key, scalar := scalarKey(has.at(i)); scalar {
			counts[key]++
		} else {
			holders = append(holders, has.at(i))
		}
	}
	for i := range want.n {
		key, scalar := scalarKey(want.at(i))
		if !scalar {
			wanted = append(wanted, want.at(i))
		} else if counts[key]--; counts[key] < 0 {
			return false, nil
		}
	}
	if err := m.spend(2 * (has.n + want.n)); err != nil || len(wanted) > len(holders) {
		return false, err
	}
	taken := make([]int, len(holders)) // which of wanted an element has been given to, plus one
	for i := range wanted {
		tried := make([]bool, len(holders))
		if err := m.spend(len(holders)/8 + 1); err != nil {
			return false, err
		}
		if ok, err := m.assign(i, holders, wanted, taken, tried, depth); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// assign finds an element for wanted[i], by giving another to whom it was given
// before if that is needed.
func (m *meter) assign(i int, holders, wanted []any, taken []int, tried []bool, depth int) (bool, error) {
	for k := range holders {
		if tried[k] {
			continue
		}
		ok, err := m.contains(holders[k], wanted[i], depth+1)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		tried[k] = true
		free := taken[k] == 0
		if !free {
			if free, err = m.assign(taken[k]-1, holders, wanted, taken, tried, depth+1); err != nil {
				return false, err
			}
		}
		if free {
			taken[k] = i + 1
			return true, nil
		}
	}
	return false, nil
}

// scalarKey is the same for scalars that are equal, and for no others.
func scalarKey(v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool, string, float64:
		return v, true
	case int:
		return float64(v), int(float64(v)) == v
	case int64:
		return float64(v), int64(float64(v)) == v
	}
	return nil, false
}

// uniq leaves out the elements that are equal to one before.
func uniq(m *meter, args []any) (any, error) {
	list, err := listOf("uniq", args[0])
	if err != nil {
		return nil, err
	}
	seen := make(map[any]bool)
	var others []any
	out := []any{}
	if err := m.made(list.n); err != nil {
		return nil, err
	}
	for i := range list.n {
		item := list.at(i)
		if key, scalar := scalarKey(item); scalar {
			if !seen[key] {
				seen[key] = true
				out = append(out, item)
			}
			continue
		}
		known := false
		for _, other := range others {
			if known, err = m.equal(other, item, 0); known || err != nil {
				break
			}
		}
		if err != nil {
			return nil, err
		}
		if !known {
			others = append(others, item)
			out = append(out, item)
		}
	}
	return slices.Clip(out), nil
}
