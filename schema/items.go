package schema

// ItemColumns returns the leaves of the elements of a list, as [Columns] does of
// a result; their paths start at the element. The list lies at path, which are
// property names from the root of what a self-contained schema describes. There
// are none where the schema declares no list there, or nothing of its elements'
// properties, or that an element may be something else than an object. The error
// says why text is not a schema.
func ItemColumns(text []byte, path []string) ([]Column, error) {
	doc, err := load("", text)
	if err != nil {
		return nil, err
	}
	x := newIndex()
	doc.draft = draftIn(doc.root, defaultDraft)
	x.add(doc)
	at := []place{{doc: doc}}
	for _, name := range path {
		s := x.shape(at)
		i, ok := s.index[name]
		if !ok {
			return nil, nil
		}
		at = s.properties[i].schemas
	}
	items := x.shape(x.shape(at).items)
	if !items.flattens() {
		return nil, nil
	}
	f := flattener{x: x, open: map[place]bool{}}
	f.flatten(items, nil)
	return f.columns, nil
}
