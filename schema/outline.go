package schema

import "strconv"

// Bounds of an outline: what lies deeper, and beyond so many fields, is not
// known.
const (
	maxOutlineDepth  = 12
	maxOutlineFields = 10_000
)

// An Outline is what a schema says of a value before there is one: its type,
// and the fields that it can have. What it does not say is left open.
type Outline struct {
	// Type is object, array, string, number, integer or boolean, and "" where
	// several are allowed, null among them, or the schema does not say.
	Type   string
	Fields []Field  // of an object, in the author's order
	Closed bool     // a valid object has no other fields
	Items  *Outline // of an array, its elements; nil where nothing is known
}

// A Field is one field of an object that an Outline describes.
type Field struct {
	Name  string
	Value Outline
}

// Outline describes the results that the schema allows.
func (s *Schema) Outline() Outline {
	doc, err := load("", s.text)
	if err != nil {
		return Outline{} // what has been compiled is read again, so this is a bug
	}
	x := newIndex()
	doc.draft = draftIn(doc.root, defaultDraft)
	x.add(doc)
	o := outliner{x: x, open: map[place]bool{}}
	return o.value([]place{{doc: doc}}, 0)
}

type outliner struct {
	x      *index
	open   map[place]bool // the schemas of the value that is described and of those around it
	fields int
}

func (o *outliner) value(at []place, depth int) Outline {
	s := o.x.shape(at)
	out := Outline{}
	if s.closed {
		out.Type = nameOfType(s.types)
	}
	if out.Type == "number" && o.all(at, o.integer) {
		out.Type = "integer"
	}
	if depth == maxOutlineDepth {
		return out
	}
	for p := range s.seen {
		if o.open[p] {
			return out // it contains itself
		}
	}
	for p := range s.seen {
		o.open[p] = true
		defer delete(o.open, p)
	}
	switch out.Type {
	case "object":
		out.Closed = o.all(at, o.closes)
		for _, p := range s.properties {
			if o.fields++; o.fields > maxOutlineFields {
				return Outline{Type: out.Type}
			}
			// What only some alternatives say of it, nobody knows before.
			out.Fields = append(out.Fields, Field{p.name, o.value(p.sure, depth+1)})
		}
	case "array":
		if items := o.items(at); len(items) > 0 {
			inner := o.value(items, depth+1)
			out.Items = &inner
		}
	}
	return out
}

// nameOfType returns the name of the only type of a set, or "".
func nameOfType(t types) string {
	switch t {
	case typeBoolean:
		return "boolean"
	case typeNumber:
		return "number"
	case typeString:
		return "string"
	case typeArray:
		return "array"
	case typeObject:
		return "object"
	}
	return ""
}

// all reports whether one of the schemas that apply to one value says something.
func (o *outliner) all(at []place, says func(*node) bool) bool {
	seen := map[place]bool{}
	for _, p := range at {
		if o.says(p, says, seen) {
			return true
		}
	}
	return false
}

// says reports whether the schema at p says something whatever the value: itself,
// by what it refers to, or by every one of its alternatives.
func (o *outliner) says(p place, says func(*node) bool, seen map[place]bool) bool {
	n := p.node()
	if seen[p] || n == nil || n.kind != object {
		return false
	}
	seen[p] = true
	void := o.x.draftAt(p).refOnly() && n.get("$ref") != nil
	if !void && says(n) {
		return true
	}
	for i, key := range n.keys {
		v := n.elems[i]
		if void && key != "$ref" {
			continue
		}
		switch key {
		case "$ref":
			if to, ok := o.x.resolve(reference{at: p, node: n, key: key, text: v.text, base: o.x.baseOf(p)}); ok && o.says(to, says, seen) {
				return true
			}
		case "allOf":
			for j := range v.elems {
				if o.says(p.down(key, strconv.Itoa(j)), says, seen) {
					return true
				}
			}
		case "anyOf", "oneOf":
			every := len(v.elems) > 0
			for j := range v.elems {
				every = every && o.says(p.down(key, strconv.Itoa(j)), says, seen)
			}
			if every {
				return true
			}
		}
	}
	return false
}

// closes reports whether a schema allows no fields but those that it names
// itself.
func (o *outliner) closes(n *node) bool {
	v := n.get("additionalProperties")
	return v != nil && v.is("false") && n.get("patternProperties") == nil
}

func (o *outliner) integer(n *node) bool {
	t := n.get("type")
	return t != nil && t.kind == str && t.text == "integer"
}

// items returns the schemas of the elements of an array that are all alike.
func (o *outliner) items(at []place) []place {
	var out []place
	for _, p := range at {
		n := p.node()
		if n == nil || n.kind != object || n.get("prefixItems") != nil {
			return nil
		}
		if v := n.get("items"); v != nil && v.kind == object {
			out = append(out, p.down("items"))
		}
	}
	return out
}
