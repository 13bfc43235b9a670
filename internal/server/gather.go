package server

import (
	"iter"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// gather collects what a page states, the sources in the order in which they
// are believed.
func gather(doc *html.Node, address *url.URL) *facts {
	f := &facts{address: address, base: base(doc, address)}
	r := &reader{budget: textBudget}
	f.sources = []source{
		r.jsonLD(doc),
		r.microdata(doc),
		r.meta(doc),
		r.tables(doc),
		r.definitions(doc),
		r.headings(doc, f),
	}
	return f
}

// base is the address against which a page's links are resolved.
func base(doc *html.Node, address *url.URL) *url.URL {
	for n := range elements(doc, atom.Base) {
		if href := attr(n, "href"); href != "" {
			if u, err := address.Parse(href); err == nil {
				return u
			}
		}
	}
	return address
}

const (
	textBudget = 4 << 20 // nodes looked at for text in one page; nested items make it quadratic
	maxText    = 1 << 20 // bytes of one text
	maxThings  = 10_000  // items of one page
	maxWords   = 20      // types, names or references in one attribute
	maxColumns = 1000    // of one table
)

// A reader takes values from a page's tree within a budget, so that a page
// built to be expensive costs no more than a large one.
type reader struct {
	budget int
	things int
}

// thing makes a new item, or nil when the page has stated too many.
func (r *reader) thing() *thing {
	if r.things++; r.things > maxThings {
		return nil
	}
	return &thing{}
}

// words are the first words of an attribute that holds several.
func words(n *html.Node, name string) []string {
	text := attr(n, name)
	all := strings.Fields(text[:min(len(text), 4096)])
	return all[:min(len(all), maxWords)]
}

// text is what a person reads inside a node.
func (r *reader) text(n *html.Node) string {
	var b strings.Builder
	r.write(&b, n)
	return squeeze(b.String())
}

func (r *reader) write(b *strings.Builder, n *html.Node) {
	if r.budget--; r.budget < 0 || b.Len() > maxText {
		return
	}
	switch n.Type {
	case html.TextNode:
		b.WriteString(n.Data)
		return
	case html.ElementNode:
		switch n.DataAtom {
		case atom.Script, atom.Style, atom.Template, atom.Noscript:
			return
		}
	}
	apart := n.Type == html.ElementNode && !inline(n.DataAtom)
	if apart {
		b.WriteByte(' ')
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.write(b, c)
	}
	if apart {
		b.WriteByte(' ')
	}
}

// inline reports whether an element runs on in its line, so that no space
// belongs around it.
func inline(a atom.Atom) bool {
	switch a {
	case atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Data, atom.Dfn, atom.Em, atom.Font,
		atom.I, atom.Ins, atom.Kbd, atom.Label, atom.Mark, atom.Meter, atom.Q, atom.S, atom.Samp, atom.Small,
		atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.U, atom.Var, atom.Wbr, atom.Link, atom.Meta:
		return true
	}
	return false
}

// value is the text of a node with the place it links to. A cell that is a
// list gives each of its elements.
func (r *reader) values(n *html.Node) []value {
	var all []value
	for li := range r.elements(n, atom.Li) {
		if v := r.linked(li); v.text != "" {
			all = append(all, v)
		}
	}
	if len(all) > 0 {
		return all
	}
	return []value{r.linked(n)}
}

func (r *reader) linked(n *html.Node) value {
	v := value{text: r.text(n)}
	for a := range r.elements(n, atom.A) {
		if v.href = attr(a, "href"); v.href != "" {
			break
		}
	}
	return v
}

// elements is elements within the budget, for nodes that may lie inside each
// other.
func (r *reader) elements(n *html.Node, kinds ...atom.Atom) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for c := range n.Descendants() {
			if r.budget--; r.budget < 0 {
				return
			}
			if c.Type == html.ElementNode && slices.Contains(kinds, c.DataAtom) && !yield(c) {
				return
			}
		}
	}
}

// elements yields the elements of a kind below a node, in order.
func elements(n *html.Node, kinds ...atom.Atom) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for c := range n.Descendants() {
			if c.Type == html.ElementNode && c.Namespace == "" && slices.Contains(kinds, c.DataAtom) && !yield(c) {
				return
			}
		}
	}
}

func attr(n *html.Node, name string) string {
	v, _ := attribute(n, name)
	return v
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == name {
			return strings.TrimSpace(a.Val), true
		}
	}
	return "", false
}
