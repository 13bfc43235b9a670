package diff

import (
	"encoding/json"
	"maps"
	"slices"
)

// A kindOfValue is what a JSON value is. Numbers are one kind: 5 and 5.5 differ
// in value.
type kindOfValue int

const (
	isNull kindOfValue = iota
	isBoolean
	isNumber
	isString
	isList
	isObject
	kindsOfValue
)

var kindNames = [kindsOfValue]string{"null", "boolean", "number", "string", "list", "object"}

func kindOf(v any) kindOfValue {
	switch v.(type) {
	case nil:
		return isNull
	case bool:
		return isBoolean
	case json.Number:
		return isNumber
	case string:
		return isString
	case []any:
		return isList
	}
	return isObject
}

// A tree is the profile of a set of results: what lies at each path, and in how
// many of them. A result counts once at a path however often the path leads
// into it, as items[].sku does.
type tree struct {
	root     *node
	results  int
	detailed bool // keeps what values are like, too
	nodes    int
	touched  []*node // of the result that is being added
}

// A node is one path of a tree.
type node struct {
	path    string
	parent  *node
	inList  bool // the path leads through a list
	isElem  bool // the elements of a list
	members map[string]*node
	elems   *node
	full    bool // members beyond the bound were not counted

	results int               // that have it, at one place or more
	whole   int               // that have it wherever its object is there
	kinds   [kindsOfValue]int // results in which it is of a kind, at one place or more
	typed   int               // results in which some place of it is not null
	detail  *detail           // nil in a tree without details

	// Of the result that is being added:
	places, objects int
	seen            [kindsOfValue]bool
}

// How many paths are counted. A hostile result, or an open map whose keys
// differ from task to task, has any number of them.
const (
	mostNodes   = 5000
	mostMembers = 500
	longestName = 500 // bytes
)

func newTree(detailed bool) *tree {
	t := &tree{detailed: detailed, root: &node{}}
	if detailed {
		t.root.detail = new(detail)
	}
	return t
}

// add counts a result, without what is ignored.
func (t *tree) add(v any, r *rule) {
	t.results++
	if r.ignored() {
		return
	}
	t.walk(t.root, v, r)
	for _, n := range t.touched {
		n.results++
		if n.parent == nil || n.isElem || n.places == n.parent.objects {
			n.whole++
		}
	}
	for _, n := range t.touched { // the parents' counts are read above
		typed := 0
		for k, seen := range n.seen {
			if seen {
				n.kinds[k]++
				if kindOfValue(k) != isNull {
					typed = 1
				}
			}
		}
		n.typed += typed
		n.places, n.objects, n.seen = 0, 0, [kindsOfValue]bool{}
	}
	t.touched = t.touched[:0]
}

func (t *tree) walk(n *node, v any, r *rule) {
	if n.places == 0 {
		t.touched = append(t.touched, n)
	}
	n.places++
	n.seen[kindOf(v)] = true
	if n.detail != nil {
		n.detail.add(v, !n.inList)
	}
	switch v := v.(type) {
	case map[string]any:
		n.objects++
		for name, member := range v {
			below := r.member(name)
			if below.ignored() {
				continue
			}
			if next := t.member(n, name); next != nil {
				t.walk(next, member, below)
			}
		}
	case []any:
		below := r.elem()
		if below.ignored() {
			return
		}
		for _, element := range v {
			if next := t.elem(n); next != nil {
				t.walk(next, element, below)
			}
		}
	}
}

func (t *tree) member(n *node, name string) *node {
	if next := n.members[name]; next != nil {
		return next
	}
	if t.detailed && (t.nodes >= mostNodes || len(n.members) >= mostMembers || len(name) > longestName) {
		n.full = true
		return nil
	}
	if n.members == nil {
		n.members = map[string]*node{}
	}
	next := t.grow(n, member(n.path, name))
	next.inList = n.inList
	n.members[name] = next
	return next
}

func (t *tree) elem(n *node) *node {
	if n.elems == nil {
		if t.detailed && t.nodes >= mostNodes {
			n.full = true
			return nil
		}
		n.elems = t.grow(n, n.path+"[]")
		n.elems.inList, n.elems.isElem = true, true
	}
	return n.elems
}

func (t *tree) grow(parent *node, path string) *node {
	t.nodes++
	n := &node{path: path, parent: parent}
	if t.detailed {
		n.detail = new(detail)
	}
	return n
}

// below calls visit for the members below n, by name.
func (n *node) below(visit func(name string, member *node)) {
	for _, name := range slices.Sorted(maps.Keys(n.members)) {
		visit(name, n.members[name])
	}
}
