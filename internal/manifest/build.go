package manifest

import (
	"fmt"
	"math"

	"gopkg.in/yaml.v3"
)

// maxExpansion bounds what aliases may add to a file, in bytes.
const maxExpansion = 10 << 20

// A builder turns the parser's tree into ours. It remembers of the nodes with an anchor
// alone, which are all that can be met twice, what became of them.
type builder struct {
	doc   *document
	ps    *problems
	built map[*yaml.Node]*node
	sizes map[*yaml.Node]uint64
	open  map[*yaml.Node]bool
	added uint64     // bytes that aliases add
	bomb  *yaml.Node // the alias that adds too many; nil for none
	fatal *Problem

	line   int    // of source
	source []rune // the line that was looked at last
}

// build returns nil when aliases make the tree endless or huge.
func build(doc *document, root *yaml.Node, ps *problems) *node {
	b := &builder{
		doc: doc, ps: ps,
		built: map[*yaml.Node]*node{}, sizes: map[*yaml.Node]uint64{}, open: map[*yaml.Node]bool{},
	}
	b.size(root)
	if b.fatal == nil && b.added > maxExpansion {
		b.fatal = &Problem{File: doc.name, Line: b.bomb.Line, Column: b.bomb.Column, Message: "aliases expand to more than 10 MB"}
	}
	if b.fatal != nil {
		ps.add(*b.fatal)
		return nil
	}
	return b.value(root, nil, "", 0)
}

// size measures a tree with its aliases written out and finds those that
// contain themselves.
func (b *builder) size(n *yaml.Node) uint64 {
	if b.fatal != nil {
		return 0
	}
	if s, ok := b.sizes[n]; ok {
		return s
	}
	if b.open[n] {
		b.fatal = &Problem{
			File: b.doc.name, Line: n.Line, Column: n.Column,
			Message: fmt.Sprintf("the anchor &%s contains an alias of itself", n.Anchor),
		}
		return 0
	}
	if n.Anchor != "" {
		b.open[n] = true
	}
	total := uint64(len(n.Value)) + 4
	for _, c := range n.Content {
		total = plus(total, b.size(c))
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		s := b.size(n.Alias)
		total = plus(total, s)
		if b.added = plus(b.added, s); b.added > maxExpansion && b.bomb == nil {
			b.bomb = n
		}
	}
	if n.Anchor != "" {
		delete(b.open, n)
		b.sizes[n] = total
	}
	return total
}

func plus(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

func (b *builder) value(y *yaml.Node, parent *node, key string, index int) *node {
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if n, ok := b.built[y]; ok {
		return n
	}
	n := &node{doc: b.doc, parent: parent, key: key, index: index, line: y.Line, column: y.Column}
	if y.Anchor != "" {
		b.built[y] = n
	}
	if y.Style&yaml.TaggedStyle != 0 && y.Tag != "!!str" {
		b.ps.add(n.problem(fmt.Sprintf("the tag %s is not supported", y.Tag),
			"a value that starts with ! must be quoted"))
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = object
		b.mapping(n, y)
	case yaml.SequenceNode:
		n.kind = list
		n.items = make([]*node, len(y.Content))
		for i, c := range y.Content {
			n.items[i] = b.value(c, n, "", i)
		}
	default:
		b.scalar(n, y)
	}
	return n
}

func (b *builder) scalar(n *node, y *yaml.Node) {
	n.text = y.Value
	n.kind = textual
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.style = double
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.style = single
	case y.Style&yaml.LiteralStyle != 0:
		n.style = literal
	case y.Style&yaml.FoldedStyle != 0:
		n.style = folded
	case y.Style&yaml.TaggedStyle == 0:
		n.kind = plainKind(y.Value)
	}
	if n.style <= double {
		b.properties(n)
	}
}

// properties moves a scalar's place from its anchor and its tag, where the
// parser sees it begin, to its text. Of a ! alone the parser says nothing.
func (b *builder) properties(n *node) {
	if n.line != b.line { // a line may hold very many scalars
		b.line, b.source = n.line, []rune(b.doc.line(n.line))
	}
	source, at := b.source, n.column-1
	for at < len(source) && (source[at] == '&' || source[at] == '!') {
		from := at
		for at < len(source) && source[at] != ' ' && source[at] != '\t' {
			at++
		}
		if at == from+1 && source[from] == '!' {
			b.ps.add(n.problem("the tag ! is not supported", "a value that starts with ! must be quoted"))
		}
		for at < len(source) && (source[at] == ' ' || source[at] == '\t') {
			at++
		}
		if at == len(source) { // the text is on another line, or there is none
			return
		}
		n.column = at + 1
	}
}

// mapping fills n with the pairs of y; those that << brings in come last and
// give way to those that are written out.
func (b *builder) mapping(n *node, y *yaml.Node) {
	lines := make(map[string]int, len(y.Content)/2)
	var merge *yaml.Node
	mergeLine := 0
	n.fields = make([]field, 0, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style == 0 {
			if merge != nil {
				b.twice(n, k, k.Value, mergeLine)
				continue
			}
			merge, mergeLine = v, k.Line
			continue
		}
		key, ok := b.key(n, k)
		if !ok {
			continue
		}
		if line, twice := lines[key]; twice {
			b.twice(n, k, key, line)
			continue
		}
		lines[key] = k.Line
		n.fields = append(n.fields, field{key, k.Line, k.Column, b.value(v, n, key, 0)})
	}
	if merge != nil {
		b.merge(n, merge, lines)
	}
}

// twice files that a map has a key for the second time.
func (b *builder) twice(n *node, k *yaml.Node, key string, line int) {
	b.ps.add(Problem{
		File: b.doc.name, Line: k.Line, Column: k.Column, Path: b.doc.path(n),
		Message: fmt.Sprintf("the key %s is given twice, first on line %d", quote(key), line),
	})
}

func (b *builder) key(n *node, k *yaml.Node) (string, bool) {
	k0 := &node{doc: b.doc, line: k.Line, column: k.Column, kind: object}
	switch k.Kind {
	case yaml.ScalarNode:
		b.scalar(k0, k)
	case yaml.SequenceNode:
		k0.kind = list
	}
	if k0.kind == textual {
		return k.Value, true
	}
	p := k0.problem("a key must be a string, not "+k0.says(), "")
	p.Path = b.doc.path(n)
	if k0.kind < textual {
		p.Hint = fmt.Sprintf("quote it: %q", k.Value)
	}
	b.ps.add(p)
	return "", false
}

// merge adds what << brings in; has are the keys that n has already.
func (b *builder) merge(n *node, y *yaml.Node, has map[string]int) {
	v := b.value(y, n, "<<", 0)
	sources := []*node{v}
	if v.kind == list {
		sources = v.items
	}
	for _, s := range sources {
		if s.kind != object {
			p := Problem{File: b.doc.name, Line: y.Line, Column: y.Column, Path: b.doc.path(n)}
			p.Message = "<< needs a map or a list of maps, not " + s.kind.String()
			b.ps.add(p)
			continue
		}
		for _, f := range s.fields {
			if _, own := has[f.key]; !own {
				has[f.key] = f.line
				n.fields = append(n.fields, f)
			}
		}
	}
}
