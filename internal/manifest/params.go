package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A param is a parameter of the manifest with the value that is in use.
type param struct {
	name  string
	at    *node // its declaration
	kind  kind  // numeric, boolean or textual
	value *node // nil after a problem, and where one is missing
	usual *node // the default; nil for none
	enum  []*node
}

// A supplied value is one that did not come from the manifest.
type supplied struct {
	value *node
	typed bool // on a command line, where nothing tells a number from a string
	wrong func(message, hint string) Problem
	at    func(Problem) Problem // moves a problem from the name to the value; nil for one place
}

// ofValue is wrong for what is wrong with the value.
func (s supplied) ofValue(message, hint string) Problem {
	p := s.wrong(message, hint)
	if s.at != nil {
		p = s.at(p)
	}
	return p
}

var (
	paramsWord = regexp.MustCompile(`\bparams\b`)
	paramField = regexp.MustCompile(`\bparams\??\.[ \t\n]*([A-Za-z_][A-Za-z0-9_]*)|\bparams(?:\?\.)?\["([A-Za-z_][A-Za-z0-9_]*)"\]`)
)

// parameters reads the declarations, and the values that the caller gave.
func (l *loader) parameters(n *node, o Options) {
	n = l.goodMap(n)
	given := l.supplied(o)
	if n != nil {
		for _, f := range n.fields {
			p := l.param(f)
			value, ok := given[p.name]
			delete(given, p.name)
			switch {
			case p.kind == object: // what is wrong with it has been filed
			case ok:
				l.give(&p, value)
			case p.usual == nil:
				problem := f.value.problem("has no default, and no value is given", fmt.Sprintf("give it one: --param %s=…", f.key))
				problem.Line, problem.Column = f.line, f.column
				l.ps.add(problem)
			}
			l.unset = l.unset || p.value == nil
			l.params = append(l.params, p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		var known []string
		for _, p := range l.params {
			known = append(known, p.name)
		}
		message, hint := "no parameter is named "+quote(name), didYouMean(name, known)
		if hint == "" && len(known) > 0 {
			hint = "the parameters are " + someOf(known)
		} else if hint == "" {
			hint = fmt.Sprintf("the manifest declares none; they are declared as params: {%s: {default: …}}", name)
		}
		l.ps.addUnder(given[name].wrong(message, hint), 0, 0)
	}
	l.tell()
}

// param reads one declaration. Of one that is wrong the kind is object.
func (l *loader) param(f field) param {
	p := param{name: f.key, at: f.value, kind: object}
	if l.badBelow(f.value) {
		return p
	}
	p.usual = f.value.get("default")
	l.forbid(p.usual)
	if enum := f.value.get("enum"); enum != nil {
		p.enum = enum.items
	}
	first := p.usual
	if first == nil && len(p.enum) > 0 {
		first = p.enum[0]
	}
	want := textual
	if first != nil {
		want = first.kind
	}
	for _, item := range p.enum {
		if item.kind != want {
			of := "the default"
			if p.usual == nil {
				of = "the first one"
			}
			l.ps.add(item.problem(fmt.Sprintf("must be %s as %s is, not %s", want, of, item.says()), ""))
			return p
		}
		l.forbid(item)
	}
	if p.usual != nil && p.enum != nil && !contains(p.enum, p.usual) {
		l.ps.add(p.usual.problem(fmt.Sprintf("must be one of its enum, %s, not %s", textsOf(p.enum), p.usual.says()), didYouMean(p.usual.text, texts(p.enum))))
		return p
	}
	p.kind, p.value = want, p.usual
	return p
}

func contains(values []*node, n *node) bool {
	return slices.ContainsFunc(values, func(v *node) bool { return v.kind == n.kind && v.text == n.text })
}

func texts(values []*node) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.text
	}
	return out
}

func textsOf(values []*node) string { return choice(texts(values)) }

