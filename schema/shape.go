package schema

import (
	"slices"
	"strconv"
)

// types is a set of the JSON types that a value may have.
type types byte

const (
	typeNull types = 1 << iota
	typeBoolean
	typeNumber
	typeString
	typeArray
	typeObject
	anyType = typeNull | typeBoolean | typeNumber | typeString | typeArray | typeObject
)

func typeOfName(name string) types {
	switch name {
	case "null":
		return typeNull
	case "boolean":
		return typeBoolean
	case "number", "integer":
		return typeNumber
	case "string":
		return typeString
	case "array":
		return typeArray
	case "object":
		return typeObject
	}
	return 0
}

// A shape is what the schemas of one value say about it together.
type shape struct {
	types      types          // that are allowed, as far as the schemas say
	closed     bool           // the schemas limit the types
	seen       map[place]bool // the schemas that were asked
	properties []property
	index      map[string]int // of properties, by name
	items      []place        // the schemas of a list's elements
}

// A property is one that an object is declared to have.
type property struct {
	name    string
	schemas []place
	by      []place // the schemas that declare it
	sure    []place // of schemas those that apply whatever else the object holds
}

// flattens reports whether a value of this shape is spread over columns: it
// is an object, or null, and something is known of what is in it. A schema
// with properties and no type means an object.
func (s *shape) flattens() bool {
	return len(s.properties) > 0 && (!s.closed || s.types&^typeNull == typeObject)
}

// shape puts together what the schemas at some places say about one value.
func (x *index) shape(places []place) *shape {
	s := &shape{types: anyType, seen: map[place]bool{}}
	for _, p := range places {
		x.describe(s, p)
	}
	return s
}

// describe adds what the schema at p says. It follows what applies to the
// same value: $ref and its relatives, allOf, anyOf, oneOf, then and else.
func (x *index) describe(s *shape, p place) {
	if s.seen[p] {
		return
	}
	s.seen[p] = true
	n := p.node()
	if n == nil || n.kind != object {
		return
	}
	void := x.draftAt(p).refOnly() && n.get("$ref") != nil
	for i, key := range n.keys {
		v := n.elems[i]
		if void && key != "$ref" {
			continue
		}
		switch key {
		case "$ref", "$dynamicRef", "$recursiveRef":
			if to, ok := x.resolve(reference{at: p, node: n, key: key, text: v.text, base: x.baseOf(p)}); ok {
				x.describe(s, to)
			}
		case "type":
			s.limit(typesOf(v))
		case "const":
			s.limit(typeOfNode(v))
		case "enum":
			var t types
			for _, e := range v.elems {
				t |= typeOfNode(e)
			}
			s.limit(t)
		case "properties":
			s.declare(p, v)
		case "items", "prefixItems":
			s.elements(p.down(key), v)
		case "additionalItems":
			if first := n.get("items"); first != nil && first.kind == array {
				s.elements(p.down(key), v)
			}
		case "allOf":
			for j := range v.elems {
				x.describe(s, p.down("allOf", strconv.Itoa(j)))
			}
		case "anyOf", "oneOf":
			x.alternatives(s, p, key, len(v.elems))
		case "then", "else":
			if n.get("if") != nil {
				x.alternatives(s, p, key, -1)
			}
		}
	}
}

// alternatives adds what one of several schemas says: the types of any of
// them, the properties of all of them.
func (x *index) alternatives(s *shape, p place, key string, count int) {
	if count < 0 { // a single one that applies or not
		branch := &shape{types: anyType, seen: s.seen}
		x.describe(branch, p.down(key))
		s.join(branch)
		return
	}
	var allowed types
	closed := count > 0
	for i := range count {
		branch := &shape{types: anyType, seen: s.seen}
		x.describe(branch, p.down(key, strconv.Itoa(i)))
		if !branch.closed && len(branch.properties) > 0 {
			branch.types = typeObject
			branch.closed = true
		}
		allowed |= branch.types
		closed = closed && branch.closed
		s.join(branch)
	}
	if closed {
		s.limit(allowed)
	}
}

// elements adds what v, which lies at p, says of a list's elements: one schema
// for all of them or one for each place.
func (s *shape) elements(p place, v *node) {
	if v.kind != array {
		s.items = append(s.items, p)
		return
	}
	for i := range v.elems {
		s.items = append(s.items, p.down(strconv.Itoa(i)))
	}
}

// join adds the properties and the elements of a branch.
func (s *shape) join(branch *shape) {
	s.items = append(s.items, branch.items...)
	for _, p := range branch.properties {
		p.sure = nil
		s.property(p)
	}
}

func (s *shape) limit(t types) {
	s.types &= t
	s.closed = true
}

func (s *shape) declare(p place, properties *node) {
	if properties.kind != object {
		return
	}
	for i, name := range properties.keys {
		if properties.elems[i].is("false") {
			continue // declared to be absent
		}
		at := []place{p.down("properties", name)}
		s.property(property{name, at, []place{p}, at})
	}
}

func (s *shape) property(p property) {
	if i, ok := s.index[p.name]; ok {
		s.properties[i].schemas = append(slices.Clip(s.properties[i].schemas), p.schemas...)
		s.properties[i].by = append(s.properties[i].by, p.by...)
		s.properties[i].sure = append(slices.Clip(s.properties[i].sure), p.sure...)
		return
	}
	if s.index == nil {
		s.index = map[string]int{}
	}
	s.index[p.name] = len(s.properties)
	s.properties = append(s.properties, p)
}

func typesOf(v *node) types {
	if v.kind == str {
		return typeOfName(v.text)
	}
	var t types
	for _, e := range v.elems {
		t |= typeOfName(e.text)
	}
	return t
}

func typeOfNode(v *node) types {
	switch v.kind {
	case object:
		return typeObject
	case array:
		return typeArray
	case str:
		return typeString
	case number:
		return typeNumber
	}
	if v.text == "null" {
		return typeNull
	}
	return typeBoolean
}
