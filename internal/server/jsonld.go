package server

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const maxNesting = 64 // of JSON-LD that is looked at

// jsonLD reads the page's <script type="application/ld+json">. A script that
// is not JSON, or nested without reason, states nothing.
func (r *reader) jsonLD(doc *html.Node) source {
	l := &ldReader{reader: r, byID: map[string]*thing{}}
	var top []*thing
	for n := range elements(doc, atom.Script) {
		kind, _, _ := strings.Cut(strings.ToLower(attr(n, "type")), ";")
		if strings.TrimSpace(kind) != "application/ld+json" || n.FirstChild == nil {
			continue
		}
		text := []byte(n.FirstChild.Data)
		if nesting(text) > maxNesting {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			continue
		}
		if _, err := d.Token(); err != io.EOF {
			continue
		}
		top = append(top, l.top(v)...)
	}
	l.resolve()
	return r.arrange(top)
}

// An ldReader turns JSON-LD into things. References by @id are followed at the
// end, when every node has been seen.
type ldReader struct {
	*reader
	byID map[string]*thing
	refs []ldRef
}

type ldRef struct {
	from *thing
	key  string
	at   int
	id   string
}

// top reads a document: a node, several, or a @graph.
func (l *ldReader) top(v any) []*thing {
	switch v := v.(type) {
	case []any:
		var all []*thing
		for _, e := range v {
			all = append(all, l.top(e)...)
		}
		return all
	case map[string]any:
		if graph, ok := v["@graph"]; ok {
			return l.top(graph)
		}
		t := l.node(v)
		if t == nil {
			return nil
		}
		return []*thing{t}
	}
	return nil
}

func (l *ldReader) node(m map[string]any) *thing {
	t := l.thing()
	if t == nil {
		return nil
	}
	switch types := m["@type"].(type) {
	case string:
		t.kinds = []string{kind(types)}
	case []any:
		for _, e := range types[:min(len(types), maxWords)] {
			if s, ok := e.(string); ok {
				t.kinds = append(t.kinds, kind(s))
			}
		}
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasPrefix(name, "@") {
			l.values(t, name[strings.LastIndexAny(name, "/#:")+1:], m[name])
		}
	}
	if id, ok := m["@id"].(string); ok {
		t.id = id
		if len(t.props) > 0 && l.byID[id] == nil {
			l.byID[id] = t
		}
	}
	return t
}

func (l *ldReader) values(t *thing, name string, v any) {
	switch v := v.(type) {
	case string:
		// JSON-LD is written for machines, but shops put entities and line
		// breaks into it.
		t.add(name, value{text: squeeze(html.UnescapeString(v))})
	case json.Number:
		t.add(name, value{text: v.String(), number: true})
	case bool:
		text := "false"
		if v {
			text = "true"
		}
		t.add(name, value{text: text})
	case []any:
		for _, e := range v {
			l.values(t, name, e)
		}
	case map[string]any:
		if inner, ok := v["@value"]; ok {
			l.values(t, name, inner)
			return
		}
		if inner, ok := v["@list"]; ok {
			l.values(t, name, inner)
			return
		}
		item := l.node(v)
		if item == nil {
			return
		}
		t.add(name, value{item: item})
		if len(item.props) == 0 && item.id != "" {
			k := key(name)
			l.refs = append(l.refs, ldRef{t, k, len(t.props[k]) - 1, item.id})
		}
	}
}

// resolve puts nodes in place of the references to them.
func (l *ldReader) resolve() {
	for _, ref := range l.refs {
		if to := l.byID[ref.id]; to != nil && ref.at >= 0 {
			ref.from.props[ref.key][ref.at].item = to
		}
	}
}

// arrange makes a source of top-level items: what a page is about comes
// forward, and repeated items and ItemLists become lists.
func (r *reader) arrange(top []*thing) source {
	var s source
	there := map[*thing]bool{}
	add := func(t *thing) {
		if !there[t] {
			there[t] = true
			s.items = append(s.items, t)
		}
	}
	for _, t := range top {
		add(t)
		for _, v := range t.props["mainentity"] {
			if v.item != nil {
				v.item.main = true
				add(v.item)
			}
		}
	}
	for _, t := range s.items {
		if elements := t.props["itemlistelement"]; len(elements) > 0 && !t.is("breadcrumblist") {
			s.lists = append(s.lists, list{append(names(t), "items"), r.listed(elements)})
		}
	}
	var kinds []string
	alike := map[string][]*thing{}
	for _, t := range s.items {
		for _, k := range t.kinds {
			if alike[k] == nil {
				kinds = append(kinds, k)
			}
			alike[k] = append(alike[k], t)
		}
	}
	for _, k := range kinds {
		s.lists = append(s.lists, list{[]string{k}, alike[k]})
	}
	return s
}

// names are what a list may be called: its kinds and its name.
func names(t *thing) []string {
	all := slices.Clone(t.kinds)
	for _, v := range t.props["name"] {
		all = append(all, key(v.text))
	}
	return all
}

// listed are the things that a list's elements stand for: a ListItem is what
// it points at, with what it says itself where that is silent.
func (r *reader) listed(elements []value) []*thing {
	var all []*thing
	for _, e := range elements {
		if e.item == nil {
			t := r.thing()
			if t == nil {
				break
			}
			t.add("name", e)
			all = append(all, t)
			continue
		}
		t := e.item
		if inner := t.props["item"]; t.is("listitem") && len(inner) > 0 && inner[0].item != nil {
			t = inner[0].item
			if len(t.props) == 0 {
				t = e.item
			}
		}
		all = append(all, t)
	}
	return all
}
