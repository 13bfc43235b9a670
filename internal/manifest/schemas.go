package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// A schemaFile is a file below the manifest's folder that a schema refers to.
type schemaFile struct {
	text []byte // JSON
	root *node  // for the places of errors; nil when it could not be read
}

// named compiles every entry of resultSchemas, each alone, so that every
// error shows.
func (l *loader) named(n *node) {
	l.schemas = map[string]*schema.Schema{}
	if n = l.goodMap(n); n == nil {
		return
	}
	for _, f := range n.fields {
		l.names = append(l.names, f.key)
		if f.value.kind == object && !l.bad(f.value) {
			l.schemas[f.key] = l.schema(f.value)
		}
	}
}

// schema compiles a schema that stands in the manifest; nil after problems.
// A schema that is nothing but a reference to a file is that file.
func (l *loader) schema(n *node) *schema.Schema {
	if s, ok := l.compiled[n]; ok {
		return s
	}
	text, name := appendJSON(nil, n), ""
	if ref := n.get("$ref"); ref != nil && ref.kind == textual && len(n.fields) == 1 {
		if file := localFile(ref.text); file != "" {
			if f, err := l.schemaFile(file); err == nil {
				text, name = f.text, file
			}
		}
	}
	s, err := schema.Compile(text, schema.Options{Name: name, Open: l.openSchema, Object: true})
	l.compiled[n] = s
	var wrong schema.Errors
	switch {
	case errors.As(err, &wrong):
		for _, e := range wrong {
			l.schemaProblem(n, *e, false)
		}
	case err != nil:
		l.ps.wrong(n, "%v", err)
	default:
		for _, w := range s.Warnings() {
			l.schemaProblem(n, w, true)
		}
	}
	return s
}

// localFile returns the file that a reference without fragment names,
// slash-separated and clean; "" when it is something else.
func localFile(ref string) string {
	u, err := url.Parse(ref)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Fragment != "" || u.RawQuery != "" || u.Path == "" {
		return ""
	}
	clean := filepath.ToSlash(filepath.Clean(filepath.FromSlash(u.Path)))
	if strings.HasPrefix(clean, "/") || clean == ".." || strings.HasPrefix(clean, "../") {
		return ""
	}
	return clean
}

// schemaProblem files an error of package schema at the value that it points
// to.
func (l *loader) schemaProblem(n *node, e schema.Error, warning bool) {
	p := Problem{Message: e.Message, Hint: e.Hint, Warning: warning}
	f := l.files[e.File]
	switch {
	case e.File == "":
		at := n.find(e.Pointer)
		p.File, p.Line, p.Column, p.Path = at.doc.name, at.line, at.column, at.doc.path(at)
	case f != nil && f.root != nil:
		at := f.root.find(e.Pointer)
		p.File, p.Line, p.Column = at.doc.name, at.line, at.column
		if e.Pointer != "" {
			p.Path = at.path()
		}
	default:
		p.File, p.Path = l.resolve(e.File), strings.TrimPrefix(e.Pointer, "/")
	}
	l.ps.addUnder(p, n.line, n.column)
}

// openSchema reads a file for package schema as JSON text.
func (l *loader) openSchema(name string) ([]byte, error) {
	f, err := l.schemaFile(name)
	if err != nil {
		return nil, err
	}
	return f.text, nil
}

// schemaFile reads a schema file once. Only files below the manifest's folder
// can be reached, whatever symbolic links say.
func (l *loader) schemaFile(name string) (*schemaFile, error) {
	if f, ok := l.files[name]; ok {
		return f, nil
	}
	root, err := os.OpenRoot(l.m.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, errors.New(fileError(name, err))
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, errors.New(fileError(name, err))
	}
	f := &schemaFile{text: text}
	ps := &problems{}
	doc := newDocument(l.resolve(name), text, false)
	isYAML := strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
	switch tree, p := parse(doc, text); {
	case p != nil && isYAML:
		return nil, fmt.Errorf("%s", p.Error())
	case p == nil && tree != nil:
		f.root = build(doc, tree, ps)
	}
	if isYAML {
		if found := ps.errors(doc.name); len(found) > 0 {
			return nil, found[0]
		}
		if f.root == nil {
			return nil, fmt.Errorf("%s is empty", quote(name))
		}
		f.text = appendJSON(nil, f.root)
	}
	l.files[name] = f
	return f, nil
}

// fileError says why a file cannot be used, without the system's way of
// naming it.
func fileError(name string, err error) string {
	var path *os.PathError
	if errors.Is(err, os.ErrNotExist) {
		return quote(name) + " does not exist"
	}
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Sprintf("%s cannot be read: %v", quote(name), err)
}

// rowSchema compiles an inline schema that has expressions, for one row.
func (x *expander) rowSchema(e *entry, v *expr.Values) (*schema.Schema, error) {
	text, err := e.inlineSchema.json(v)
	if err != nil {
		return nil, err
	}
	if s, ok := x.compiled[string(text)]; ok {
		return s, nil
	}
	s, err := schema.Compile(json.RawMessage(text), schema.Options{Open: x.open, Object: true})
	if err != nil {
		return nil, &evalError{node: e.inlineSchema.node, err: err}
	}
	// Rows often come in groups that give the same schema; more than a few
	// need not be kept.
	if len(x.compiled) >= 64 {
		clear(x.compiled)
	}
	x.compiled[string(text)] = s
	return s, nil
}
