package expr

import "github.com/expr-lang/expr/types"

// An Env names what an expression may use: each name stands for an object, or
// for a value alone.
type Env map[string]Object

// An Object says what is known of a name: of the fields of an object, or which
// kind of value it is.
type Object struct {
	Fields []string          // the fields that it may have
	Open   bool              // it may have others
	Text   bool              // every field is a string
	Inner  map[string]Object // what is known of a field's value; nothing of one that is not here
	Alone  Kind              // it is no object but a value of this kind, if not ""
	Each   *Object           // of a [List], what its elements are; nil when nothing is known
	Words  []string          // of a [Text] that is always one of these; nil for any
	Secret []string          // fields that only an expression which is nothing else may take
}

// A Kind is what a name stands for that is no object.
type Kind string

// The kinds, in words. Values are as [Values] holds them; those of Texts may
// also be []string.
const (
	Text    Kind = "a string"
	Whole   Kind = "a whole number"
	Number  Kind = "a number"
	Boolean Kind = "a boolean"
	Texts   Kind = "a list of strings"
	List    Kind = "a list"
	Any     Kind = "a value"
)

// declare gives env the types that expr-lang checks against.
func declare(env Env) types.Map {
	m := types.Map{}
	for name, o := range env {
		m[name] = o.declared()
	}
	return m
}

func (o Object) declared() types.Type {
	switch o.Alone {
	case Text:
		return types.String
	case Whole:
		return types.Int64
	case Number:
		return types.Float64
	case Boolean:
		return types.Bool
	case Texts:
		return types.Array(types.String)
	case List:
		if o.Each == nil {
			return types.Array(types.Any)
		}
		return types.Array(o.Each.declared())
	case Any:
		return types.Any
	}
	fields := types.Map{}
	if o.Open {
		fields[types.Extra] = types.Any
	}
	for _, f := range o.Fields {
		inner, known := o.Inner[f]
		switch {
		case known:
			fields[f] = inner.declared()
		case o.Text:
			fields[f] = types.String
		default:
			fields[f] = types.Any
		}
	}
	return fields
}
