package expr

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// A Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	source   string
	straight bool // it is path and nothing else
	path     Path
	paths    []Path
	uses     map[string]bool
	loops    bool // it has a predicate
	vm       *vm.Program
	idle     sync.Pool // of *machine
}

// A Path leads from a name straight to one of its values, such as row.price or
// row["a b"][0].
type Path struct {
	Text string // as messages name it
	root string
	keys []any // string or int
}

// Uses reports whether the expression mentions a name of its environment.
func (p *Program) Uses(name string) bool { return p.uses[name] }

// Paths are the values that the expression reads, each once, in the order in
// which it names them: of result.price.amount that alone, not what it lies in.
func (p *Program) Paths() []Path { return p.paths }

// Straight returns the name and the keys, each a string or an int, of an
// expression that is a path and nothing else; ok is false for every other.
func (p *Program) Straight() (name string, keys []any, ok bool) {
	return p.path.root, p.path.keys, p.straight
}

// Path returns the name and the one field of an expression such as
// secrets.TOKEN; ok is false for every other expression.
func (p *Program) Path() (name, field string, ok bool) {
	if len(p.path.keys) != 1 {
		return "", "", false
	}
	field, ok = p.path.keys[0].(string)
	return p.path.root, field, ok
}

// straight returns the path of an expression that only walks from a name to
// one of its values.
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

var simpleName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// pathText writes a path as an expression would.
func pathText(root string, keys []any) string {
	var b strings.Builder
	b.WriteString(root)
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			if simpleName.MatchString(key) {
				b.WriteString("." + key)
			} else {
				b.WriteString("[" + strconv.Quote(key) + "]")
			}
		case int:
			b.WriteString("[" + strconv.Itoa(key) + "]")
		}
	}
	return b.String()
}
