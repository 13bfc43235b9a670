package expr

import (
	"errors"
	"fmt"
)

// A meter keeps account of one evaluation: how much work it may still do, and
// which values its names stand for.
type meter struct {
	left   int
	values *Values
}

// maxWork bounds what one evaluation does, counted in steps of some 50 to 100 ns: an
// element that is looked at, a node of a predicate that is evaluated, textStep
// bytes of a text that is read or made. What could take longer than a step says
// so before it begins, so that no evaluation takes much more than a second,
// whatever the values are.
const (
	maxWork  = 10_000_000
	textStep = 8
	madeStep = 8 // steps of an element that is made: they bound memory too
)

// maxDeep bounds how deep values lie within each other that are walked by
// recursion; a result is never as deep, but a program can make one.
const maxDeep = 5000

var (
	errWork    = errors.New("it takes too many steps")
	errTooDeep = fmt.Errorf("values lie within each other more than %d levels deep", maxDeep)
	errTooLong = fmt.Errorf("the text becomes longer than %d MB", maxText>>20)
)

func (m *meter) spend(n int) error {
	if n < 0 || n > m.left {
		m.left = 0
		return errWork
	}
	m.left -= n
	return nil
}

func (m *meter) spendText(n int) error { return m.spend(1 + n/textStep) }

// made accounts for a list or a map of n elements that is made.
func (m *meter) made(n int) error { return m.spend(madeStep * (n + 1)) }

// step accounts for an evaluation of a predicate.
func (m *meter) step(args []any) (any, error) {
	nodes, _ := args[0].(int)
	return nil, m.spend(nodes)
}

// shallow accounts for a walk through the elements of a value, or the
// characters of a text, each so many times, and returns the value.
func (m *meter) shallow(args []any) (any, error) {
	times := 1
	if len(args) > 1 {
		times, _ = args[1].(int)
		if s, ok := args[0].(string); ok {
			return s, m.spend(times * (1 + len(s)/2))
		}
	}
	switch v := args[0].(type) {
	case string:
		return v, m.spendText(len(v))
	default:
		if l, ok := elements(v); ok {
			return v, m.spend(times * l.n)
		}
	}
	return args[0], nil
}

// characters accounts for a walk through the characters of a text alone, and returns
// the value.
func (m *meter) characters(args []any) (any, error) {
	if s, ok := args[0].(string); ok {
		return s, m.spendText(len(s))
	}
	return args[0], nil
}

// deep accounts for a walk through all of a value, and returns it.
func (m *meter) deep(args []any) (any, error) { return args[0], m.walk(args[0], 0) }

func (m *meter) walk(v any, depth int) error {
	if depth > maxDeep {
		return errTooDeep
	}
	switch v := v.(type) {
	case string:
		return m.spendText(len(v))
	case map[string]any:
		if err := m.spend(len(v)); err != nil {
			return err
		}
		for key, item := range v {
			if err := m.spendText(len(key)); err != nil {
				return err
			}
			if err := m.walk(item, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	l, ok := elements(v)
	if !ok {
		return nil
	}
	if err := m.spend(2 * l.n); err != nil {
		return err
	}
	if l.flat {
		return nil
	}
	for i := range l.n {
		if err := m.walk(l.at(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}
