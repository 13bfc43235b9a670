package expr

import (
	"regexp/syntax"

	"github.com/expr-lang/expr/ast"
)

// Names that a manifest cannot use, because [look] does not know them.
const (
	meterName   = "__meter"
	nameName    = "__name"
	fieldName   = "__field"
	stepName    = "__step"
	plusName    = "__plus"
	equalName   = "__equal"
	inName      = "__in"
	matchesName = "__matches"
	shallowName = "__shallow"
	textName    = "__text"
	deepName    = "__deep"
	sortedName  = "__sorted"
	divisorName = "__divisor"
	callName    = "__call"
)

// guard puts our own functions where expr-lang would not stop or not fail: at a
// field that is absent, a text that grows, a predicate that runs for ever.
type guard struct {
	*provisions
	seen map[ast.Node]bool // a node may stand in several places: a < b < c
}

func newGuard(c *compiling) *guard {
	g := &guard{seen: map[ast.Node]bool{}, provisions: &provisions{
		names: map[string]bool{}, spare: map[ast.Node]bool{}, callee: map[ast.Node]bool{}, paths: map[ast.Node]string{}, size: map[ast.Node]int{}, calls: c.calls,
	}}
	for name := range c.declared() {
		g.names[name] = true
	}
	return g
}

func (g *guard) Visit(n *ast.Node) {
	first := !g.seen[*n]
	g.seen[*n] = true
	switch m := (*n).(type) {
	case *ast.IdentifierNode:
		if g.names[m.Value] && !g.callee[m] {
			g.patch(n, nameName, &ast.StringNode{Value: m.Value}, g.path(m))
		}
	case *ast.MemberNode:
		if !m.Method {
			g.patch(n, fieldName, m.Node, m.Property, g.path(m))
		}
	case *ast.BinaryNode:
		if first {
			g.binary(n, m)
		}
	case *ast.BuiltinNode:
		if how := dear[m.Name]; how != "" && first {
			for i, a := range m.Arguments {
				if _, predicate := a.(*ast.PredicateNode); !predicate && !constant(a) {
					m.Arguments[i] = g.call(how, a)
				}
			}
		}
	case *ast.CallNode:
		if id, ok := m.Callee.(*ast.IdentifierNode); ok && metered[id.Value] && first {
			m.Arguments = append([]ast.Node{&ast.IdentifierNode{Value: meterName}}, m.Arguments...)
		}
	case *ast.PredicateNode:
		if first {
			step := g.call(stepName, &ast.IntegerNode{Value: g.size[m]})
			m.Node = &ast.SequenceNode{Nodes: []ast.Node{step, m.Node}}
		}
	case *ast.ArrayNode:
		g.fold(n, m)
	}
}

// path is what messages call what a node reads, with a mark in front where its
// absence is provided for: what [meter.field] takes as its last argument.
func (g *guard) path(n ast.Node) ast.Node {
	if g.spare[n] {
		return &ast.NilNode{}
	}
	return &ast.StringNode{Value: g.paths[n]}
}

func (g *guard) binary(n *ast.Node, m *ast.BinaryNode) {
	switch m.Operator {
	case "+":
		if !number(m.Left) && !number(m.Right) {
			g.patch(n, plusName, m.Left, m.Right)
		}
	case "/", "%":
		if !nonzero(m.Right) {
			m.Right = g.call(divisorName, m.Right)
		}
	case "==", "!=":
		if constant(m.Left) || constant(m.Right) {
			return
		}
		equal := g.call(equalName, m.Left, m.Right)
		if m.Operator == "!=" {
			equal = &ast.UnaryNode{Operator: "!", Node: equal}
		}
		ast.Patch(n, equal)
	case "in":
		g.patch(n, inName, m.Left, m.Right)
	case "<", "<=", ">", ">=":
		if !constant(m.Left) && !constant(m.Right) {
			m.Left = g.call(textName, m.Left)
		}
	case "contains", "startsWith", "endsWith":
		m.Left = g.call(textName, m.Left)
	case "matches":
		pattern, ok := m.Right.(*ast.StringNode)
		if !ok {
			g.patch(n, matchesName, m.Left, m.Right)
			return
		}
		m.Left = g.call(shallowName, m.Left, &ast.IntegerNode{Value: weight(pattern.Value)})
	}
}

// fold makes a list of constants once, not at every evaluation.
func (g *guard) fold(n *ast.Node, m *ast.ArrayNode) {
	list := make([]any, len(m.Nodes))
	for i, item := range m.Nodes {
		switch item := item.(type) {
		case *ast.StringNode:
			list[i] = item.Value
		case *ast.IntegerNode:
			list[i] = item.Value
		case *ast.FloatNode:
			list[i] = item.Value
		case *ast.BoolNode:
			list[i] = item.Value
		default:
			return
		}
	}
	ast.Patch(n, &ast.ConstantNode{Value: list})
}

func (g *guard) patch(n *ast.Node, name string, arguments ...ast.Node) {
	ast.Patch(n, g.call(name, arguments...))
}

// call is a call of one of our functions, whose first argument is the meter.
func (g *guard) call(name string, arguments ...ast.Node) ast.Node {
	c := &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}}
	c.Arguments = append([]ast.Node{&ast.IdentifierNode{Value: meterName}}, arguments...)
	c.SetLocation(arguments[0].Location())
	g.seen[c] = true
	return c
}

// constant reports whether a node is a value of a bounded size.
func constant(n ast.Node) bool {
	switch n.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	}
	return false
}

func number(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	}
	return false
}

func nonzero(n ast.Node) bool {
	whole, isWhole := n.(*ast.IntegerNode)
	float, isFloat := n.(*ast.FloatNode)
	return isWhole && whole.Value != 0 || isFloat && float.Value != 0
}

// weight is how dear it is to match a character with a pattern: most patterns
// are in few states at a time, but one may be in all of them.
func weight(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 1
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return 1
	}
	return 1 + len(prog.Inst)/16
}
