package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// Options are what Load needs of the outside.
type Options struct {
	Stdin io.Reader // read when the path is "-"
	Dir   string    // what paths are relative to when the path is "-"

	// Repeat, from 1 to [RepeatMost], has every task run so often, whatever the
	// manifest says; as many of the members must pass as it says, and all where it
	// says nothing or more. 0 leaves it to the manifest.
	Repeat int

	// Params are values of parameters by name: as they were typed, and, for those
	// that are not among them, from ParamsFile, a YAML or JSON map; "" for none.
	Params     map[string]string
	ParamsFile string

	// Env looks a variable of the environment up; nil knows none.
	Env func(name string) (string, bool)

	// Rows returns the path of a regular file that has the lines of standard
	// input, for a task whose forEach is "-"; it is called once, and only then. Nil
	// makes such a task an error.
	Rows func() (path string, err error)
}

// A loader is the state of one Load.
type loader struct {
	m        *Manifest
	ps       *problems
	judge    *judge
	names    []string // of resultSchemas, in order
	schemas  map[string]*schema.Schema
	compiled map[*node]*schema.Schema
	files    map[string]*schemaFile
	// compiling is the schema that files are being read for.
	compiling *node
	reading   sync.Mutex      // guards files
	used      map[string]bool // secrets

	usedVariables map[*node]bool // by value
	readVariables map[*node]bool // by value: those that some entry has compiled
	unread        bool           // a text could not be read
	times         int            // how often every task is run; 0 where the manifest says it

	params     []param  // in the order of their declaration
	unset      bool     // one of them has no value, which has been said
	usesParams int      // expressions that have been compiled and use parameters
	env        []string // names that expressions may read of the environment

	readExpect map[*node]bool // expectations that some entry has compiled
	results    map[*schema.Schema]expr.Object
	resultPath string      // as batch.Checks has it
	result     expr.Object // of all tasks together

	overrides  map[string]bool // names of variables that tasks have of their own, and use
	rowKnown   *expr.Object    // of the data that was opened last, also where its where is wrong
	secretRows []string        // secret columns of all tasks
	plainRows  []string        // their other columns

	stdin *spool // where standard input has its rows
}

// Load reads the manifest at path, or from o.Stdin when path is "-", and
// checks everything that can be checked without running it: its shape, every
// schema, and every expression for every row of data. The error is [Problems]
// when the manifest or a file that it names is wrong.
func Load(path string, o Options) (*Manifest, error) {
	m := &Manifest{File: path, Dir: filepath.Dir(path), shared: map[string]map[string]any{}}
	if path == "-" {
		m.Dir = o.Dir
	}
	if m.Dir == "" {
		m.Dir = "."
	}
	if err := m.read(o); err != nil {
		return nil, err
	}
	l := newLoader(m)
	l.times = o.Repeat
	l.stdin = &spool{open: o.Rows}
	doc := newDocument(path, m.Text, true)
	tree, p := parse(doc, m.Text)
	if p != nil {
		return nil, Problems{*p}
	}
	if tree == nil {
		return nil, Problems{{
			File: path, Line: 1, Column: 1, Message: "the manifest is empty",
			Hint: `it needs "version: 1" and a list of "tasks:"`,
		}}
	}
	if root := build(doc, tree, l.ps); root != nil {
		l.load(root, o)
	}
	if wrong := l.ps.errors(path); len(wrong) > 0 {
		return nil, wrong
	}
	m.Warnings = l.ps.warnings(path)
	return m, nil
}

func newLoader(m *Manifest) *loader {
	l := &loader{
		m: m, ps: &problems{},
		compiled: map[*node]*schema.Schema{}, files: map[string]*schemaFile{},
		used: map[string]bool{}, usedVariables: map[*node]bool{}, readVariables: map[*node]bool{},
		readExpect: map[*node]bool{}, results: map[*schema.Schema]expr.Object{},
		result: expr.Object{Open: true}, overrides: map[string]bool{},
	}
	l.judge = newJudge(l.ps, l.isExpression)
	return l
}

