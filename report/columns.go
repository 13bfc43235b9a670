package report

import (
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// The columns that every table has: these, passes where the batch has a
// repetition, then the results' own, then error.
var fixed = [...]string{
	"id", "outcome", "reason", "status", "attempts", "run_id",
	"started_at", "ended_at", "seconds", "minutes", "usd",
}

const (
	passesColumn = "passes"
	errorColumn  = "error"
)

// columns are the result columns of a table and the tree of property names
// that leads to them.
type columns struct {
	cell    cell
	fixed   []string
	names   []string
	root    *node            // of a judged value
	unwound *node            // of the list that is unwound, and of its elements; nil for none
	starts  map[string]*node // of a result, by the path at which the judged value lies in it
	taken   map[string]bool  // the names that are
}

// A node stands for one property of the results that the schemas describe.
type node struct {
	column   int   // its own column; -1 when it has none
	leads    bool  // to the list that is unwound, or is it
	below    []int // the columns of its subtree, its own included, ascending
	children map[string]*node
	round    uint64 // the last round of picking that met it
}

func newNode() *node { return &node{column: -1, children: map[string]*node{}} }

// resultColumns makes one column of every leaf that the schemas declare, in
// the order in which they declare them, the union of all. It depends on the
// schemas alone, never on a result, so that columns do not shift from one
// batch to the next. A text that is no schema declares nothing: it judged
// nothing either.
//
// The list that is unwound is replaced by what the schemas declare of its
// elements; if nothing, it has one column, for the elements as they are.
func resultColumns(schemas [][]byte, repeats bool, unwind []string, names cell) *columns {
	c := &columns{root: newNode(), fixed: fixed[:], cell: names, starts: map[string]*node{}}
	if repeats {
		c.fixed = append(slices.Clip(c.fixed), passesColumn)
	}
	c.taken = map[string]bool{errorColumn: true, "": true}
	for _, name := range c.fixed {
		c.taken[name] = true
	}
	for _, text := range schemas {
		leaves, err := schema.Columns(text)
		if err != nil {
			continue
		}
		var items []schema.Column
		if len(unwind) > 0 {
			items, _ = schema.ItemColumns(text, unwind) // it is a schema, as was seen
		}
		for _, leaf := range leaves {
			inPlace := len(items) > 0 && isPrefix(leaf.Path, unwind)
			if !inPlace || len(leaf.Path) < len(unwind) {
				c.add(leaf.Path)
			}
			if inPlace {
				for _, item := range items {
					c.add(slices.Concat(unwind, item.Path))
				}
			}
		}
	}
	if len(unwind) > 0 {
		c.unwind(unwind)
	}
	return c
}

func isPrefix(p, of []string) bool { return len(p) <= len(of) && slices.Equal(p, of[:len(p)]) }

// unwind marks the way to the list that is unwound.
func (c *columns) unwind(path []string) {
	trail := c.trail(path)
	c.unwound = trail[len(trail)-1]
	for _, n := range trail {
		n.leads = true
	}
	if len(c.unwound.below) == 0 {
		c.add(path)
	}
}

// start is the node of a task's result, which is that of the judged value or
// leads to it.
func (c *columns) start(rec batch.Record) *node {
	names := rec.Way()
	if names == nil {
		return c.root
	}
	path := strings.Join(names, ".")
	n := c.starts[path]
	if n == nil {
		n = c.root
		for _, name := range slices.Backward(names) {
			outer := newNode()
			outer.children[name] = n
			outer.leads, outer.below = n.leads, n.below
			n = outer
		}
		c.starts[path] = n
	}
	return n
}

// add gives the leaf at path a column, unless it has one. A name that is taken,
// by a fixed column or by a path that reads the same (a property "a.b" beside
// b in a), gets result. in front until it is free.
func (c *columns) add(path []string) {
	trail := c.trail(path)
	n := trail[len(trail)-1]
	if len(path) == 0 || n.column >= 0 {
		return
	}
	n.column = len(c.names)
	for _, t := range trail {
		t.below = append(t.below, n.column)
	}
	name := strings.Join(path, ".")
	for c.taken[c.cell.text(name)] {
		name = "result." + name
	}
	name = c.cell.text(name)
	c.taken[name] = true
	c.names = append(c.names, name)
}

// trail is the nodes from the root to that of path, made where there are none.
func (c *columns) trail(path []string) []*node {
	n := c.root
	trail := []*node{n}
	for _, name := range path {
		child := n.children[name]
		if child == nil {
			child = newNode()
			n.children[name] = child
		}
		n = child
		trail = append(trail, n)
	}
	return trail
}

// header is the table's first row.
func (c *columns) header() []string {
	return slices.Concat(c.fixed, c.names, []string{errorColumn})
}
