package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Options say what a schema is compiled for.
type Options struct {
	// Name is the slash-separated path of the schema's file below the
	// manifest's folder. It appears in errors, and a $ref to a file is
	// relative to it. "" is inline text, whose references are relative to the
	// folder.
	Name string

	// Open reads a file that a $ref names, as JSON text, by its slash-separated
	// path below the manifest's folder. Nil refuses references to files.
	Open func(name string) ([]byte, error)

	// Object demands that the root describes an object.
	Object bool
}

// Compile reads a schema: JSON text in its author's order. The error is an
// [Errors] with everything that could be found.
func Compile(text []byte, o Options) (*Schema, error) {
	doc, err := load(o.Name, text)
	if err != nil {
		return nil, err
	}
	doc.draft = draftIn(doc.root, defaultDraft)
	x := newIndex()
	x.add(doc)
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, err
	}
	s := &Schema{text: out.Bytes(), columns: columnsOf(x, doc), declared: declaredBy(x, doc)}
	canonical, err := Canonical(s.text)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(canonical)
	s.digest = hex.EncodeToString(sum[:])
	j, err := newJudge(s.text)
	if err != nil {
		return nil, Errors{{File: o.Name, Message: err.Error()}}
	}
	s.judges.put(j)
	return s, nil
}
