package schema

import (
	"net/url"
	"strings"
)

// folder is the base of every reference: the manifest's folder, under a
// scheme of our own that no file and no server answers to.
const folder = "manifest:///"

// A document is one JSON text that holds schemas.
type document struct {
	name  string // slash-separated, below the folder; "" for inline text
	root  *node
	draft draft

	faults Errors // of its text; nil for a sound one
}

func (d *document) base() string {
	return (&url.URL{Scheme: "manifest", Path: "/" + d.name}).String()
}

// A place is a value within a document.
type place struct {
	doc     *document
	pointer string
}

// down returns the place of a member or an element within a value.
func (p place) down(names ...string) place {
	for _, n := range names {
		p.pointer += "/" + escape(n)
	}
	return p
}

func (p place) node() *node { return p.doc.root.at(p.pointer) }

// A reference is a $ref or one of its relatives.
type reference struct {
	at   place // of the schema that holds it
	node *node // that schema
	key  string
	text string
	base string // the URI that it is relative to
}

// An index knows where the URIs and anchors of a set of documents lead, and
// which references they hold.
type index struct {
	resources map[string]place // by URI without fragment
	anchors   map[string]place // by URI#name
	bases     map[place]string // the URI of each resource
	refs      []reference
	drafts    map[place]draft // of each schema that the walk came by
	schemas   []found
	twice     []reference // second claims on a URI or an anchor
}

// A found is a schema that the walk came by.
type found struct {
	at    place
	node  *node
	draft draft
}

func newIndex() *index {
	return &index{
		resources: map[string]place{},
		anchors:   map[string]place{},
		bases:     map[place]string{},
		drafts:    map[place]draft{},
	}
}

// add walks a document from its root.
func (x *index) add(d *document) {
	root := place{doc: d}
	x.resources[d.base()] = root
	x.bases[root] = d.base()
	x.walk(d.root, root, d.base(), d.draft)
}

// walk notes what the schema n and those within it declare and refer to.
func (x *index) walk(n *node, at place, base string, d draft) {
	if _, visited := x.drafts[at]; visited {
		return
	}
	if n.kind == object {
		d = d.within(n, at.pointer)
	}
	x.drafts[at] = d
	x.schemas = append(x.schemas, found{at, n, d})
	if n.kind != object {
		return
	}
	void := d.refOnly() && n.get("$ref") != nil
	if id, ok := n.string(d.idKey()); ok && !void {
		uri, fragment, _ := strings.Cut(id, "#")
		if uri != "" {
			if joined, err := join(base, uri); err == nil {
				base = joined
				x.claim(x.resources, base, at, n, d.idKey(), id)
				x.bases[at] = base
			}
		}
		if d < draft2019 && fragment != "" && fragment[0] != '/' {
			x.claim(x.anchors, base+"#"+fragment, at, n, d.idKey(), id)
		}
	}
	if d >= draft2019 {
		if a, ok := n.string("$anchor"); ok {
			x.claim(x.anchors, base+"#"+a, at, n, "$anchor", a)
		}
	}
	if d >= draft2020 {
		if a, ok := n.string("$dynamicAnchor"); ok {
			x.claim(x.anchors, base+"#"+a, at, n, "$dynamicAnchor", a)
		}
	}
	for _, key := range []string{"$ref", "$recursiveRef", "$dynamicRef"} {
		if key == "$recursiveRef" && d != draft2019 || key == "$dynamicRef" && d < draft2020 {
			continue
		}
		if text, ok := n.string(key); ok {
			x.refs = append(x.refs, reference{at, n, key, text, base})
		}
	}
	d.children(n, at.pointer, func(c *node, pointer string) {
		x.walk(c, place{at.doc, pointer}, base, d)
	})
}

// claim gives a URI or an anchor to a place, unless another has it.
func (x *index) claim(m map[string]place, name string, at place, n *node, key, text string) {
	if other, taken := m[name]; taken && other != at {
		x.twice = append(x.twice, reference{at: at, node: n, key: key, text: text})
		return
	}
	m[name] = at
}

// within returns the place that a fragment names inside a resource, and walks
// it when it is not one that the keywords lead to.
func (x *index) within(resource place, fragment string) (place, bool) {
	fragment, err := url.PathUnescape(fragment)
	if err != nil {
		return place{}, false
	}
	if fragment != "" && fragment[0] != '/' {
		// The resource may have been found by another name than its own.
		p, ok := x.anchors[x.bases[resource]+"#"+fragment]
		return p, ok
	}
	p := place{resource.doc, resource.pointer + fragment}
	n := p.node()
	if n == nil {
		return place{}, false
	}
	if _, visited := x.drafts[p]; !visited {
		x.walk(n, p, x.baseOf(p), x.draftAt(p))
	}
	return p, true
}

// resolve follows a reference within the documents that are known.
func (x *index) resolve(r reference) (place, bool) {
	uri, fragment, _ := strings.Cut(r.text, "#")
	target, err := join(r.base, uri)
	if err != nil {
		return place{}, false
	}
	resource, ok := x.resources[target]
	if !ok {
		return place{}, false
	}
	return x.within(resource, fragment)
}

// baseOf returns the URI of the resource that holds a place.
func (x *index) baseOf(p place) string {
	for {
		if base, ok := x.bases[p]; ok {
			return base
		}
		i := strings.LastIndexByte(p.pointer, '/')
		if i < 0 {
			return p.doc.base()
		}
		p.pointer = p.pointer[:i]
	}
}

// draftAt returns the draft of a schema, or of the nearest one around it.
func (x *index) draftAt(p place) draft {
	for {
		if d, ok := x.drafts[p]; ok {
			return d
		}
		i := strings.LastIndexByte(p.pointer, '/')
		if i < 0 {
			return p.doc.draft
		}
		p.pointer = p.pointer[:i]
	}
}

// join resolves a URI reference without fragment against a base.
func join(base, ref string) (string, error) {
	if ref == "" {
		return base, nil
	}
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	r, err := url.Parse(ref)
	if err != nil {
		return "", err
	}
	return b.ResolveReference(r).String(), nil
}
