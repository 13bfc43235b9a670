package expr

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// The bounds of one expression. Nobody writes an expression that comes near
// them; whoever passes them has made a mistake or means harm.
const (
	maxSource = 4096      // bytes of source
	maxNodes  = 500       // nodes of the syntax tree
	maxSteps  = 1_000_000 // calls of a predicate in one evaluation
	maxMemory = 1_000_000 // elements that one evaluation makes
	maxText   = 1 << 24   // bytes of a string that an evaluation makes
)

// An Env names what an expression may use: each name stands for an object, or
// for a value alone.
type Env map[string]Object

// An Object says what is known of a name: of the fields of an object, or which
// kind of value it is.
type Object struct {
	Fields []string          // the fields that it may have
	Open   bool              // it may have others
	Text   bool              // every field is a string
	Inner  map[string]Object // what is known of the value of a field; of a field that is not here, nothing
	Alone  Kind              // it is no object but a value of this kind, if not ""
	Each   *Object           // of a [List], what its elements are; nil when nothing is known
	Secret []string          // fields that only an expression which is nothing else may take
}

// An Error says what is wrong with an expression, and where.
type Error struct {
	Offset       int // in bytes, within the source, or the template for [Split]
	Message      string
	Name         string   // the name that is not known, if that is what is wrong
	Known        []string // what could have been meant instead of Name
	Unterminated bool     // the expression has no end
	Secret       bool     // Name is a field that is secret, and the expression is more than that
}

func (e *Error) Error() string { return e.Message }

// A Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	source string
	root   string // with keys, when the expression is a straight path
	keys   []any
	uses   map[string]bool
	vm     *vm.Program
}

// Compile checks source against env and prepares it. The error is an
// [*Error].
func Compile(source string, env Env) (*Program, error) { return compile(source, env) }

func compile(source string, env Env, more ...lang.Option) (*Program, error) {
	if len(source) > maxSource {
		return nil, &Error{Message: fmt.Sprintf("the expression is longer than %d bytes", maxSource)}
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, explain(source, err)
	}
	look := &look{source: source, env: env, uses: map[string]bool{}, local: map[string]bool{}}
	ast.Walk(&tree.Node, look)
	root, keys, isPath := straight(tree.Node)
	look.alone = isPath && len(keys) == 1
	if err := look.check(); err != nil {
		return nil, err
	}
	p := &Program{source: source, uses: look.uses}
	if isPath && env[root].Alone == "" {
		p.root, p.keys = root, keys
	}
	options := append([]lang.Option{
		lang.Env(declare(env)),
		lang.MaxNodes(maxNodes),
		lang.DisableBuiltin("now"),
		lang.DisableBuiltin("timezone"),
		lang.Patch(&spare{}),
		lang.Patch(&guard{env: env}),
	}, append(functions(), more...)...)
	if p.vm, err = lang.Compile(source, options...); err != nil {
		return nil, explain(source, err)
	}
	return p, nil
}

// declare gives env the types that expr-lang checks against.
func declare(env Env) types.Map {
	m := types.Map{stepName: types.TypeOf(func() bool { return true })}
	for name, o := range env {
		m[name] = o.declared()
	}
	return m
}

func (o Object) declared() types.Type {
	switch o.Alone {
	case "":
	case List:
		if o.Each == nil {
			return types.Array(types.Any)
		}
		return types.Array(o.Each.declared())
	default:
		return o.Alone.declared()
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

// Uses reports whether the expression mentions a name of its environment.
func (p *Program) Uses(name string) bool { return p.uses[name] }

// Path returns the name and the one field of an expression such as
// secrets.TOKEN; ok is false for every other expression.
func (p *Program) Path() (name, field string, ok bool) {
	if len(p.keys) != 1 {
		return "", "", false
	}
	field, ok = p.keys[0].(string)
	return p.root, field, ok
}

// straight returns the path of an expression that only walks from a name to
// one of its values, such as row.price or row["a b"][0].
func straight(n ast.Node) (root string, keys []any, ok bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, nil, true
	case *ast.MemberNode:
		if n.Optional || n.Method {
			return "", nil, false
		}
		root, keys, ok = straight(n.Node)
		switch p := n.Property.(type) {
		case *ast.StringNode:
			return root, append(keys, p.Value), ok
		case *ast.IntegerNode:
			return root, append(keys, p.Value), ok && p.Value >= 0
		}
	}
	return "", nil, false
}

// explain turns an error of expr-lang into ours.
func explain(source string, err error) *Error {
	var at *file.Error
	if !errors.As(err, &at) {
		return &Error{Message: plain(err.Error())}
	}
	message := at.Message
	if message == "" && at.Prev != nil {
		message = at.Prev.Error()
	}
	return &Error{Offset: byteOffset(source, at.From), Message: plain(message)}
}

// plain takes the words of Go's runtime out of a message.
func plain(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	message = strings.TrimPrefix(message, "compilation failed: ")
	message = strings.TrimPrefix(message, "runtime error: ")
	if m := conversion.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("needs a %s, not %s", m[2], strings.Replace(m[1], "nil", "null", 1))
	}
	message = strings.ReplaceAll(message, "map[string]interface {}", "map")
	message = strings.ReplaceAll(message, "[]interface {}", "list")
	message = strings.ReplaceAll(message, "int64", "int")
	return strings.ReplaceAll(message, "<nil>", "null")
}

var conversion = regexp.MustCompile(`^interface conversion: interface \{\} is (.+), not (.+)$`)