// read fills in Text.
func (m *Manifest) read(o Options) error {
	in := o.Stdin
	if m.File != "-" {
		file, err := os.Open(m.File)
		if err != nil {
			p := Problem{File: m.File, Message: reason(err)}
			if errors.Is(err, fs.ErrNotExist) {
				p.Hint = "check the path; it is relative to the working directory"
				if filepath.IsAbs(m.File) {
					p.Hint = "check the path"
				}
			}
			return Problems{p}
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	if in == nil {
		return errors.New("the manifest is standard input, and there is none")
	}
	var err error
	if m.Text, err = io.ReadAll(io.LimitReader(in, maxFile+1)); err != nil {
		return Problems{{File: m.File, Message: reason(err)}}
	}
	return nil
}

func (l *loader) load(root *node, o Options) {
	m := l.m
	l.judge.check(root, l.judge.root)
	if root.kind != object {
		return
	}
	m.Provider = "browserbase"
	m.Name = nameOf(m.File)
	for key, to := range map[string]*string{"name": &m.Name, "description": &m.Description} {
		if n := l.good(root.get(key)); n != nil {
			l.forbid(n)
			*to = n.text
		}
	}
	for _, n := range l.items(root.get("secrets")) {
		m.Secrets = append(m.Secrets, n.text)
	}
	l.parameters(root.get("params"), o)
	l.environment(root.get("env"), o.Env)
	l.provider(root.get("provider"))
	l.limits(root.get("limits"))
	l.policy(root)
	if n := l.good(root.get("tracking")); n != nil {
		m.Tracking = batch.Tracking(n.text)
	}
	if n := l.good(root.get("settle")); n != nil {
		m.Settle = l.duration(n)
	}
	m.Baseline = l.baseline(root.get("baseline"))
	m.Notify = l.notify(root.get("notify"))
	m.Sites = l.sites(l.goodMap(root.get("local")).get("sites"))
	l.named(root.get("resultSchemas"))
	d := l.defaults(root)
	tasks := tasksOf(root)
	for i, n := range tasks {
		if n.kind != object {
			continue
		}
		if e := l.entry(n, i, d); e != nil {
			m.entries = append(m.entries, e)
		}
	}
	l.result = l.knownResult(len(tasks))
	l.whole(root.get("batchExpect"))
	m.Reports = l.reports(root.get("reports"))
	l.ofDefaults(d)
	m.used = slices.Sorted(maps.Keys(l.used))
	l.overridden(d)
	l.unheeded(d)
	m.schemas, m.open = l.schemas, l.openSchema
	l.firstPass()
	m.inputs = l.inputs(o)
	l.unused(root, d)
	l.inVain(root)
	l.untried(d)
}

func tasksOf(root *node) []*node {
	if n := root.get("tasks"); n != nil {
		return n.items
	}
	return nil
}

// defaults reads what the tasks inherit; variables at the top are short for
// defaults.variables.
func (l *loader) defaults(root *node) defaults {
	d := defaults{node: l.goodMap(root.get("defaults"))}
	d.variables = l.declared(root.get("variables"))
	for _, v := range l.declared(d.node.get("variables")) {
		for _, top := range d.variables {
			if top.name == v.name {
				l.ps.add(Problem{
					File: l.m.File, Line: v.key.line, Column: v.key.column, Path: v.key.value.path(),
					Message: fmt.Sprintf("the variable %s is also declared at the top, on line %d", quote(v.name), top.key.line),
				})
			}
		}
		d.variables = append(d.variables, v)
	}
	return d
}

// overridden checks the variables that every task overrides or removes, so
// that nothing wrong in them waits for the task that will not. They come after
// the secrets in use have been counted: theirs are not. What the rows are like
// that they are for is not known.
func (l *loader) overridden(d defaults) {
	row := l.taskEnv()
	row["row"], row["matrix"] = expr.Object{Open: true}, expr.Object{Open: true}
	for _, v := range d.variables {
		if v.value == nil || l.readVariables[v.value] {
			continue
		}
		l.compile(v.value, l.variableScope(row))
		if v.description != nil {
			l.compile(v.description, scope{env: row})
		}
	}
}

// rowProblem files an error of one row; of those there may be many.
func (l *loader) rowProblem(e *entry, r *row, err error) {
	if eval := (*evalError)(nil); errors.As(err, &eval) && eval.filed {
		return
	}
	p := e.problem(r, err)
	if eval := (*evalError)(nil); e.forEach == nil && len(e.matrix) <= maxRowProblems || errors.As(err, &eval) && eval.always() {
		l.ps.add(p)
		return
	}
	if p.File == l.m.File || e.forEach == nil {
		l.ps.addRow(p, p.Line, p.Column)
		return
	}
	l.ps.addRow(p, e.forEach.line, e.forEach.column)
}

// dataProblem files an error of a data file as a whole.
func (l *loader) dataProblem(n *node, file string, err error) {
	var data *rowError
	if errors.As(err, &data) {
		l.ps.addUnder(Problem{File: file, Line: data.line, Column: data.column, Message: data.Error(), Hint: data.hint}, n.line, n.column)
		return
	}
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = "check the path; it is relative to the manifest's folder"
		if path := l.resolve(n.text); filepath.IsAbs(n.text) {
			hint = "check the path"
		} else if path != filepath.Clean(n.text) {
			hint += ": there is no " + path
		}
	}
	l.ps.add(n.problem(fileError(n.text, err), hint))
}

// unused warns of variables that no text uses.
func (l *loader) unused(root *node, d defaults) {
	if l.unread {
		return
	}
	warn := func(vs []variable) {
		for _, v := range vs {
			if v.value == nil || l.usedVariables[v.value] {
				continue
			}
			p := v.value.problem(fmt.Sprintf("no text uses the variable %s", quote(v.name)),
				fmt.Sprintf("write %%%s%% in the task's text, or remove it", v.name))
			if l.overrides[v.name] {
				p.Message = fmt.Sprintf("every text that uses the variable %s has one of its task's own, and this one is never used", quote(v.name))
				p.Hint = "remove it here, or there"
			}
			p.Line, p.Column, p.Warning = v.key.line, v.key.column, true
			l.ps.add(p)
		}
	}
	for _, n := range tasksOf(root) {
		for _, v := range l.declared(n.get("variables")) {
			if v.value != nil && l.usedVariables[v.value] {
				l.overrides[v.name] = true
			}
		}
	}
	warn(d.variables)
	clear(l.overrides)
	for _, n := range tasksOf(root) {
		warn(l.declared(n.get("variables")))
	}
}

// bad reports whether a value's shape was wrong.
func (l *loader) bad(n *node) bool { return n != nil && l.judge.bad[n] }

// good returns n unless its shape was wrong.
func (l *loader) good(n *node) *node {
	if l.bad(n) {
		return nil
	}
	return n
}

// goodMap returns n if it is a map, whatever is wrong within.
func (l *loader) goodMap(n *node) *node {
	if n == nil || n.kind != object {
		return nil
	}
	return n
}

// items returns the entries of a list whose shape is right.
func (l *loader) items(n *node) []*node {
	if n == nil || n.kind != list {
		return nil
	}
	out := make([]*node, 0, len(n.items))
	for _, item := range n.items {
		if l.good(item) != nil {
			out = append(out, item)
		}
	}
	return out
}

// badBelow reports whether the shape of anything in n was wrong.
func (l *loader) badBelow(n *node) bool {
	if n == nil {
		return false
	}
	return l.judge.bad[n] || slices.ContainsFunc(n.items, l.badBelow) ||
		slices.ContainsFunc(n.fields, func(f field) bool { return l.badBelow(f.value) })
}

// failedSince reports whether an error was met after a moment, be it one that
// another task has met before.
func (l *loader) failedSince(before int) bool { return l.ps.met > before }

// resolve makes a path of the manifest relative to the working directory.
func (l *loader) resolve(path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.m.Dir, path)
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// nameOf makes a batch's name of its file's.
func nameOf(path string) string {
	base := filepath.Base(path)
	name := strings.TrimSuffix(base, filepath.Ext(base))
	name = notInNames.ReplaceAllString(name, "-")
	if path == "-" || strings.Trim(name, "-.") == "" {
		return "batch"
	}
	return name[:min(len(name), 64)]
}
