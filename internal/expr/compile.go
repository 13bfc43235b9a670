package expr

import (
	"fmt"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// The bounds of one expression. Nobody writes an expression that comes near
// them; whoever passes them has made a mistake or means harm.
const (
	maxSource = 4096      // bytes of source
	maxNodes  = 500       // nodes of the syntax tree
	maxMemory = 1_000_000 // elements that one evaluation makes
	maxText   = 1 << 24   // bytes of a string that an evaluation makes
)

// Compile checks source against env and prepares it. The error is an
// [*Error].
func Compile(source string, env Env) (*Program, error) {
	return compile(source, &compiling{env: env})
}

// Syntax checks nothing but the syntax of source. The error is an [*Error].
func Syntax(source string) error {
	if _, err := parser.Parse(callable(source)); err != nil {
		return reword(source, explain(source, err))
	}
	return nil
}

// compiling is what an expression is compiled with.
type compiling struct {
	env       Env
	condition bool // it must be true or false

	outside map[string]Kind // functions that are evaluated elsewhere, and what they give
	calls   []Call          // of those, in the order of their first use
}

func compile(source string, c *compiling) (p *Program, err error) {
	if len(source) > maxSource {
		return nil, &Error{Message: fmt.Sprintf("the expression is longer than %d bytes", maxSource)}
	}
	// What expr-lang does not expect, it meets with a panic.
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, &Error{Message: "it can't be compiled: " + plain(fmt.Sprint(r))}
		}
	}()
	written := source
	source = callable(source)
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, reword(written, explain(written, err))
	}
	l := &look{source: written, env: c.env, outside: c.outside, uses: map[string]bool{}, local: map[string]bool{}}
	ast.Walk(&tree.Node, l)
	root, keys, isPath := straight(tree.Node)
	l.alone = isPath && len(keys) == 1
	if err := l.check(); err != nil {
		return nil, err
	}
	if err := c.find(written, &tree.Node); err != nil {
		return nil, err
	}
	fields := &fields{source: written}
	options := append(typed(), lang.Env(c.declared()), lang.MaxNodes(maxNodes), lang.Patch(swap{c.calls}), lang.Patch(fields))
	if c.condition {
		options = append(options, lang.AsBool())
	}
	_, err = lang.Compile(source, options...)
	if fields.err != nil {
		return nil, fields.err
	}
	if err != nil {
		return nil, calling(written, explain(written, err))
	}
	p = &Program{source: written, uses: l.uses, loops: l.loops, paths: l.straightPaths(&tree.Node)}
	if isPath {
		p.straight, p.path = true, Path{Text: pathText(root, keys), root: root, keys: keys}
	}
	p.vm, err = c.guarded(source)
	if err != nil {
		return nil, explain(written, err)
	}
	return p, nil
}

// guarded compiles what is run: nothing in it has a type, so that values are
// looked at where they are used and never taken for what they should be. The
// options of first change the tree before anything else does.
func (c *compiling) guarded(source string, first ...lang.Option) (*vm.Program, error) {
	names := types.Map{meterName: types.Any}
	for name := range c.declared() {
		names[name] = types.Any
	}
	g := newGuard(c)
	options := append(untyped(), lang.Env(names), lang.MaxNodes(maxNodes), lang.Optimize(false))
	options = append(options, first...)
	options = append(options, lang.Patch(swap{c.calls}), lang.Patch(g.provisions), lang.Patch(g))
	return lang.Compile(source, options...)
}

// declared are the types of all that the expression may name.
func (c *compiling) declared() types.Map {
	m := declare(c.env)
	for _, call := range c.calls {
		m[call.Name] = Object{Alone: c.outside[call.Function]}.declared()
	}
	return m
}
