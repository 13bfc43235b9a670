package expr

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// Fields looks for fields that the values of env cannot have, whatever else is
// wrong with source or with its types. The error is an [*Error].
func Fields(source string, env Env) (err error) {
	defer func() {
		if recover() != nil { // as [compile] says of it
			err = nil
		}
	}()
	c := &compiling{env: env}
	f := &fields{source: source}
	// What else is wrong is told by whoever compiles the source.
	_, _ = lang.Compile(callable(source), append(typed(), lang.Env(c.declared()), lang.MaxNodes(maxNodes), lang.Patch(f))...)
	if f.err != nil {
		return f.err
	}
	return nil
}

// fields finds fields that cannot be there, at any depth, once expr-lang has
// said of every node what it is.
type fields struct {
	source string
	err    *Error // of the first such field
}

func (f *fields) Visit(n *ast.Node) {
	if name, args := called(*n); name == helperName && len(args) == 2 && f.err == nil &&
		isText(args[0]) && isText(args[1]) {
		f.err = &Error{
			Offset:  byteOffset(f.source, (*n).Location().From),
			Message: fmt.Sprintf("contains(…) compares: write %s contains %s", owner(args[0]), owner(args[1])),
		}
		return
	}
	m, ok := (*n).(*ast.MemberNode)
	if !ok || f.err != nil {
		return
	}
	property, ok := m.Property.(*ast.StringNode)
	if !ok {
		return
	}
	e := &Error{Offset: byteOffset(f.source, property.Location().From), Message: fmt.Sprintf("%s has no field %q", owner(m.Node), property.Value)}
	base := m.Node.Nature()
	switch base.Kind {
	case reflect.Map:
		if !base.Strict || base.TypeData == nil {
			return
		}
		if _, known := base.Fields[property.Value]; known {
			return
		}
		e.Name, e.Known = property.Value, slices.Sorted(maps.Keys(base.Fields))
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64, reflect.Slice:
		e.Message += ": it is " + typeWord(base.Type.String())
	default:
		return
	}
	f.err = e
}

func isText(n ast.Node) bool { return n.Nature().Kind == reflect.String }

// owner names what a field is looked for in.
func owner(n ast.Node) string {
	if root, keys, ok := straight(n); ok {
		return pathText(root, keys)
	}
	if p, ok := n.(*ast.PointerNode); ok && p.Name == "" {
		return "the element"
	}
	return brief(words.Replace(n.String()), 100)
}
