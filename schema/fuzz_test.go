package schema

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever stands in a schema and in a file that it refers to, Compile gives a
// schema whose text compiles to itself, or errors in words that point into the
// text that they are about. It never panics.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(product), []byte(`{"type":"string"}`))
	f.Add([]byte(`{"$ref":"a.json#/x","minimum":1e2000,"pattern":"(?=x)"}`), []byte(`{"x":{"$ref":"../b.json","$id":"http://[::1"}}`))
	f.Add([]byte(`{"$schema":"http://json-schema.org/draft-07/schema#","$id":"a","definitions":{"b":{"$ref":"#/definitions/b"}}}`), []byte(`{`))
	f.Add([]byte(`{"$dynamicRef":"a.json#n","$anchor":"n","$defs":{"~/%":{"$id":"#x"}}}`), []byte(`{"$dynamicAnchor":"n","$recursiveRef":"#"}`))
	f.Add([]byte("\xef\xbb\xbf{\"a\":\xff}"), []byte("[[[[1]]]]"))
	f.Add([]byte(`[1e99999,{"$schema":5,"type":[],"enum":[]}]`), []byte(`true`))
	f.Fuzz(func(t *testing.T, text, file []byte) {
		texts := map[string][]byte{"": text}
		open := func(name string) ([]byte, error) {
			if strings.HasPrefix(name, "/") || name == ".." || strings.HasPrefix(name, "../") || len(texts) > 50 {
				t.Errorf("the file %q was asked for", name)
			}
			if len(texts) > 5 {
				return nil, errors.New("enough")
			}
			texts[name] = file
			return file, nil
		}
		s, err := Compile(text, Options{Open: open, Object: true})
		if err == nil {
			again, err := Compile(s.Text(), Options{Object: true})
			if err != nil || string(again.Text()) != string(s.Text()) || again.Digest() != s.Digest() {
				t.Errorf("compiled again: %v, %s, want %s", err, again.Text(), s.Text())
			}
			return
		}
		errs, ok := err.(Errors)
		if !ok || len(errs) == 0 {
			t.Fatalf("got %T, want Errors", err)
		}
		for _, e := range errs {
			if e.Message == "" || !utf8.ValidString(e.Message) || len(e.Message) > 10_000 {
				t.Errorf("got %+v", e)
			}
			doc, known := texts[e.File]
			if !known {
				t.Errorf("the error is of the file %q, which nobody opened", e.File)
			}
			root, err := parse(doc)
			if e.Pointer == "" || err != nil {
				continue
			}
			if at := root.at(e.Pointer); at == nil && len(e.Pointer) < maxPath/2 {
				t.Errorf("%q leads nowhere in %s", e.Pointer, doc)
			}
		}
	})
}
