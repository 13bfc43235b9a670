package schema

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// maxFiles bounds the files of one schema: a folder that holds a link to itself
// has names without end.
const maxFiles = 500

// A collector gathers the documents that a schema is made of.
type collector struct {
	open  func(string) ([]byte, error)
	x     *index
	docs  []*document          // the root first
	files map[string]*document // by name; nil for a faulty one
	errs  Errors
}

// collect loads every file that the schema refers to, directly or not.
func collect(root *document, open func(string) ([]byte, error)) *collector {
	c := &collector{open: open, x: newIndex(), files: map[string]*document{}}
	c.add(root)
	var late []reference
	for i := 0; i < len(c.x.refs); i++ {
		r := c.x.refs[i]
		if found, e := c.follow(r); e != nil {
			c.fail(r, e)
		} else if !found {
			late = append(late, r)
		}
	}
	for _, r := range late { // a file loaded since may bear the name
		uri, _, _ := strings.Cut(r.text, "#")
		if target, _ := join(r.base, uri); c.x.resources[target].doc == nil {
			c.fail(r, fmt.Errorf("no schema here is named %s, and only files below the manifest's folder can be referenced", quote(target)))
		} else if _, e := c.follow(r); e != nil {
			c.fail(r, e)
		}
	}
	for _, r := range c.x.twice {
		c.fail(r, fmt.Errorf("%s is the name of another schema too", quote(r.text)))
	}
	return c
}

func (c *collector) add(d *document) {
	c.docs = append(c.docs, d)
	if d.name != "" {
		c.files[d.name] = d
	}
	c.x.add(d)
}

func (c *collector) fail(r reference, err error) {
	e := &Error{File: r.at.doc.name, Pointer: r.at.pointer + "/" + r.key, Keyword: r.key, Message: err.Error()}
	var failed *openError
	if errors.As(err, &failed) {
		e.Err = failed.err
	}
	c.errs = append(c.errs, e)
}

// follow makes sure that a reference leads somewhere and loads the file that
// it needs. It returns false for a URI that only another schema's name can
// make known.
func (c *collector) follow(r reference) (bool, error) {
	uri, _, _ := strings.Cut(r.text, "#")
	target, err := join(r.base, uri)
	if err != nil {
		return false, fmt.Errorf("%s is not a URI reference", quote(r.text))
	}
	if _, known := c.x.resources[target]; !known {
		if isMeta(target) {
			return true, nil
		}
		name, local, err := fileOf(r, uri)
		if err != nil || !local {
			return false, err
		}
		d, err := c.load(name, c.x.draftAt(r.at))
		if err != nil || d == nil {
			return true, err
		}
		if _, known := c.x.resources[target]; !known {
			c.x.resources[target] = place{doc: d}
		}
	}
	if _, ok := c.x.resolve(r); !ok {
		return false, fmt.Errorf("%s leads nowhere", quote(r.text))
	}
	return true, nil
}

// An openError is one of [Options].Open.
type openError struct {
	name string
	err  error
}

func (e *openError) Error() string { return fmt.Sprintf("cannot read %s: %v", quote(e.name), e.err) }

// load reads a file once; nil when it was found faulty.
func (c *collector) load(name string, d draft) (*document, error) {
	if doc, ok := c.files[name]; ok {
		return doc, nil
	}
	if c.open == nil {
		return nil, fmt.Errorf("files cannot be referenced here")
	}
	if len(c.docs) > maxFiles {
		return nil, fmt.Errorf("more than %d files are referenced", maxFiles)
	}
	text, err := c.open(name)
	if err != nil {
		return nil, &openError{name, err}
	}
	doc, err := load(name, text)
	if errs, ok := err.(Errors); ok {
		c.files[name] = nil
		c.errs = append(c.errs, errs...)
		return nil, nil
	}
	doc.draft = draftIn(doc.root, d)
	c.add(doc)
	return doc, nil
}

// fileOf returns the file, below the manifest's folder, that a reference
// means; local is false when it is a URI that names no file.
//
// A relative reference is relative to the file that holds it, also when a
// $id says that the file lives at some address: nothing is ever fetched.
func fileOf(r reference, ref string) (name string, local bool, err error) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", false, fmt.Errorf("%s is not a URI reference", quote(r.text))
	}
	if u.Scheme != "" || u.Host != "" {
		return "", false, nil
	}
	if u.RawQuery != "" || strings.ContainsAny(u.Path, "\\\x00") {
		return "", false, fmt.Errorf("%s is not the path of a file", quote(r.text))
	}
	if path.IsAbs(u.Path) {
		return "", false, fmt.Errorf("%s is an absolute path; only files below the manifest's folder can be referenced, by a relative one", quote(r.text))
	}
	dir := path.Dir(r.at.doc.name)
	if base, err := url.Parse(r.base); err == nil && strings.HasPrefix(r.base, folder) {
		dir = path.Dir(strings.TrimPrefix(base.Path, "/"))
	}
	name = path.Join(dir, u.Path)
	if name == "." || name == ".." || strings.HasPrefix(name, "../") {
		return "", false, fmt.Errorf("%s leads out of the manifest's folder; only files below it can be referenced", quote(r.text))
	}
	return name, true, nil
}

// isMeta reports whether a URI names a part of JSON Schema itself, which every
// validator has at hand.
func isMeta(uri string) bool {
	if _, ok := draftOf(uri); ok {
		return true
	}
	uri = strings.TrimPrefix(strings.TrimPrefix(uri, "http://"), "https://")
	return strings.HasPrefix(uri, "json-schema.org/draft/2019-09/meta/") ||
		strings.HasPrefix(uri, "json-schema.org/draft/2020-12/meta/")
}
