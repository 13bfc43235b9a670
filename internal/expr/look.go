package expr

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// look reads a syntax tree before expr-lang checks it, to find names that are
// not known and say so in our own words. The walk meets children first.
type look struct {
	source string
	env    Env
	uses   map[string]bool
	local  map[string]bool // names that let declares
	names  []*ast.IdentifierNode
	member []*ast.MemberNode
	callee map[ast.Node]bool
	denied *ast.BuiltinNode
	alone  bool // the expression is a field and nothing else
}

func (l *look) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.IdentifierNode:
		l.names = append(l.names, n)
	case *ast.MemberNode:
		l.member = append(l.member, n)
	case *ast.BuiltinNode:
		if denied[n.Name] && l.denied == nil {
			l.denied = n
		}
	case *ast.VariableDeclaratorNode:
		l.local[n.Name] = true
	case *ast.CallNode:
		if l.callee == nil {
			l.callee = map[ast.Node]bool{}
		}
		l.callee[n.Callee] = true
	}
}

func (l *look) check() error {
	if n := l.denied; n != nil {
		return &Error{
			Offset:  byteOffset(l.source, n.Location().From),
			Message: n.Name + " is not available: it depends on when or where it runs",
		}
	}
	for _, n := range l.names {
		if _, ok := l.env[n.Value]; ok {
			l.uses[n.Value] = true
		} else if !l.local[n.Value] {
			return l.unknown(n)
		}
	}
	for _, n := range l.member {
		if err := l.field(n); err != nil {
			return err
		}
	}
	return nil
}

func (l *look) unknown(n *ast.IdentifierNode) error {
	e := &Error{Offset: byteOffset(l.source, n.Location().From), Name: n.Value}
	if l.callee[n] {
		e.Message = fmt.Sprintf("there is no function %q", n.Value)
		e.Known = functionNames()
		return e
	}
	e.Message = fmt.Sprintf("there is no %q here", n.Value)
	for name := range l.env {
		e.Known = append(e.Known, name)
	}
	slices.Sort(e.Known)
	return e
}

func (l *look) field(n *ast.MemberNode) error {
	property, ok := n.Property.(*ast.StringNode)
	if !ok {
		return nil
	}
	at := byteOffset(l.source, n.Property.Location().From)
	// The zone of the machine would make the result depend on where it runs.
	if property.Value == "Local" {
		return &Error{Offset: at, Message: "Local is not available: it depends on the machine"}
	}
	id, ok := n.Node.(*ast.IdentifierNode)
	if !ok || l.local[id.Value] {
		return nil
	}
	o := l.env[id.Value]
	if o.Alone != "" {
		return &Error{Offset: at, Message: fmt.Sprintf("%s has no fields: it is %s", id.Value, o.Alone)}
	}
	if slices.Contains(o.Secret, property.Value) && !l.alone {
		return &Error{
			Offset:  at,
			Message: fmt.Sprintf("the field %q of %s is secret and must stand alone", property.Value, id.Value),
			Name:    property.Value,
			Secret:  true,
		}
	}
	if o.Open || slices.Contains(o.Fields, property.Value) {
		return nil
	}
	return &Error{
		Offset:  at,
		Message: fmt.Sprintf("%s has no field %q", id.Value, property.Value),
		Name:    property.Value,
		Known:   o.Fields,
	}
}
