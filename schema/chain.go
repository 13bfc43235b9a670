package schema

import (
	"fmt"
	"slices"
	"strings"
)

// maxChain bounds how many schemas may be reached from one without going
// deeper into the value. The validator recurses through them at each of up to
// maxDepth levels, and a stack that overflows cannot be recovered from.
const maxChain = 250

// sameValue are the keywords whose schemas apply to the value itself.
var sameValue = []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"}

// A chainer measures how long such chains are.
type chainer struct {
	x    *index
	done map[place]int // length of the longest chain from a schema
	open map[place]bool
	errs Errors
}

// chains refuses schemas that lead back to themselves without going deeper
// into the value, and chains that are too long.
func chains(x *index) Errors {
	c := chainer{x: x, done: map[place]int{}, open: map[place]bool{}}
	for _, s := range x.schemas {
		if c.length(s.at) > maxChain && c.errs == nil {
			c.errs = append(c.errs, &Error{File: s.at.doc.name, Pointer: s.at.pointer, Keyword: "$ref",
				Message: fmt.Sprintf("leads through more than %d schemas for one value", maxChain)})
		}
	}
	return c.errs
}

func (c *chainer) length(p place) int {
	if n, ok := c.done[p]; ok {
		return n
	}
	n := p.node()
	if n == nil || n.kind != object {
		return 0
	}
	c.open[p] = true
	longest := 0
	for _, key := range []string{"$ref", "$dynamicRef", "$recursiveRef"} {
		text, ok := n.string(key)
		if !ok {
			continue
		}
		to, ok := c.x.resolve(reference{at: p, text: text, base: c.x.baseOf(p)})
		switch {
		case !ok:
		case !c.open[to]:
			longest = max(longest, c.length(to))
		case key == "$ref":
			c.errs = append(c.errs, &Error{File: p.doc.name, Pointer: p.pointer + "/$ref", Keyword: "$ref",
				Message: fmt.Sprintf("%s leads back here without end", quote(text))})
		}
	}
	if !c.x.draftAt(p).refOnly() || n.get("$ref") == nil {
		c.x.draftAt(p).children(n, p.pointer, func(_ *node, pointer string) {
			if key, _, _ := strings.Cut(pointer[len(p.pointer)+1:], "/"); slices.Contains(sameValue, key) {
				longest = max(longest, c.length(place{p.doc, pointer}))
			}
		})
	}
	delete(c.open, p)
	c.done[p] = longest + 1
	return longest + 1
}
