package report

import (
	"slices"
	"strings"

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
	fixed   []string
	names   []string
	root    *node // of a result
	wrapped *node // of a result whose member output is the judged value
}

// A node stands for one property of the results that the schemas describe.
type node struct {
	column   int   // its own column; -1 when it has none
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
func resultColumns(schemas [][]byte, repeats bool) *columns {
	c := &columns{root: newNode(), fixed: fixed[:]}
	if repeats {
		c.fixed = append(slices.Clip(c.fixed), passesColumn)
	}
	c.wrapped = newNode()
	c.wrapped.children["output"] = c.root
	taken := map[string]bool{errorColumn: true, "": true}
	for _, name := range c.fixed {
		taken[name] = true
	}
	for _, text := range schemas {
		leaves, err := schema.Columns(text)
		if err != nil {
			continue
		}
		for _, leaf := range leaves {
			c.add(leaf.Path, taken)
		}
	}
	return c
}

// add gives the leaf at path a column, unless it has one. A name that is taken,
// by a fixed column or by a path that reads the same (a property "a.b" beside
// b in a), gets result. in front until it is free.
func (c *columns) add(path []string, taken map[string]bool) {
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
	if len(path) == 0 || n.column >= 0 {
		return
	}
	n.column = len(c.names)
	for _, t := range trail {
		t.below = append(t.below, n.column)
	}
	name := strings.Join(path, ".")
	for taken[textCell(name)] {
		name = "result." + name
	}
	taken[textCell(name)] = true
	c.names = append(c.names, textCell(name))
}

// header is the table's first row.
func (c *columns) header() []string {
	return slices.Concat(c.fixed, c.names, []string{errorColumn})
}
