package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Options say what a schema is compiled for.
type Options struct {
	// Name is the slash-separated path of the schema's file below the
	// manifest's folder. It appears in errors, and a $ref to a file is
	// relative to it. "" is inline text, whose references are relative to the
	// folder.
	Name string

	// Open reads a file that a $ref names, as JSON text, by its clean,
	// slash-separated path below the manifest's folder, which never begins
	// with a slash or two dots. Nil refuses references to files.
	Open func(name string) ([]byte, error)

	// Object demands that the root describes an object.
	Object bool
}

// Compile reads a schema: JSON text in its author's order. Files that it
// refers to are bundled into it. The error is an [Errors] with everything that
// could be found.
func Compile(text []byte, o Options) (*Schema, error) {
	doc, err := load(o.Name, text)
	if err != nil {
		return nil, err
	}
	if o.Open != nil {
		if doc, text, err = standIn(doc, text, o.Open); err != nil {
			return nil, err
		}
	}
	doc.draft = draftIn(doc.root, defaultDraft)
	c := collect(doc, o.Open)
	errs, warnings := lint(c.x)
	errs = append(errs, c.errs...)
	for _, d := range c.docs {
		errs = append(errs, d.faults...)
	}
	if len(c.x.schemas) <= maxSchemas {
		for _, d := range c.docs {
			errs = append(errs, metaErrors(d)...)
		}
		errs = append(errs, chains(c.x)...)
		// Of a root without a type whose references lead nowhere, what it
		// describes is not known.
		if o.Object && (len(c.errs) == 0 || doc.root.get("type") != nil) {
			errs = append(errs, objectErrors(c.x, doc)...)
		}
	}
	if len(errs) > 0 {
		return nil, c.sorted(errs)
	}

	s := &Schema{warnings: c.ordered(warnings), rank: ranks(c.x)}
	b := &bundle{root: doc.root, parts: []part{{doc: doc}}}
	if c.selfContained() {
		var out bytes.Buffer
		if err := json.Compact(&out, text); err != nil {
			return nil, err
		}
		s.text = out.Bytes()
	} else {
		if b, errs = c.pack(); errs != nil {
			return nil, c.sorted(errs)
		}
		s.text = b.root.json(nil)
	}
	if err := s.finish(b); err != nil {
		return nil, err
	}
	return s, nil
}

// finish compiles the bundled text and reads from it what is asked for often.
func (s *Schema) finish(b *bundle) error {
	j, err := newJudge(s.text, defaultDraft)
	if err != nil {
		doc, pointer := b.origin(locationOf(err))
		return Errors{{File: doc.name, Pointer: pointer, Message: strings.ReplaceAll(err.Error(), folder, "")}}
	}
	s.judges.put(j)
	canonical, err := Canonical(s.text)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(canonical)
	s.digest = hex.EncodeToString(sum[:])

	whole := &document{root: b.root, draft: b.parts[0].doc.draft}
	s.doc = b.root
	x := newIndex()
	x.add(whole)
	s.columns = columnsOf(x, whole)
	s.declared = map[string]bool{}
	for _, p := range x.shape([]place{{doc: whole}}).properties {
		s.declared[p.name] = true
	}
	return nil
}

// objectErrors demands that a root describes an object, by itself or through
// a $ref, allOf or alternatives.
func objectErrors(x *index, doc *document) Errors {
	root := x.shape([]place{{doc: doc}})
	if root.closed && root.types&typeObject != 0 {
		return nil
	}
	e := &Error{File: doc.name, Keyword: "type", Message: "a result schema must describe an object at its root"}
	if doc.root.get("type") != nil {
		e.Pointer = "/type"
	} else {
		e.Hint = "write type: object"
	}
	return Errors{e}
}

// standIn puts the file in the place of a schema that is nothing but a $ref to
// it, so that what is sent is the author's file.
func standIn(doc *document, text []byte, open func(string) ([]byte, error)) (*document, []byte, error) {
	seen := map[string]bool{}
	for {
		ref, ok := doc.root.string("$ref")
		if !ok || len(doc.root.keys) != 1 || strings.HasPrefix(ref, "#") || strings.Contains(strings.TrimSuffix(ref, "#"), "#") {
			return doc, text, nil
		}
		r := reference{at: place{doc: doc}, text: ref, base: doc.base()}
		name, local, err := fileOf(r, strings.TrimSuffix(ref, "#"))
		if err != nil || !local || seen[name] {
			return doc, text, nil // explained when references are followed
		}
		seen[name] = true
		t, err := open(name)
		if err != nil {
			return doc, text, nil
		}
		d, err := load(name, t)
		if err != nil {
			return nil, nil, err
		}
		doc, text = d, t
	}
}
