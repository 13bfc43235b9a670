package schema

import (
	"bytes"
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// metaErrors returns what JSON Schema itself finds wrong with a document.
func metaErrors(d *document) Errors {
	text := d.root.json(nil)
	_, err := newJudge(text, d.draft)
	var invalid *jsonschema.SchemaValidationError
	var failed *jsonschema.ValidationError
	if !errors.As(err, &invalid) || !errors.As(invalid.Err, &failed) {
		return nil // references are followed elsewhere
	}
	at := locationOf(err)
	n := d.root.at(at)
	if n == nil {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(n.json(nil)))
	if err != nil {
		return nil
	}
	x := explainer{value: value}
	var errs Errors
	for _, p := range x.explain(failed) {
		if p.Keyword == "propertyNames" {
			continue // a pattern, which lint has words for
		}
		keyword := p.InstancePath[strings.LastIndexByte(p.InstancePath, '/')+1:]
		errs = append(errs, &Error{File: d.name, Pointer: at + p.InstancePath, Keyword: unescape(keyword), Message: p.Message})
	}
	return errs
}

// locationOf returns the JSON Pointer that an error of the validator's
// compiler is about, "" when it does not say.
func locationOf(err error) string {
	var location string
	var invalid *jsonschema.SchemaValidationError
	var regex *jsonschema.InvalidRegexError
	switch {
	case errors.As(err, &invalid):
		location = invalid.URL
	case errors.As(err, &regex):
		location = regex.URL
	}
	_, fragment, _ := strings.Cut(location, "#")
	p, err := url.PathUnescape(fragment)
	if err != nil {
		return ""
	}
	return p
}

// sorted puts errors in the order of the documents and of what stands in them,
// and keeps the first of several for one place.
func (c *collector) sorted(errs Errors) Errors {
	type position struct {
		doc  int
		path []int
	}
	positions := map[*Error]position{}
	for _, e := range errs {
		i := slices.IndexFunc(c.docs, func(d *document) bool { return d.name == e.File })
		if i < 0 { // a file that could not be read
			positions[e] = position{doc: len(c.docs)}
			continue
		}
		positions[e] = position{i, c.docs[i].root.position(e.Pointer)}
	}
	slices.SortStableFunc(errs, func(a, b *Error) int {
		p, q := positions[a], positions[b]
		return cmp.Or(cmp.Compare(p.doc, q.doc), slices.Compare(p.path, q.path), strings.Compare(a.Pointer, b.Pointer))
	})
	return slices.CompactFunc(errs, func(a, b *Error) bool { return a.File == b.File && a.Pointer == b.Pointer })
}

// ordered puts warnings into the order of the files and of what stands in them.
func (c *collector) ordered(warnings []Error) []Error {
	errs := make(Errors, len(warnings))
	for i := range warnings {
		errs[i] = &warnings[i]
	}
	var out []Error
	for _, e := range c.sorted(errs) {
		out = append(out, *e)
	}
	return out
}

// position tells where in the text a pointer leads, as the numbers of the
// members and elements on the way.
func (n *node) position(pointer string) (path []int) {
	for tok := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if n == nil {
			break
		}
		tok = unescape(tok)
		i, ok := n.index[tok]
		if n.kind == array {
			var err error
			i, err = strconv.Atoi(tok)
			ok = err == nil
		}
		if !ok {
			break
		}
		path = append(path, i)
		n = n.child(tok)
	}
	return path
}
