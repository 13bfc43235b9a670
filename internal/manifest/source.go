package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// standardInput is the name of the rows that come from there.
const standardInput = "-"

// forEach opens what a task's forEach names. It also returns the value that names it, which
// is where errors of the data as a whole belong. The source is nil after problems.
func (l *loader) forEach(f *node) (*node, source) {
	if l.good(f) == nil {
		return nil, nil
	}
	switch f.kind {
	case list:
		if l.badBelow(f) {
			return f, nil
		}
		return f, inline{f}
	case object:
		file := f.get("file")
		if l.badBelow(f) || l.forbid(file) {
			return f, nil
		}
		if s := l.open(file, f.get("format")); s != nil {
			return file, l.choose(f, s)
		}
		return file, nil
	}
	if l.forbid(f) {
		return f, nil
	}
	return f, l.open(f, nil)
}

// formats are those of data, by the extension.
var formats = regexp.MustCompile(`(?i)\.(csv|tsv|jsonl|ndjson|json|ya?ml)$`)

// dataFormat is the format that a path's extension means, or "".
func dataFormat(path string) string {
	found := formats.FindStringSubmatch(path)
	if found == nil {
		return ""
	}
	switch ext := strings.ToLower(found[1]); ext {
	case "ndjson":
		return "jsonl"
	case "yml":
		return "yaml"
	default:
		return ext
	}
}

// open opens the file that a value names, in the format that another one says, if it is not
// nil; nil after problems.
func (l *loader) open(n, format *node) source {
	path, shown, kind := "", "", ""
	if n.text == standardInput {
		path, shown, kind = l.spooled(n), standardInput, "jsonl"
		if path == "" {
			return nil
		}
	} else {
		path = l.resolve(n.text)
		shown, kind = path, dataFormat(path)
	}
	if format != nil {
		kind = format.text
	}
	switch kind {
	case "csv", "tsv":
		f := &csvFile{path: path, shown: shown, tabs: kind == "tsv"}
		if err := f.readHeader(); err != nil {
			l.dataProblem(n, shown, err)
			return nil
		}
		return f
	case "jsonl", "json":
		file, err := openData(path)
		if err != nil {
			l.dataProblem(n, shown, err)
			return nil
		}
		_ = file.Close() // that it is there is all that is asked
		if kind == "json" {
			return &jsonFile{path, shown, readJSON}
		}
		return &jsonFile{path, shown, readJSONL}
	case "yaml":
		return l.yamlRows(n, path, shown)
	}
	l.ps.add(n.problem(fmt.Sprintf("what format %s has its extension does not say", quote(n.text)),
		"say it: format: csv, tsv, jsonl, json or yaml"))
	return nil
}

// A spool is where the rows of standard input are, which only one can read and several
// tasks may name.
type spool struct {
	open func() (path string, err error) // nil where they are not to be had
	done bool
	path string
	err  error
}

// spooled returns the path of the file that has the rows of standard input; "" after a
// problem.
func (l *loader) spooled(n *node) string {
	switch {
	case l.m.File == standardInput:
		l.ps.add(n.problem("standard input is the manifest, so that the rows cannot come from there",
			"put the manifest or the rows into a file"))
		return ""
	case l.stdin == nil || l.stdin.open == nil:
		l.ps.add(n.problem("the rows come from standard input, which is not read here", ""))
		return ""
	}
	in := l.stdin
	if !in.done {
		in.path, in.err = in.open()
		in.done = true
	}
	if in.err != nil {
		l.ps.wrong(n, "standard input %s", reason(in.err))
		return ""
	}
	return in.path
}

// choose applies what the map of a forEach says beside the file; nil after problems.
func (l *loader) choose(f *node, s source) source {
	before := l.ps.met
	c := &chosen{source: s, file: f.get("file").text, skip: f.get("onBadRow") != nil && f.get("onBadRow").text == "skip"}
	for _, n := range l.items(f.get("secretColumns")) {
		c.hidden = append(c.hidden, n.text)
		if o := s.env(); !o.Open && !slices.Contains(o.Fields, n.text) {
			l.ps.add(n.problem(fmt.Sprintf("no column is named %s", quote(n.text)), hintAt(n.text, o.Fields)))
		}
	}
	c.hiddenAt = f.get("secretColumns")
	known := c.env()
	l.rowKnown = &known
	if n := f.get("limit"); n != nil {
		c.limit = l.count(n)
	}
	if n := f.get("where"); n != nil {
		used := l.usesParams
		c.params = l.m.shared["params"]
		c.where, c.fits = n, l.condition(n, scope{env: expr.Env{"row": c.env(), "params": l.paramObject()}})
		if l.unset && l.usesParams > used {
			return nil
		}
	}
	if l.failedSince(before) {
		return nil
	}
	return c
}

// hintAt is a hint at the name that was probably meant, or at all names.
func hintAt(name string, known []string) string {
	if hint := didYouMean(name, known); hint != "" || len(known) == 0 {
		return hint
	}
	return "the columns are " + someOf(known)
}

// condition compiles a plain expression that must be true or false; nil after problems.
func (l *loader) condition(n *node, s scope) *expr.Program {
	// What it says of its type is all that is kept of the condition: where a field is absent it
	// would not hold, and leave the row out without a word.
	if _, err := expr.CompileCondition(n.text, s.env); err != nil {
		l.expression(n, 0, err, s)
		return nil
	}
	p, err := expr.Compile(n.text, s.env)
	if err != nil {
		l.expression(n, 0, err, s)
		return nil
	}
	if p.Uses("params") {
		l.usesParams++
	}
	return p
}

// secretColumn files that a secret column stands where it may not.
func (l *loader) secretColumn(n *node, offset int, name string, s scope) {
	if s.secrets {
		l.at(n, offset, fmt.Sprintf("the secret column %s must stand alone in its ${{ }}", quote(name)),
			fmt.Sprintf("write text around it: %q", "Bearer "+rowValue(name)))
		return
	}
	l.at(n, offset, fmt.Sprintf("the secret column %s may stand in variable values alone", quote(name)),
		fmt.Sprintf("add a variable, such as password: %q, and write %%password%% in the task's text", rowValue(name)))
}
