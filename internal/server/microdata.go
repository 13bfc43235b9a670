package server

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// microdata reads the page's itemscope elements, as the HTML standard reads
// them.
func (r *reader) microdata(doc *html.Node) source {
	m := &itemReader{reader: r, ids: map[string]*html.Node{}}
	var starts []*html.Node
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" && m.ids[id] == nil {
			m.ids[id] = n
		}
		_, scope := attribute(n, "itemscope")
		_, prop := attribute(n, "itemprop")
		if scope && !prop {
			starts = append(starts, n)
		}
	}
	var top []*thing
	for _, n := range starts {
		if t := m.item(n, 0); t != nil {
			top = append(top, t)
		}
	}
	return r.arrange(top)
}

type itemReader struct {
	*reader
	ids map[string]*html.Node
}

const maxItemDepth = 16 // items inside items; itemref can make circles

func (m *itemReader) item(n *html.Node, depth int) *thing {
	t := m.thing()
	if t == nil {
		return nil
	}
	for _, name := range words(n, "itemtype") {
		t.kinds = append(t.kinds, kind(name))
	}
	t.id = attr(n, "itemid")
	m.properties(t, n, depth)
	for _, id := range words(n, "itemref") {
		if ref := m.ids[id]; ref != nil {
			m.property(t, ref, depth)
		}
	}
	return t
}

// properties reads what the elements below n say of t.
func (m *itemReader) properties(t *thing, n *html.Node, depth int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		m.property(t, c, depth)
	}
}

func (m *itemReader) property(t *thing, n *html.Node, depth int) {
	if n.Type != html.ElementNode {
		return
	}
	if m.budget--; m.budget < 0 {
		return
	}
	_, scope := attribute(n, "itemscope")
	if names := words(n, "itemprop"); len(names) > 0 {
		var v value
		if scope {
			if depth >= maxItemDepth {
				return
			}
			v.item = m.item(n, depth+1)
		} else {
			v = m.stated(n)
		}
		for _, name := range names {
			t.add(name[strings.LastIndexAny(name, "/#:")+1:], v)
		}
	}
	if !scope {
		m.properties(t, n, depth)
	}
}

// stated is the value of an element with itemprop.
func (m *itemReader) stated(n *html.Node) value {
	if content, ok := attribute(n, "content"); ok {
		return value{text: squeeze(content)}
	}
	switch n.DataAtom {
	case atom.A, atom.Area, atom.Link:
		return value{text: m.text(n), href: attr(n, "href")}
	case atom.Audio, atom.Embed, atom.Iframe, atom.Img, atom.Source, atom.Track, atom.Video:
		return value{text: squeeze(attr(n, "alt")), href: attr(n, "src")}
	case atom.Object:
		return value{href: attr(n, "data")}
	case atom.Data, atom.Meter:
		if v, ok := attribute(n, "value"); ok {
			return value{text: squeeze(v)}
		}
	case atom.Time:
		if v, ok := attribute(n, "datetime"); ok {
			return value{text: squeeze(v)}
		}
	}
	return value{text: m.text(n)}
}
