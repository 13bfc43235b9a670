package expr

import (
	"github.com/expr-lang/expr/ast"
)

// Names that a manifest cannot use, because [look] does not know them.
const (
	stepName  = "__step"
	fieldName = "__field"
	plusName  = "__plus"
)

// spare marks the fields whose absence the expression itself provides for:
// those left of ?? and those behind ?. An absent field anywhere else is an
// error, not a silent null.
type spare struct{}

func (spare) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.BinaryNode:
		if n.Operator == "??" {
			mark(n.Left)
		}
	case *ast.ChainNode:
		mark(n.Node)
	}
}

// mark turns the fields of a chain into optional ones.
func mark(n ast.Node) {
	for {
		switch m := n.(type) {
		case *ast.MemberNode:
			m.Optional = true
			n = m.Node
		case *ast.ChainNode:
			n = m.Node
		default:
			return
		}
	}
}

// guard puts our own functions where expr-lang would not stop: a field that
// is absent, a string that grows, a predicate that runs forever.
type guard struct{ env Env }

func (g *guard) Visit(n *ast.Node) {
	switch m := (*n).(type) {
	case *ast.MemberNode:
		g.member(n, m)
	case *ast.BinaryNode:
		if m.Operator == "+" && (growing(m.Left) || growing(m.Right)) {
			ast.Patch(n, call(plusName, m.Left, m.Right))
		}
	case *ast.PredicateNode:
		step := &ast.CallNode{Callee: &ast.IdentifierNode{Value: stepName}}
		m.Node = &ast.SequenceNode{Nodes: []ast.Node{step, m.Node}}
	}
}

// member replaces root.field by a call that fails when the field is absent.
func (g *guard) member(n *ast.Node, m *ast.MemberNode) {
	id, ok := m.Node.(*ast.IdentifierNode)
	if !ok || m.Optional || m.Method {
		return
	}
	o, ok := g.env[id.Value]
	if !ok || o.Alone != "" {
		return
	}
	if _, constant := m.Property.(*ast.StringNode); constant && !o.Open && o.Text {
		return
	}
	ast.Patch(n, call(fieldName, m.Node, m.Property))
}

// growing reports whether a node may be a string.
func growing(n ast.Node) bool {
	k := n.Type().Kind().String()
	return k == "string" || k == "interface"
}

func call(name string, args ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}
