package expr

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/vm"
)

// Eval evaluates the expression. A straight path, such as row.price, gives the
// value as it is, a number as a json.Number with its exact text. Everything
// else computes with int64, float64 or, for a number that neither can hold,
// the string of its text. The error is an [*AbsentError] when something that is
// needed was not there and an [*Error] otherwise.
func (p *Program) Eval(v *Values) (out any, err error) {
	if p.straight {
		return v.At(p.path)
	}
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &Error{Message: plain(fmt.Sprint(r))}
		}
	}()
	m := v.machine() // lost after a panic
	out, err = m.vm.Run(p.vm, m.env)
	if err == nil {
		// Who takes a list or a map walks through it.
		m.meter.left = maxWork
		err = m.meter.walk(out, 0)
	}
	v.idle = m
	if err == nil {
		return out, nil
	}
	var absent *AbsentError
	if errors.As(err, &absent) {
		return nil, absent
	}
	return nil, explain(p.source, err)
}

// A machine is what evaluations need and can use again: a row has several, and
// there may be a million rows.
type machine struct {
	vm    vm.VM
	meter meter
	env   map[string]any
}

// machine is one that no evaluation uses.
func (v *Values) machine() *machine {
	m := v.idle
	if v.idle = nil; m == nil {
		m = &machine{vm: vm.VM{MemoryBudget: maxMemory}, meter: meter{values: v}}
		m.env = map[string]any{meterName: &m.meter}
	}
	m.meter.left = maxWork
	return m
}

// At follows a path through the values as they are. The error is an
// [*AbsentError] when something on the way is not there and an [*Error] when it
// is not of a kind that has such a value.
func (v *Values) At(p Path) (any, error) {
	at, ok := v.exact[p.root]
	if !ok {
		return nil, &AbsentError{Path: p.root, Name: p.root}
	}
	for i, key := range p.keys {
		switch key := key.(type) {
		case string:
			m, ok := at.(map[string]any)
			if !ok {
				return nil, &Error{Message: fmt.Sprintf("cannot take field %q of %s", key, kind(at))}
			}
			if at, ok = m[key]; !ok {
				e := &AbsentError{Path: pathText(p.root, p.keys[:i+1])}
				if i == 0 {
					e.Name, e.Field = p.root, key
				}
				return nil, e
			}
		case int:
			l, ok := elements(at)
			if !ok {
				return nil, &Error{Message: fmt.Sprintf("cannot take element %d of %s", key, kind(at))}
			}
			if key >= l.n {
				return nil, &AbsentError{Path: pathText(p.root, p.keys[:i+1])}
			}
			at = l.at(key)
		}
	}
	return at, nil
}
