package server

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// A thing is an item that a page states: a product, an offer, a row of a
// table. Things may refer to each other in circles.
type thing struct {
	kinds []string // names of its types, as keys: "product"
	id    string   // its address, or "" when it has none
	names []string // names of its properties as the page writes them
	props map[string][]value
	main  bool // the page says that it is about this
}

// A value is one value of a property.
type value struct {
	text   string // white space squeezed
	href   string // where the page links it, as written; "" for no link
	item   *thing // nil for a plain value
	number bool   // the page states it as a JSON number, text is its spelling
}

// add states a value of a property.
func (t *thing) add(name string, v value) {
	k := key(name)
	if k == "" || v == (value{}) {
		return
	}
	if t.props == nil {
		t.props = map[string][]value{}
	}
	if _, ok := t.props[k]; !ok {
		t.names = append(t.names, name)
	}
	t.props[k] = append(t.props[k], v)
}

func (t *thing) is(kind string) bool { return slices.Contains(t.kinds, kind) }

// A list is a sequence of things that the page states as one: the rows of a
// table, the elements of an ItemList, several products.
type list struct {
	names []string // what it may be called, as keys
	items []*thing
}

// A source is all that a page states in one way.
type source struct {
	items []*thing
	lists []list
}

// facts are all that one page states, the most trustworthy source first.
type facts struct {
	address *url.URL
	base    *url.URL // against which the page's links are resolved
	sources []source
	title   string
	text    string // the first paragraph
}

// key makes names comparable: letters and digits in lower case, what stands in
// brackets left out. "Price (USD):" and "price" are one key.
func key(name string) string {
	var b strings.Builder
	depth := 0
	for _, r := range name {
		switch {
		case r == '(' || r == '[':
			depth++
		case (r == ')' || r == ']') && depth > 0:
			depth--
		case depth == 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// kind is the key of a type's name without its vocabulary:
// "https://schema.org/Product" is "product".
func kind(name string) string {
	return key(name[strings.LastIndexAny(name, "/#:")+1:])
}
