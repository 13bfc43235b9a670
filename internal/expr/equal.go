package expr

import (
	"errors"
	"fmt"
	"math"

	"github.com/expr-lang/expr/vm/runtime"
)

func comparing() []function {
	return []function{
		{"near", near, []any{new(func(float64, float64, float64) bool)}},
		{helperName, contains, []any{new(func(any, any) bool)}},
	}
}

// equal compares two values: numbers by what they are worth, lists and maps by
// what is in them.
func equal(m *meter, args []any) (any, error) { return m.equal(args[0], args[1], 0) }

func (m *meter) equal(a, b any, depth int) (bool, error) {
	if depth > maxDeep {
		return false, errTooDeep
	}
	if err := m.spend(1); err != nil {
		return false, err
	}
	if text, ok := a.(string); ok {
		other, ok := b.(string)
		return ok && text == other, m.spendText(min(len(text), len(other)))
	}
	if object, ok := a.(map[string]any); ok {
		other, ok := b.(map[string]any)
		if !ok || len(object) != len(other) {
			return false, nil
		}
		for key, value := range object {
			there, ok := other[key]
			if !ok {
				return false, nil
			}
			if same, err := m.equal(value, there, depth+1); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	list, ok := elements(a)
	if !ok {
		if _, other := elements(b); other {
			return false, nil
		}
		return runtime.Equal(a, b), nil
	}
	other, ok := elements(b)
	if !ok || list.n != other.n {
		return false, nil
	}
	for i := range list.n {
		if same, err := m.equal(list.at(i), other.at(i), depth+1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// in looks for an element of a list or a key of a map.
func in(m *meter, args []any) (any, error) {
	needle, stack := args[0], args[1]
	if stack == nil {
		return false, nil
	}
	if object, ok := stack.(map[string]any); ok {
		key, ok := needle.(string)
		if !ok {
			return false, nil
		}
		_, there := object[key]
		return there, nil
	}
	if groups, ok := stack.(map[any][]any); ok {
		if _, list := elements(needle); list || kind(needle) == "a map" {
			return false, nil
		}
		_, there := groups[needle]
		return there, nil
	}
	list, ok := elements(stack)
	if !ok {
		return nil, fmt.Errorf("in needs a list or a map, not %s", kind(stack))
	}
	for i := range list.n {
		if same, err := m.equal(list.at(i), needle, 0); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// near reports whether two numbers differ by at most a tolerance, but for what
// the arithmetic of float64 rounds.
func near(_ *meter, args []any) (any, error) {
	var n [3]float64
	for i, arg := range args {
		switch arg := arg.(type) {
		case int:
			n[i] = float64(arg)
		case int64:
			n[i] = float64(arg)
		case float64:
			n[i] = arg
		default:
			return nil, errors.New("near needs three numbers, and one is " + kind(arg))
		}
	}
	a, b, tolerance := n[0], n[1], n[2]
	if tolerance < 0 || math.IsNaN(tolerance) {
		return nil, errors.New("near needs a tolerance that is not negative")
	}
	const roundings = 4 * 0x1p-53
	return math.Abs(a-b) <= tolerance+roundings*max(math.Abs(a), math.Abs(b)), nil
}
