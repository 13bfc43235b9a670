package server

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// fill builds the value that a schema asks for from what pages state. The
// properties come in the order of their names.
func fill(schema json.RawMessage, pages []*facts) (json.RawMessage, error) {
	if schema == nil {
		p := pages[0]
		return encode(map[string]string{"title": p.title, "url": p.address.String(), "text": p.text}), nil
	}
	r, err := readSchema(schema)
	if err != nil {
		return nil, err
	}
	f := &filler{reading: r, pages: pages, base: pages[0].base, budget: fillBudget}
	root := r.at(r.root)
	if v, ok := f.branch(root, func(w wanted) (any, bool) {
		if w.properties() == nil && slices.Contains(w.types(), "array") {
			return f.lists(w, "")
		}
		return f.page(w), true
	}); ok {
		return encode(v), nil
	}
	return encode(map[string]any{}), nil
}

const (
	maxFillDepth = 16      // of objects in the result
	maxWrapped   = 3       // objects inside each other that stand for the page
	maxValues    = 48      // inside each other, of any kind: a schema can refer to itself
	fillBudget   = 500_000 // lookups for one result
)

// A filler fills one schema.
type filler struct {
	*reading
	pages   []*facts
	base    *url.URL
	budget  int
	depth   int // of the value that is being made
	wrapped int // objects around it that stand for the page
}

// branch fills the first alternative of a schema that try can fill, and the
// schema itself when it has none.
func (f *filler) branch(w wanted, try func(wanted) (any, bool)) (any, bool) {
	f.depth++
	defer func() { f.depth-- }()
	if f.depth > maxValues {
		return nil, false
	}
	branches := f.branches(w)
	if len(branches) == 0 {
		return try(w)
	}
	for _, b := range branches {
		if t := b.types(); len(t) == 1 && t[0] == "null" {
			continue
		}
		if v, ok := try(b); ok {
			return v, true
		}
	}
	return nil, false
}

// page fills an object from all that the pages state.
func (f *filler) page(w wanted) map[string]any {
	var scope []*thing
	for _, p := range f.pages {
		// JSON-LD and microdata tell of many things. One that is only the page
		// or the site comes after a subject that the other has.
		var subjects, around []*thing
		for _, s := range p.sources[:2] {
			t := about(s.items, w, p.address)
			switch {
			case t == nil:
			case webPage(t) || furniture(t):
				around = append(around, t)
			default:
				subjects = append(subjects, t)
			}
		}
		scope = append(append(scope, subjects...), around...)
		for _, s := range p.sources[2:] {
			scope = append(scope, s.items...)
		}
		scope = append(scope, &thing{props: map[string][]value{"url": {{href: p.address.String()}}}})
	}
	return f.object(w, scope, 0)
}

// object fills an object from the first thing in scope that states each of its
// properties.
func (f *filler) object(w wanted, scope []*thing, depth int) map[string]any {
	out := map[string]any{}
	if depth > maxFillDepth {
		return out
	}
	for name, sub := range w.properties() {
		s := f.at(sub)
		v, ok := f.property(name, s, scope, depth)
		if !ok && depth == 0 {
			v, ok = f.whole(name, s, w)
		}
		switch {
		case ok:
			out[name] = v
		case w.requires(name) && f.nullable(s):
			out[name] = nil
		}
	}
	return out
}

// property finds the value of one property. A stated text that fits no type is
// the answer when nothing else is.
func (f *filler) property(name string, w wanted, scope []*thing, depth int) (any, bool) {
	var text *value
	for _, t := range scope {
		for _, m := range found(t, name) {
			if f.budget--; f.budget < 0 {
				return nil, false
			}
			if v, ok := f.convert(m.values, w, at{name, t, depth}); ok {
				return v, true
			}
			if first := m.values[0]; m.own && text == nil && first.item == nil && first.text != "" {
				text = &first
			}
		}
		if slices.Contains(currencyNames, key(name)) {
			if v, ok := f.currency(t, w, depth); ok {
				return v, true
			}
		}
	}
	if text != nil && scalar(w) {
		if text.number {
			return json.Number(text.text), true
		}
		return text.text, true
	}
	return nil, false
}

// scalar reports whether a schema asks for a plain value.
func scalar(w wanted) bool {
	t := w.types()
	return !slices.Contains(t, "object") && !slices.Contains(t, "array")
}