// give takes a value for a parameter if it is of its kind and one of its enum.
func (l *loader) give(p *param, from supplied) {
	v := *from.value
	if from.typed && p.kind != textual && v.text != "" {
		v.kind = plainKind(v.text)
	}
	if p.kind == textual && (v.kind == numeric || v.kind == boolean) {
		v.kind = textual // its text is what counts, as of a variable
	}
	p.value = nil
	switch {
	case v.kind != p.kind:
		l.ps.addUnder(from.ofValue("must be "+p.kind.String()+", not "+v.says(), ""), 0, 0)
	case p.enum != nil && !contains(p.enum, &v):
		l.ps.addUnder(from.ofValue(fmt.Sprintf("must be %s, not %s", textsOf(p.enum), v.says()), didYouMean(v.text, texts(p.enum))), 0, 0)
	default:
		p.value = &v
	}
}

// supplied reads what the caller gives, each on its own if it is wrong.
func (l *loader) supplied(o Options) map[string]supplied {
	out := map[string]supplied{}
	l.paramsFile(o.ParamsFile, out)
	for name, text := range o.Params {
		wrong := func(message, hint string) Problem {
			return Problem{File: "--param " + cut(name), Message: message, Hint: hint}
		}
		if !utf8.ValidString(text) || !utf8.ValidString(name) {
			l.ps.addUnder(wrong("is not valid UTF-8", ""), 0, 0)
			delete(out, name)
			continue
		}
		out[name] = supplied{&node{kind: textual, text: text}, true, wrong, nil}
	}
	return out
}

// paramsFile reads a YAML or JSON file with a map of values.
func (l *loader) paramsFile(path string, out map[string]supplied) {
	if path == "" {
		return
	}
	whole := func(message, hint string) { l.ps.add(Problem{File: path, Message: message, Hint: hint}) }
	text, err := readParams(path)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "check the path; it is relative to the working directory"
		}
		whole(reason(err), hint)
		return
	}
	doc := newDocument(path, text, false)
	tree, p := parse(doc, text)
	switch {
	case p != nil:
		l.ps.add(*p)
		return
	case tree == nil:
		return // an empty file gives nothing
	}
	root := build(doc, tree, l.ps)
	if root == nil {
		return
	}
	if root.kind != object {
		l.ps.add(root.problem("must be a map of parameters such as country: DE, not "+root.says(), ""))
		return
	}
	for _, f := range root.fields {
		out[f.key] = supplied{f.value, false, func(message, hint string) Problem {
			return Problem{File: path, Line: f.line, Column: f.column, Path: f.key, Message: message, Hint: hint}
		}, func(p Problem) Problem {
			p.Line, p.Column = f.value.line, f.value.column
			return p
		}}
	}
}

func readParams(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// tell gives the manifest what has come of its parameters.
func (l *loader) tell() {
	if len(l.params) == 0 {
		return
	}
	values := map[string]any{}
	out := []byte{'{'}
	for _, p := range l.params {
		if p.value == nil {
			continue
		}
		values[p.name] = exact(p.value)
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendString(out, p.name), ':')
		out = appendJSON(out, p.value)
		if p.usual == nil || !contains([]*node{p.usual}, p.value) {
			l.m.Given = append(l.m.Given, p.name+"="+p.value.text)
		}
	}
	l.m.Params = append(out, '}')
	slices.Sort(l.m.Given)
	l.m.shared["params"] = values
}

// paramsIn returns the parameters that some expressions use, as a JSON object
// in the order of their declaration; nil for none.
func (l *loader) paramsIn(sources []string) json.RawMessage {
	all := strings.Join(sources, "\n")
	if !paramsWord.MatchString(all) {
		return nil
	}
	named := map[string]bool{}
	for _, m := range paramField.FindAllStringSubmatch(all, -1) {
		named[m[1]+m[2]] = true
	}
	// A name that is computed, or the parameters as a whole, may be any.
	any := len(paramsWord.FindAllString(all, -1)) > len(paramField.FindAllString(all, -1))
	out := []byte{'{'}
	for _, p := range l.params {
		if p.value == nil || !any && !named[p.name] {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendString(out, p.name), ':')
		out = appendJSON(out, p.value)
	}
	if len(out) == 1 {
		return nil
	}
	return append(out, '}')
}
