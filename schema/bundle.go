package schema

import (
	"net/url"
	"path"
	"strconv"
	"strings"
)

// A bundle is the one document that several were put together to.
type bundle struct {
	root  *node
	parts []part
}

// A part is a document and where it lies in the bundle.
type part struct {
	doc    *document
	prefix string // JSON Pointer; "" for the root
}

// origin returns the document and the pointer in it that a pointer into the
// bundle means.
func (b *bundle) origin(pointer string) (*document, string) {
	for _, p := range b.parts[1:] {
		if pointer == p.prefix || strings.HasPrefix(pointer, p.prefix+"/") {
			return p.doc, pointer[len(p.prefix):]
		}
	}
	return b.parts[0].doc, pointer
}

func (b *bundle) prefix(d *document) string {
	for _, p := range b.parts {
		if p.doc == d {
			return p.prefix
		}
	}
	return ""
}

// pack puts the documents together. Each is copied under the definitions of
// the first. Where the meaning of every reference is fixed, all of them become
// pointers into the bundle and the names that they went by are dropped, since
// that is what every reader of schemas understands. Where it is not — dynamic
// references, drafts that differ — each part keeps a name, its $id.
func (c *collector) pack() (*bundle, Errors) {
	b := &bundle{root: c.docs[0].root.clone()}
	b.parts = []part{{doc: c.docs[0]}}
	defs := b.root.get(c.docs[0].draft.defsKey())
	if len(c.docs) > 1 && defs == nil {
		defs = &node{kind: object}
		b.root.set(c.docs[0].draft.defsKey(), defs)
	}
	for _, d := range c.docs[1:] {
		name := freeName(defs, d.name)
		defs.set(name, d.root.clone())
		b.parts = append(b.parts, part{d, "/" + c.docs[0].draft.defsKey() + "/" + name})
	}
	if c.fixed() {
		c.point(b)
		return b, nil
	}
	return b, c.name(b)
}

// selfContained reports whether the first document needs nothing beside it
// and never refers to itself by its file's name.
func (c *collector) selfContained() bool {
	if len(c.docs) > 1 {
		return false
	}
	root := place{doc: c.docs[0]}
	named := c.x.bases[root] != root.doc.base()
	for _, r := range c.x.refs {
		uri, _, _ := strings.Cut(r.text, "#")
		target, err := join(r.base, uri)
		resource, known := c.x.resources[target]
		if err != nil || uri == "" || !known {
			continue
		}
		if c.x.bases[resource] != target || resource == root && !named {
			return false
		}
	}
	return true
}

// fixed reports whether every reference has one meaning that can be written
// as a pointer.
func (c *collector) fixed() bool {
	for _, s := range c.x.schemas {
		if s.draft != c.docs[0].draft {
			return false
		}
		for _, key := range []string{"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"} {
			if s.node.get(key) != nil {
				return false
			}
		}
	}
	return true
}

// point turns every reference into a pointer from the root.
func (c *collector) point(b *bundle) {
	for _, r := range c.x.refs {
		to, ok := c.x.resolve(r)
		if !ok {
			continue // JSON Schema itself
		}
		text := "#" + fragment(b.prefix(to.doc)+to.pointer)
		b.root.at(b.prefix(r.at.doc)+r.at.pointer).set(r.key, &node{kind: str, text: text})
	}
	for _, s := range c.x.schemas {
		at := b.prefix(s.at.doc) + s.at.pointer
		n := b.root.at(at)
		if n.kind != object || s.draft.refOnly() && n.get("$ref") != nil {
			continue
		}
		n.remove("$anchor")
		if at != "" {
			n.remove(s.draft.idKey())
			if s.at.pointer == "" {
				n.remove("$schema")
			}
		}
	}
}

// name gives every part a $id and refers to it by that.
func (c *collector) name(b *bundle) Errors {
	var errs Errors
	for _, p := range b.parts {
		n := b.root.at(p.prefix)
		if n.kind != object {
			continue
		}
		if p.doc.draft.refOnly() && n.get("$ref") != nil {
			errs = append(errs, &Error{File: p.doc.name, Pointer: "/$ref", Keyword: "$ref",
				Message: "the root of a file may not be a $ref where files of several drafts are put together",
				Hint:    "write allOf with the $ref in it"})
			continue
		}
		n.set(p.doc.draft.idKey(), &node{kind: str, text: c.x.bases[place{doc: p.doc}]})
		if p.prefix != "" {
			n.set("$schema", &node{kind: str, text: p.doc.draft.uri()})
		}
	}
	for _, r := range c.x.refs {
		uri, fragment, _ := strings.Cut(r.text, "#")
		target, err := join(r.base, uri)
		resource, known := c.x.resources[target]
		if err != nil || !known || uri == "" {
			continue
		}
		if resource.pointer == "" {
			target = c.x.bases[resource]
		}
		b.root.at(b.prefix(r.at.doc)+r.at.pointer).set(r.key, &node{kind: str, text: target + "#" + fragment})
	}
	return errs
}

// freeName makes a key for a file that the definitions do not have yet, of
// characters that a pointer need not escape.
func freeName(defs *node, file string) string {
	base := path.Base(file)
	base = strings.TrimSuffix(base, path.Ext(base))
	base = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, base)
	if base == "" {
		base = "file"
	}
	name := base
	for i := 2; defs.get(name) != nil; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	return name
}

// fragment escapes a JSON Pointer for a URI.
func fragment(pointer string) string {
	toks := strings.Split(pointer, "/")
	for i, t := range toks {
		toks[i] = url.PathEscape(t)
	}
	return strings.Join(toks, "/")
}
