package expr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A Call is a call of a function that is evaluated elsewhere, such as
// share("result.price == nil"): for the expression it stands for one value.
type Call struct {
	Name     string // under which [Values] has the value
	Text     string // the call as messages show it
	Function string
	Argument string
	Offset   int // in bytes, of the argument within the source, behind its quote
}

// CompileCalls is [CompileCondition] for an expression that may also call the
// functions of outside, each with one string that stands there as it is; the
// kinds say what they give. The values are given by [Call.Name]; one that is not
// given is absent.
func CompileCalls(source string, env Env, outside map[string]Kind) (*Condition, []Call, error) {
	c := &compiling{env: env, outside: outside}
	condition, err := compileCondition(source, c)
	return condition, c.calls, err
}

// find looks for the calls of outside functions in a tree.
func (c *compiling) find(source string, tree *ast.Node) error {
	f := &finder{source: source, compiling: c}
	ast.Walk(tree, f)
	if f.err != nil {
		return f.err
	}
	return nil
}

type finder struct {
	*compiling
	source string
	err    *Error
}

func (f *finder) Visit(n *ast.Node) {
	name, arguments := called(*n)
	if _, ok := f.outside[name]; !ok || f.err != nil {
		return
	}
	at := byteOffset(f.source, (*n).Location().From)
	if len(arguments) == 1 {
		if text, ok := arguments[0].(*ast.StringNode); ok {
			if f.callOf(name, text.Value) == nil {
				f.calls = append(f.calls, Call{
					Name: callName + strconv.Itoa(len(f.calls)), Text: fmt.Sprintf("%s(%s)", name, strconv.Quote(text.Value)),
					Function: name, Argument: text.Value, Offset: byteOffset(f.source, text.Location().From) + 1,
				})
			}
			return
		}
	}
	f.err = &Error{Offset: at, Message: fmt.Sprintf(`%s takes one string that is written out, such as %s("result.price")`, name, name)}
}

func (c *compiling) callOf(function, argument string) *Call {
	for i := range c.calls {
		if c.calls[i].Function == function && c.calls[i].Argument == argument {
			return &c.calls[i]
		}
	}
	return nil
}

// called returns the name and the arguments of a call of a function.
func called(n ast.Node) (string, []ast.Node) {
	switch n := n.(type) {
	case *ast.BuiltinNode:
		return n.Name, n.Arguments
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			return id.Value, n.Arguments
		}
	}
	return "", nil
}

// swap puts the names of their values where calls of outside functions stand.
type swap struct{ calls []Call }

func (s swap) Visit(n *ast.Node) {
	name, arguments := called(*n)
	if len(arguments) != 1 {
		return
	}
	text, ok := arguments[0].(*ast.StringNode)
	for _, call := range s.calls {
		if ok && call.Function == name && call.Argument == text.Value {
			ast.Patch(n, &ast.IdentifierNode{Value: call.Name})
		}
	}
}

// Inner moves an error of the call's argument to where that stands in source,
// as far as the argument is written without escapes.
func (c Call) Inner(source string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	moved := *e
	moved.Offset = c.Offset
	if c.Offset <= len(source) && strings.HasPrefix(source[c.Offset:], c.Argument) {
		moved.Offset += e.Offset
	}
	return &moved
}
