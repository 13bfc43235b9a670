package schema

import "slices"

// maxColumns bounds what a hostile schema can expand to: beyond it nothing is
// flattened any more.
const maxColumns = 10_000

// A Column is one leaf of the results that a schema describes.
type Column struct {
	Path []string // property names from the root; never empty
}

// Columns returns the leaves of the results that the schema describes, in the
// order in which its author wrote them. The slice must not be changed.
//
// An object with declared properties is flattened, also one that may be null;
// what several alternatives declare is put together. Arrays, open maps, values
// of several or unknown types, and objects that contain themselves are one
// leaf. A schema whose root declares no properties has no columns.
func (s *Schema) Columns() []Column { return s.columns }

// Columns is like [Schema.Columns] for the text of a self-contained schema,
// such as [Schema.Text]. The error says why text is not a schema.
func Columns(text []byte) ([]Column, error) {
	doc, err := load("", text)
	if err != nil {
		return nil, err
	}
	if doc.faults != nil {
		return nil, doc.faults
	}
	x := newIndex()
	doc.draft = draftIn(doc.root, defaultDraft)
	x.add(doc)
	return columnsOf(x, doc), nil
}

// Declares reports whether the root of the schema declares a property, by
// itself or through a $ref, allOf, anyOf or oneOf.
func (s *Schema) Declares(property string) bool { return s.declared[property] }

func columnsOf(x *index, doc *document) []Column {
	f := flattener{x: x, open: map[place]bool{}}
	f.flatten(x.shape([]place{{doc: doc}}), nil)
	return f.columns
}

type flattener struct {
	x       *index
	open    map[place]bool // the schemas that declare the path being flattened
	columns []Column
}

func (f *flattener) flatten(s *shape, prefix []string) {
	for _, p := range s.properties {
		path := append(slices.Clone(prefix), p.name)
		opened := f.enter(p.by)
		inner := f.x.shape(p.schemas)
		if inner.flattens() && !f.recursive(inner) && len(f.columns)+len(inner.properties) <= maxColumns && len(path) < maxDepth {
			f.flatten(inner, path)
		} else {
			f.columns = append(f.columns, Column{Path: path})
		}
		for _, at := range opened {
			delete(f.open, at)
		}
	}
}

func (f *flattener) enter(places []place) (opened []place) {
	for _, at := range places {
		if !f.open[at] {
			f.open[at] = true
			opened = append(opened, at)
		}
	}
	return opened
}

// recursive reports whether a value of this shape may lie within itself.
func (f *flattener) recursive(s *shape) bool {
	for p := range f.open {
		if s.seen[p] {
			return true
		}
	}
	return false
}
