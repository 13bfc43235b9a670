package expr

import (
	"errors"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// A Filter is a compiled expression that chooses among things of which not all
// have everything. It is safe for concurrent use.
type Filter struct {
	*Condition
	root *clause
}

// A clause is an operand of and, or and not, or one of those.
type clause struct {
	op          string // "and", "or", "not", or "" for an operand
	left, right *clause
	operand     *Condition
}

// CompileFilter is [CompileCondition] for a [Filter].
func CompileFilter(source string, env Env) (*Filter, error) {
	whole, err := CompileCondition(source, env)
	if err != nil {
		return nil, err
	}
	f := &Filter{Condition: whole, root: &clause{operand: whole}}
	tree, err := parser.Parse(callable(source))
	if err != nil {
		return nil, explain(source, err)
	}
	places := &places{at: map[ast.Node]int{}}
	ast.Walk(&tree.Node, places)
	c := &compiling{env: env}
	// cut makes a clause of a node; last is the place of the root.
	var cut func(n ast.Node) (*clause, error)
	cut = func(n ast.Node) (*clause, error) {
		switch m := n.(type) {
		case *ast.UnaryNode:
			if m.Operator == "not" || m.Operator == "!" {
				left, err := cut(m.Node)
				return &clause{op: "not", left: left}, err
			}
		case *ast.BinaryNode:
			op := map[string]string{"and": "and", "&&": "and", "or": "or", "||": "or"}[m.Operator]
			if op == "" {
				break
			}
			left, err := cut(m.Left)
			if err != nil {
				return nil, err
			}
			right, err := cut(m.Right)
			return &clause{op: op, left: left, right: right}, err
		}
		vm, err := c.guarded(callable(source), lang.Patch(&narrow{place: places.at[n], root: places.n - 1}))
		if err != nil {
			return nil, explain(source, err)
		}
		return &clause{operand: &Condition{&Program{source: source, loops: whole.loops, vm: vm}}}, nil
	}
	if clause, err := cut(tree.Node); err == nil && clause.op != "" {
		f.root = clause
	} else if err != nil {
		return nil, err
	}
	return f, nil
}

// Fits evaluates the filter. An operand of and, or and not, such as a comparison,
// that needs what is not there is false, and the others are looked at all the
// same. The error is an [*Error].
func (f *Filter) Fits(v *Values) (bool, error) { return f.root.fits(v) }

func (c *clause) fits(v *Values) (bool, error) {
	if c.op == "" {
		holds, err := c.operand.True(v)
		if absent := (*AbsentError)(nil); errors.As(err, &absent) {
			return false, nil
		}
		return holds, err
	}
	left, err := c.left.fits(v)
	switch {
	case err != nil:
		return false, err
	case c.op == "not":
		return !left, nil
	case left == (c.op == "or"):
		return left, nil
	}
	return c.right.fits(v)
}

// places counts the nodes of a tree in the order of a walk, in which every parse
// of one source has them.
type places struct {
	n  int
	at map[ast.Node]int
}

func (p *places) Visit(n *ast.Node) {
	if _, twice := p.at[*n]; !twice { // a < b < c has b in two places
		p.at[*n] = p.n
	}
	p.n++
}

// narrow puts the node at a place where the whole expression was.
type narrow struct {
	place, root int
	n           int
	found       ast.Node
}

func (p *narrow) Visit(n *ast.Node) {
	if p.n == p.place {
		p.found = *n
	}
	if p.n == p.root {
		*n = p.found
	}
	p.n++
}
