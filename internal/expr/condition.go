package expr

import (
	"errors"
	"strings"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
)

// A Kind is what a name stands for that is no object.
type Kind string

// The kinds, in words, and the Go types of their values.
const (
	Text    Kind = "a string"          // string
	Whole   Kind = "a whole number"    // int, int64 or json.Number
	Number  Kind = "a number"          // the same, or float64
	Boolean Kind = "a boolean"         // bool
	Texts   Kind = "a list of strings" // []string
	List    Kind = "a list"            // []any
	Any     Kind = "a value"           // anything
)

func (k Kind) declared() types.Type {
	switch k {
	case Text:
		return types.String
	case Whole:
		return types.Int64
	case Number:
		return types.Float64
	case Boolean:
		return types.Bool
	case Texts:
		return types.TypeOf([]string{})
	}
	return types.Any
}

// A Condition is a compiled expression that is true or false. It is safe for
// concurrent use.
type Condition struct{ program *Program }

// CompileCondition is [Compile] for an expression that must be true or false.
func CompileCondition(source string, env Env) (*Condition, error) {
	p, err := compile(source, env, lang.AsBool())
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

// Holds evaluates the condition. One that needs a field which is not there does
// not hold. The error is an [*Error].
func (c *Condition) Holds(v *Values) (bool, error) {
	out, err := c.program.Eval(v)
	if absent := (*AbsentError)(nil); errors.As(err, &absent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	holds, ok := out.(bool)
	if !ok {
		return false, &Error{Message: "must be true or false, not " + kind(out)}
	}
	return holds, nil
}

// NewNamed is [NewValues] with values that stand alone, of the types that their
// [Kind] says.
func NewNamed(objects map[string]map[string]any, alone map[string]any) *Values {
	return &Values{exact: objects, alone: alone}
}
