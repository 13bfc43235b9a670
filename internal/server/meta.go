package server

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// meta reads OpenGraph and other meta tags, the canonical address and the
// page's language. "product:price:amount" is said as "price:amount".
func (r *reader) meta(doc *html.Node) source {
	graph, named := &thing{}, &thing{}
	for n := range elements(doc, atom.Html, atom.Meta, atom.Link) {
		switch n.DataAtom {
		case atom.Html:
			named.add("language", value{text: attr(n, "lang")})
		case atom.Link:
			if strings.EqualFold(attr(n, "rel"), "canonical") {
				named.add("url", value{href: attr(n, "href")})
			}
		case atom.Meta:
			if _, item := attribute(n, "itemprop"); item {
				continue
			}
			v := value{text: squeeze(attr(n, "content"))}
			name := attr(n, "property")
			switch {
			case strings.EqualFold(name, "og:type"):
				graph.kinds = append(graph.kinds, kind(v.text))
			case name != "":
				graph.add(bareMeta(name), v)
			default:
				named.add(bareMeta(attr(n, "name")), v)
			}
		}
	}
	return source{items: []*thing{graph, named}}
}

// bareMeta takes the vocabulary off a tag's name.
func bareMeta(name string) string {
	space, rest, ok := strings.Cut(name, ":")
	if !ok {
		return name
	}
	switch strings.ToLower(space) {
	case "og", "product", "article", "book", "twitter", "business", "place", "music", "video", "profile":
		return rest
	}
	return name
}

// headings reads the page's title, its first heading and its first paragraph.
func (r *reader) headings(doc *html.Node, f *facts) source {
	t := &thing{}
	var heading string
	for n := range elements(doc, atom.Title, atom.H1, atom.P) {
		switch {
		case n.DataAtom == atom.Title && f.title == "":
			f.title = r.text(n)
		case n.DataAtom == atom.H1 && heading == "":
			heading = r.text(n)
		case n.DataAtom == atom.P && f.text == "":
			f.text = r.text(n)
		}
	}
	if heading != "" {
		t.add("title", value{text: heading})
		t.add("heading", value{text: heading})
		t.add("h1", value{text: heading})
	} else {
		t.add("title", value{text: f.title})
	}
	t.add("pageTitle", value{text: f.title})
	t.add("text", value{text: f.text})
	return source{items: []*thing{t}}
}
