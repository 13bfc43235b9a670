package expr

import "github.com/expr-lang/expr/ast"

// provisions are what has to be known of a tree before [guard] changes it: what
// an expression provides for the absence of, and how messages name it.
type provisions struct {
	spare  map[ast.Node]bool   // fields and names whose absence is null
	callee map[ast.Node]bool   // names of functions
	paths  map[ast.Node]string // of straight paths, as messages show them
	size   map[ast.Node]int    // nodes of a predicate
	calls  []Call
}

// Absence is provided for left of ??, by ?. before or behind it, and by
// comparing with nil.
func (p *provisions) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "??":
			p.mark(n.Left)
		case "==", "!=":
			if isNil(n.Right) {
				p.mark(n.Left)
			}
			if isNil(n.Left) {
				p.mark(n.Right)
			}
		}
	case *ast.ChainNode:
		p.mark(n.Node)
	case *ast.CallNode:
		p.callee[n.Callee] = true
	case *ast.PredicateNode:
		c := &counter{}
		ast.Walk(&n.Node, c)
		p.size[n] = c.n
	}
	p.paths[*n] = p.path(*n)
}

// path is how messages name what a node reads: a path from a name, or from the
// element of a predicate; "" for every other.
func (p *provisions) path(n ast.Node) string {
	root, keys, ok := straight(n)
	for _, call := range p.calls {
		if call.Name == root {
			root = call.Text
		}
	}
	if ok {
		return pathText(root, keys)
	}
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return ""
	}
	before := p.path(m.Node)
	if pointer, ok := m.Node.(*ast.PointerNode); (!ok || pointer.Name != "") && (before == "" || before[0] != '.') {
		return ""
	}
	switch key := m.Property.(type) {
	case *ast.StringNode:
		return before + pathText("", []any{key.Value})
	case *ast.IntegerNode:
		return before + pathText("", []any{key.Value})
	}
	return ""
}

// mark provides for everything on the way to a value.
func (p *provisions) mark(n ast.Node) {
	for {
		switch m := n.(type) {
		case *ast.MemberNode:
			p.spare[m] = true
			n = m.Node
		case *ast.ChainNode:
			n = m.Node
		case *ast.BinaryNode:
			if m.Operator != "??" {
				return
			}
			p.mark(m.Left)
			n = m.Right
		case *ast.ConditionalNode:
			p.mark(m.Exp1)
			n = m.Exp2
		default:
			p.spare[n] = true
			return
		}
	}
}

func isNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok
}

type counter struct{ n int }

func (c *counter) Visit(*ast.Node) { c.n++ }
