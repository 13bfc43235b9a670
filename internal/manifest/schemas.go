package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

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
func (l *loader) schema(n *node) *schema.Schema {
	if s, ok := l.compiled[n]; ok {
		return s
	}
	l.compiling = n
	s, err := schema.Compile(appendJSON(nil, n), schema.Options{Open: l.openSchema, Object: true})
	l.compiling = nil
	l.compiled[n] = s
	var wrong schema.Errors
	switch {
	case errors.As(err, &wrong):
		for _, e := range wrong {
			if errors.Is(e, errBroken) {
				continue
			}
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

// schemaProblem files an error of package schema at the value that it points
// to.
func (l *loader) schemaProblem(n *node, e schema.Error, warning bool) {
	p := Problem{Message: e.Message, Hint: e.Hint, Warning: warning}
	f := l.files[e.File]
	switch {
	case e.File == "":
		at := n.find(e.Pointer)
		p.File, p.Line, p.Column, p.Path = at.doc.name, at.line, at.column, at.doc.path(at)
		if e.AtKey {
			p.Line, p.Column = at.atKey()
		}
	case f != nil && f.root != nil:
		at := f.root.find(e.Pointer)
		p.File, p.Line, p.Column = at.doc.name, at.line, at.column
		if e.Pointer != "" {
			p.Path = at.path()
		}
		if e.AtKey {
			p.Line, p.Column = at.atKey()
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
	// Tasks may be iterated by several, and rows may name files.
	l.reading.Lock()
	defer l.reading.Unlock()
	if f, ok := l.files[name]; ok {
		return f, nil
	}
	root, err := os.OpenRoot(l.m.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	switch info, err := root.Stat(filepath.FromSlash(name)); {
	case err != nil && l.leadsOut(name):
		return nil, errors.New("it is a link out of the manifest's folder")
	case err != nil:
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file") // a pipe could be waited for for ever
	}
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, errors.New("it " + reason(err))
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, errors.New("it " + reason(err))
	}
	f := &schemaFile{text: text}
	doc := newDocument(l.resolve(name), text, false)
	if yamlFile.MatchString(name) {
		err = l.readYAML(f, doc)
	} else {
		err = l.readJSON(f, doc)
	}
	if err != nil {
		return nil, err
	}
	l.files[name] = f
	return f, nil
}

// leadsOut reports whether a name is that of a file, but by way of a symbolic link not
// of one below the manifest's folder.
func (l *loader) leadsOut(name string) bool {
	folder, err := filepath.EvalSymlinks(l.m.Dir)
	if err != nil {
		return false
	}
	file, err := filepath.EvalSymlinks(filepath.Join(l.m.Dir, filepath.FromSlash(name)))
	if err != nil {
		return false
	}
	below, err := filepath.Rel(folder, file)
	return err != nil || !filepath.IsLocal(below)
}

var yamlFile = regexp.MustCompile(`(?i)\.ya?ml$`)

// errBroken is what package schema hears of a file whose own errors have been
// filed, so that nothing more need be said of it.
var errBroken = errors.New("it has errors of its own")

func (l *loader) readYAML(f *schemaFile, doc *document) error {
	ps := &problems{}
	tree, p := parse(doc, f.text)
	switch {
	case p != nil:
		ps.add(*p)
	case tree == nil:
		ps.add(Problem{File: doc.name, Line: 1, Column: 1, Message: "the file is empty"})
	default:
		f.root = build(doc, tree, ps)
	}
	if found := ps.errors(doc.name); len(found) > 0 {
		l.broken(found...)
		return errBroken
	}
	f.text = appendJSON(nil, f.root)
	return nil
}

func (l *loader) readJSON(f *schemaFile, doc *document) error {
	if p := encoding(doc, f.text); p != nil {
		l.broken(*p)
		return errBroken
	}
	f.text = bytes.TrimPrefix(f.text, []byte("\ufeff"))
	var syntax *json.SyntaxError
	if err := json.Unmarshal(f.text, new(json.RawMessage)); errors.As(err, &syntax) {
		before := f.text[:min(max(int(syntax.Offset)-1, 0), len(f.text))]
		start := bytes.LastIndexByte(before, '\n') + 1
		l.broken(Problem{
			File: doc.name, Line: bytes.Count(before, []byte("\n")) + 1, Column: utf8.RuneCount(before[start:]) + 1,
			Message: "is not JSON: " + jsonWords(syntax),
		})
		return errBroken
	}
	ps := &problems{}
	f.root = readTree(doc, f.text, ps)
	if found := ps.errors(doc.name); len(found) > 0 {
		l.broken(found...)
		return errBroken
	}
	return nil
}

// broken files the errors of a schema file under the schema that is being
// compiled.
func (l *loader) broken(found ...Problem) {
	for _, p := range found {
		if l.compiling == nil {
			l.ps.add(p) // a row's schema refers to it
			continue
		}
		l.ps.addUnder(p, l.compiling.line, l.compiling.column)
	}
}

// fileError says which file cannot be used, and why.
func fileError(name string, err error) string { return quote(name) + " " + reason(err) }

// reason says why a file cannot be used, without the system's way of naming
// it.
func reason(err error) string {
	var path *os.PathError
	if errors.Is(err, os.ErrNotExist) {
		return "does not exist"
	}
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Sprintf("cannot be read: %v", err)
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
	s, err := schema.Compile(text, schema.Options{Open: x.open, Object: true})
	var wrong schema.Errors
	if errors.As(err, &wrong) {
		at := e.inlineSchema.node
		if wrong[0].File == "" {
			at = at.find(wrong[0].Pointer)
		}
		return nil, &evalError{node: at, err: errors.New(wrong[0].Message), filed: errors.Is(wrong[0], errBroken)}
	}
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
