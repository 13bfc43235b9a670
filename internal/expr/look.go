package expr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// look reads a syntax tree before expr-lang checks it, to find names that are
// not known and say so in our own words. The walk meets children first.
type look struct {
	source  string
	env     Env
	outside map[string]Kind
	uses    map[string]bool
	local   map[string]bool // names that let declares
	names   []*ast.IdentifierNode
	member  []*ast.MemberNode
	callee  map[ast.Node]bool
	denied  *ast.BuiltinNode
	several *ast.SequenceNode // expressions of which all but the last would count for nothing
	words   []*ast.BinaryNode // comparisons
	loops   bool              // it has a predicate
	alone   bool              // the expression is a field and nothing else
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
	case *ast.SequenceNode:
		if l.several == nil && len(n.Nodes) > 1 {
			l.several = n
		}
	case *ast.BinaryNode:
		l.words = append(l.words, n)
	case *ast.PredicateNode:
		l.loops = true
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
	if l.several != nil {
		return &Error{Offset: l.semicolon(l.several), Message: "two expressions: join them with and"}
	}
	if n := l.denied; n != nil {
		return &Error{
			Offset:  byteOffset(l.source, n.Location().From),
			Message: n.Name + " is not available: it depends on when or where it runs",
		}
	}
	for _, n := range l.names {
		_, known := l.env[n.Value]
		switch {
		case known:
			l.uses[n.Value] = true
		case !l.local[n.Value] && (!l.callee[n] || !l.function(n.Value)):
			return l.unknown(n)
		}
	}
	for _, n := range l.member {
		if err := l.field(n); err != nil {
			return err
		}
	}
	for _, n := range l.words {
		if err := l.word(n); err != nil {
			return err
		}
	}
	return nil
}

// semicolon is the offset of the semicolon in front of the second expression.
func (l *look) semicolon(n *ast.SequenceNode) int {
	first := &leftmost{at: -1}
	ast.Walk(&n.Nodes[1], first)
	at := byteOffset(l.source, max(first.at, 0))
	return max(strings.LastIndexByte(l.source[:at], ';'), 0)
}

type leftmost struct{ at int }

func (l *leftmost) Visit(n *ast.Node) {
	if at := (*n).Location().From; at > 0 && (l.at < 0 || at < l.at) { // some nodes have no place
		l.at = at
	}
}

// word finds a comparison with a word that a name never is.
func (l *look) word(n *ast.BinaryNode) error {
	sides := []ast.Node{n.Left, n.Right}
	switch n.Operator {
	case "==", "!=":
	case "in":
		list, ok := n.Right.(*ast.ArrayNode)
		if !ok {
			return nil
		}
		sides = slices.Concat(list.Nodes, sides[:1])
	default:
		return nil
	}
	for _, side := range sides {
		id, ok := side.(*ast.IdentifierNode)
		if !ok || l.local[id.Value] || l.env[id.Value].Words == nil {
			continue
		}
		known := l.env[id.Value].Words
		for _, other := range sides {
			text, ok := other.(*ast.StringNode)
			if !ok || slices.Contains(known, text.Value) {
				continue
			}
			return &Error{
				Offset:  byteOffset(l.source, text.Location().From),
				Message: fmt.Sprintf("%s is never %q: it is %s", id.Value, brief(text.Value, 60), choice(known)),
				Name:    text.Value,
				Known:   known,
			}
		}
	}
	return nil
}

// choice lists words: one, two or three.
func choice(words []string) string {
	shown := make([]string, len(words))
	for i, w := range words {
		if shown[i] = w; w == "" {
			shown[i] = "empty"
		}
	}
	last := len(shown) - 1
	return strings.Join(shown[:last], ", ") + " or " + shown[last]
}

// function reports whether a name is that of a function that expr-lang lacks.
func (l *look) function(name string) bool {
	_, outside := l.outside[name]
	return outside || name == "near" || name == helperName
}

