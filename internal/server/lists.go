package server

import "slices"

// lists answers an array with one of the sequences on the pages: the one whose
// items state the most of what the array's items ask for, where its name
// counts, and the more trustworthy source wins between equals. Those of
// several pages follow each other.
func (f *filler) lists(w wanted, name string) (any, bool) {
	items := f.at(w["items"])
	var out []any
	for _, p := range f.pages {
		var best list
		bestScore := 0
		for _, s := range p.sources {
			for _, l := range s.lists {
				if score := f.fit(l, items, name); score > bestScore {
					best, bestScore = l, score
				}
			}
		}
		for _, t := range best.items {
			v, ok := f.branch(items, func(w wanted) (any, bool) { return f.element(w, t) })
			if ok {
				out = append(out, v)
			}
		}
	}
	return out, len(out) > 0
}

// element is one item of a list as the schema wants it: an object, or the one
// thing that it is called.
func (f *filler) element(w wanted, t *thing) (any, bool) {
	if w.properties() != nil {
		o := f.object(w, []*thing{t}, 1)
		return o, len(o) > 0
	}
	return f.convert([]value{{item: t}}, w, at{"", t, 1})
}

// fit says how well a list answers an array of the given items, 0 for not.
func (f *filler) fit(l list, items wanted, name string) int {
	if len(l.items) == 0 {
		return 0
	}
	called := false
	for _, s := range spellings(key(name)) {
		called = called || s != "" && slices.Contains(l.names, s)
	}
	if branches := f.branches(items); len(branches) > 0 {
		items = branches[0]
	}
	asked, stated := 0, 0
	for property := range items.properties() {
		required := items.requires(property)
		if items["required"] != nil && !required {
			continue
		}
		asked++
		for _, t := range l.items[:min(len(l.items), 3)] {
			if len(found(t, property)) > 0 {
				stated++
				break
			}
		}
	}
	switch {
	case asked == 0 && called:
		return 1
	case stated == 0 || !called && 2*stated < asked:
		return 0
	case called:
		return stated*100/asked + 200
	case len(l.items) == 1:
		return 0 // one item is a list only by name
	}
	return stated * 100 / asked
}