// whole answers a property of the result itself with what is not a property of
// anything on the page: a list of the page's items, or an item by its kind.
func (f *filler) whole(name string, w wanted, parent wanted) (any, bool) {
	return f.branch(w, func(w wanted) (any, bool) {
		types := w.types()
		switch {
		case slices.Contains(types, "array"):
			return f.lists(w, name)
		case w.properties() == nil && slices.Contains(types, "object") && slices.Contains(specNames, key(name)):
			return f.specifications(w)
		case w.properties() == nil:
			return nil, false
		}
		for _, p := range f.pages {
			for _, s := range p.sources {
				for _, t := range s.items {
					if t.is(key(name)) {
						if o := f.object(w, []*thing{t}, 1); len(o) > 0 {
							return o, true
						}
					}
				}
			}
		}
		if f.wrapped < maxWrapped && (len(parent.properties()) == 1 || slices.Contains(wrappers, key(name))) {
			f.wrapped++
			defer func() { f.wrapped-- }()
			o := f.page(w)
			return o, len(o) > 0
		}
		return nil, false
	})
}

// wrappers are names of an object that stands for the page as a whole;
// specNames of one that holds its table of names and values.
var (
	wrappers  = []string{"output", "result", "data", "page", "product", "item", "article", "book"}
	specNames = []string{"specifications", "specification", "specs", "attributes", "properties", "details", "features"}
)

// specifications gives the names and values of the page's tables and
// definition lists as they stand there.
func (f *filler) specifications(w wanted) (any, bool) {
	out := map[string]any{}
	sub := f.at(w["additionalProperties"])
	for _, p := range f.pages {
		for _, s := range p.sources[3:5] {
			for _, t := range s.items {
				f.dump(out, t, sub)
			}
		}
	}
	return out, len(out) > 0
}

// dump gives a thing's plain values under the names that the page uses.
func (f *filler) dump(out map[string]any, t *thing, sub wanted) {
	for _, name := range t.names {
		if _, taken := out[name]; taken {
			continue
		}
		if v, ok := f.convert(t.props[key(name)], sub, at{name, t, maxFillDepth}); ok {
			out[name] = v
		}
	}
}

// about picks the thing that a page is about: the one that it says so of, or
// that has its address, else the first of the kind that answers most of what
// is asked. Things that stand on every page of a site come last, and only for
// more than a name.
func about(items []*thing, w wanted, address *url.URL) *thing {
	var best *thing
	bestScore := 0
	for _, t := range items {
		here := t.main || sameAddress(t, address)
		if best != nil && !here && sameKind(best, t) {
			continue
		}
		score := 0
		for name := range w.properties() {
			if len(found(t, name)) > 0 && (!furniture(t) || !slices.Contains(plainNames, key(name))) {
				score += 4
			}
		}
		if score == 0 {
			continue
		}
		switch {
		case furniture(t):
			score = 1
		case webPage(t):
			score = 2 // tells of the page, not of what the page is about
		case here:
			score += 1000
		}
		if score > bestScore {
			best, bestScore = t, score
		}
	}
	return best
}

// webPage reports whether a thing is the page itself: WebPage, CollectionPage.
func webPage(t *thing) bool {
	return slices.ContainsFunc(t.kinds, func(k string) bool { return strings.HasSuffix(k, "page") })
}

// plainNames are asked of every page, and say nothing about what it is about.
var plainNames = []string{"name", "title", "url", "link", "description", "image", "logo", "category", "id"}

func furniture(t *thing) bool {
	for _, k := range []string{"website", "organization", "breadcrumblist", "searchaction", "sitenavigationelement",
		"wpheader", "wpfooter", "wpsidebar", "imageobject", "onlinestore", "onlinebusiness"} {
		if t.is(k) {
			return true
		}
	}
	return false
}

func sameKind(a, b *thing) bool { return slices.Equal(a.kinds, b.kinds) }

// sameAddress reports whether a thing lies at an address or calls the page
// there its own. Its id and the page's may have a fragment, as "…#product" and
// "…#webpage"; a url with one leads to a part of the page.
func sameAddress(t *thing, address *url.URL) bool {
	is := func(s string, fragment bool) bool {
		u, err := address.Parse(s)
		return s != "" && err == nil && (fragment || u.Fragment == "") &&
			u.Scheme == address.Scheme && u.Host == address.Host && u.Path == address.Path && u.RawQuery == address.RawQuery
	}
	if is(t.id, true) {
		return true
	}
	for _, v := range slices.Concat(t.props["url"], t.props["mainentityofpage"]) {
		if is(v.text, false) || is(v.href, false) {
			return true
		}
	}
	for _, v := range t.props["mainentityofpage"] {
		if v.item == nil {
			continue
		}
		if is(v.item.id, true) {
			return true
		}
		for _, page := range v.item.props["url"] {
			if is(page.text, false) || is(page.href, false) {
				return true
			}
		}
	}
	return false
}