func (l *look) unknown(n *ast.IdentifierNode) error {
	e := &Error{Offset: byteOffset(l.source, n.Location().From), Name: n.Value}
	if l.callee[n] {
		e.Message = fmt.Sprintf("there is no function %q", n.Value)
		e.Known = functionNames()
		for name := range l.outside {
			e.Known = append(e.Known, name)
		}
		slices.Sort(e.Known)
		return e
	}
	e.Message = fmt.Sprintf("there is no %q here", n.Value) + insteadOf(n.Value)
	for name := range l.env {
		e.Known = append(e.Known, name)
	}
	slices.Sort(e.Known)
	for _, name := range e.Known {
		if slices.Contains(l.env[name].Fields, n.Value) {
			e.Hint = fmt.Sprintf("did you mean %q?", name+"."+n.Value)
			break
		}
	}
	return e
}

func (l *look) field(n *ast.MemberNode) error {
	property, ok := n.Property.(*ast.StringNode)
	if !ok {
		return nil
	}
	at := byteOffset(l.source, n.Property.Location().From)
	// The zone of the machine would make the result depend on where it runs.
	if n.Method && property.Value == "Local" {
		return &Error{Offset: at, Message: "Local is not available: it depends on the machine"}
	}
	if n.Method && property.Value != "" && 'a' <= property.Value[0] && property.Value[0] <= 'z' {
		return l.method(n, property.Value, at)
	}
	id, ok := n.Node.(*ast.IdentifierNode)
	if !ok || l.local[id.Value] {
		return nil
	}
	o := l.env[id.Value]
	if o.Alone != "" && o.Alone != Any {
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
	if o.Alone == Any || o.Open || slices.Contains(o.Fields, property.Value) {
		return nil
	}
	return &Error{
		Offset:  at,
		Message: fmt.Sprintf("%s has no field %q", id.Value, property.Value),
		Name:    property.Value,
		Known:   o.Fields,
	}
}

// method says how the call of a method is written, which values do not have.
func (l *look) method(n *ast.MemberNode, name string, at int) error {
	of := owner(n.Node)
	e := &Error{Offset: at, Message: "values have no methods such as " + name}
	switch name {
	case "contains", "includes":
		e.Message += ": write " + of + " contains …"
	case "startsWith", "endsWith", "matches":
		e.Message += ": write " + of + " " + name + " …"
	case "match", "test":
		e.Message += ": write " + of + " matches …"
	case "toLowerCase":
		e.Message += ": write lower(" + of + ")"
	case "toUpperCase":
		e.Message += ": write upper(" + of + ")"
	default:
		if slices.Contains(functionNames(), name) {
			e.Message += ": write " + strings.Replace(cmp.Or(forms[name], name+"(…)"), "text", of, 1)
		}
	}
	return e
}

// straightPaths collects the paths that begin with a name of the environment,
// the longest of each.
func (l *look) straightPaths(tree *ast.Node) []Path {
	c := &collector{l: l, within: map[ast.Node]bool{}}
	// What a path goes through lies in a larger one, which the walk meets later.
	ast.Walk(tree, c)
	var out []Path
	seen := map[string]bool{}
	for _, n := range c.found {
		root, keys, _ := straight(n)
		p := Path{Text: pathText(root, keys), root: root, keys: keys}
		if !c.within[n] && !seen[p.Text] {
			seen[p.Text] = true
			out = append(out, p)
		}
	}
	return out
}

type collector struct {
	l      *look
	found  []ast.Node
	within map[ast.Node]bool
}

func (c *collector) Visit(n *ast.Node) {
	root, _, ok := straight(*n)
	if _, known := c.l.env[root]; !ok || !known || c.l.callee[*n] {
		return
	}
	c.found = append(c.found, *n)
	if m, ok := (*n).(*ast.MemberNode); ok {
		c.within[m.Node] = true
	}
}
