package expr

import (
	"errors"
	"strings"
)

// A Condition is a compiled expression that is true or false. It is safe for
// concurrent use.
type Condition struct{ *Program }

// CompileCondition is [Compile] for an expression that must be true or false.
func CompileCondition(source string, env Env) (*Condition, error) {
	return compileCondition(source, &compiling{env: env})
}

func compileCondition(source string, c *compiling) (*Condition, error) {
	c.condition = true
	p, err := compile(source, c)
	if e := (*Error)(nil); errors.As(err, &e) {
		if got, found := strings.CutPrefix(e.Message, "expected bool, but got "); found {
			e.Message = "must be true or false, and is of type " + got
		}
	}
	if err != nil {
		return nil, err
	}
	return &Condition{p}, nil
}

// True evaluates the condition. The error is an [*AbsentError] when something that
// is needed was not there and an [*Error] otherwise.
func (c *Condition) True(v *Values) (bool, error) {
	out, err := c.Eval(v)
	if err != nil {
		return false, err
	}
	holds, ok := out.(bool)
	if !ok {
		return false, &Error{Message: "must be true or false, not " + kind(out)}
	}
	return holds, nil
}
