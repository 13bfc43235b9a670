package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

const defaultTimeout = 30 * time.Minute

// An entry is one entry of tasks, merged with the defaults and compiled.
type entry struct {
	index        int
	node         *node
	id           *template // nil for task-N
	task         *template
	agentID      *template // nil for an ad-hoc run
	variables    []filling // sorted by name
	known        []string  // names of the variables
	settings     *tree     // nil for none
	tags         []*template
	group        *template // nil for none
	retry        batch.Retry
	repeat       *repetition // nil for a task of its own
	schema       *schema.Schema
	schemaName   *template // a name that the row decides
	inlineSchema *tree     // a schema with expressions
	timeout      time.Duration
	checks       *batch.Checks  // nil where its schema is all that judges a result
	onlyIf       *skipper       // nil for a task that is always run
	matrix       []*combination // nil without a matrix
	data         source         // nil without forEach
	forEach      *node          // what names the data: a path, or the list itself; nil without
	faulty       bool           // only its ids can be told
	misread      bool           // its text was probably meant to use the row
}

// A filling is a variable of an entry, ready for a row.
type filling struct {
	name        string
	value       *template
	description *template // nil for none
}

func (e *entry) path() string { return "tasks[" + strconv.Itoa(e.index) + "]" }

// defaults are what the entries inherit.
type defaults struct {
	node      *node
	variables []variable
}

// entry compiles one entry. After problems the entry is a faulty one, of which
// the ids are judged all the same, or nil if not even they can be told.
func (l *loader) entry(n *node, index int, d defaults) *entry {
	before, used := l.ps.met, l.usesParams
	e := &entry{index: index, node: n, timeout: defaultTimeout}
	s := l.data(e)
	l.identify(e, s)
	identified := !l.failedSince(before) && !l.bad(n.get("id")) &&
		(n.get("forEach") == nil && !misspelt(n, "forEach") || e.data != nil) &&
		(n.get("matrix") == nil && !misspelt(n, "matrix") || e.matrix != nil) &&
		(!l.unset || l.usesParams == used)
	e.onlyIf = l.onlyIf(n.get("if"), s)
	l.instruct(e, d, s)
	if a := l.pick(n, d.node, "agentId"); a != nil {
		e.agentID = l.compile(a, s)
		l.lookalikes(e.agentID, s)
	}
	l.expect(e, d, s)
	l.checks(e, d, s)
	l.browser(e, d, s)
	l.tags(e, d, s)
	if g := l.pick(n, d.node, "group"); g != nil {
		e.group = l.grouping(g, s)
	}
	e.retry = l.retry(n.get("retry"), d.node.get("retry"))
	e.repeat = l.repeat(n.get("repeat"), d.node.get("repeat"))
	if t := l.pick(n, d.node, "timeout"); t != nil {
		e.timeout = l.duration(t)
	}
	if !identified {
		return nil
	}
	e.faulty = l.failedSince(before) || l.badBelow(n) || l.badBelow(d.node) || e.task == nil || l.unset && l.usesParams > used
	return e
}

// duration reads a duration whose shape is right; 0 after a problem.
func (l *loader) duration(n *node) time.Duration {
	d, err := parseDuration(n.text)
	if err != nil {
		l.ps.wrong(n, "%v: %s", err, quote(n.text))
	}
	return d
}

// data opens the entry's data and returns what its expressions may use.
func (l *loader) data(e *entry) scope {
	s := scope{env: l.taskEnv()}
	if m := e.node.get("matrix"); m != nil {
		// Of combinations that cannot be read nothing is known either.
		s.env["matrix"] = expr.Object{Open: true}
		if all, ok := l.matrix(m); ok {
			e.matrix = all
			s.env["matrix"] = matrixEnv(all)
		}
	} else if misspelt(e.node, "matrix") {
		s.env["matrix"] = expr.Object{Open: true}
	}
	if f := e.node.get("forEach"); f != nil {
		// Of rows that cannot be read nothing is known, so that what uses them
		// is not judged.
		s.env["row"] = expr.Object{Open: true}
		l.rowKnown = nil
		if e.forEach, e.data = l.forEach(f); e.data != nil {
			s.env["row"] = e.data.env()
		} else if l.rowKnown != nil {
			s.env["row"] = *l.rowKnown
		}
		known := s.env["row"]
		l.secretRows = append(l.secretRows, known.Secret...)
		for _, name := range known.Fields {
			if !slices.Contains(known.Secret, name) {
				l.plainRows = append(l.plainRows, name)
			}
		}
	} else if misspelt(e.node, "forEach") {
		s.env["row"] = expr.Object{Open: true} // what uses it is right but for that key
	}
	return s
}

// misspelt reports whether a map has a key in capitals of its own.
func misspelt(n *node, key string) bool {
	return slices.ContainsFunc(n.fields, func(f field) bool { return f.key != key && strings.EqualFold(f.key, key) })
}

// pick returns the value of a task's key, or of the default that it does not
// override; null overrides with nothing.
func (l *loader) pick(task, defaults *node, key string) *node {
	v := task.get(key)
	if v == nil {
		v = defaults.get(key)
	}
	if v = l.good(v); v == nil || v.kind == null {
		return nil
	}
	return v
}

// identify compiles the id. With forEach it must depend on the row, with several
// combinations on the matrix.
func (l *loader) identify(e *entry, s scope) {
	id := e.node.get("id")
	s = s.without("env")
	if id == nil {
		switch {
		case e.forEach != nil:
			l.ps.add(e.node.problem("id is missing: with forEach every row needs one of its own", example(e.data)))
		case len(e.matrix) > 1:
			l.ps.add(e.node.problem("id is missing: with a matrix every combination needs one of its own", e.matrixExample()))
		}
		return
	}
	if id = l.good(id); id == nil {
		return
	}
	e.id = l.compile(id, s)
	l.lookalikes(e.id, s)
	if e.id != nil && e.forEach != nil && !e.id.uses("row") {
		l.ps.add(id.problem("must use a value of the row, or every row has the same id", example(e.data)))
	}
	if e.id != nil && len(e.matrix) > 1 && !e.id.uses("matrix") {
		l.ps.add(id.problem("must use a value of the matrix, or every combination has the same id", e.matrixExample()))
	}
}

// example is a hint that shows how an id uses the row.
func example(s source) string {
	name := "id"
	if fields := visible(s); len(fields) > 0 {
		name = fields[0]
	}
	if !fieldName.MatchString(name) {
		return fmt.Sprintf("for example id: 'item-%s'", rowValue(name))
	}
	return "for example id: item-" + rowValue(name)
}

// fieldName matches what may stand behind the dot of row.name.
var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// rowValue writes the expression for a field of the row.
func rowValue(name string) string {
	if !fieldName.MatchString(name) {
		return fmt.Sprintf("${{ row[%q] }}", name)
	}
	return "${{ row." + name + " }}"
}

// instruct compiles the text and the variables that it uses.
func (l *loader) instruct(e *entry, d defaults, s scope) {
	own := e.node.get("variables")
	if own != nil && own.kind == null {
		d.variables = nil
	}
	all := l.overlay(d.variables, l.declared(own))
	sort.SliceStable(all, func(i, j int) bool { return all[i].name < all[j].name })
	with := l.variableScope(s.env)
	for _, v := range all {
		e.known = append(e.known, v.name)
		if v.value == nil {
			continue
		}
		l.readVariables[v.value] = true
		f := filling{name: v.name, value: l.compile(v.value, with)}
		l.lookalikes(f.value, with)
		if v.description != nil {
			f.description = l.compile(v.description, s)
		}
		e.variables = append(e.variables, f)
	}
	task := e.node.get("task")
	if task == nil {
		task = d.node.get("task")
	}
	if task == nil {
		l.ps.add(e.node.problem("task is missing", "say what the agent should do: task: Open … and return …"))
		return
	}
	if task = l.good(task); task == nil {
		return
	}
	if e.task = l.compile(task, s); e.task == nil {
		// Which variables a text uses that cannot be read nobody knows.
		l.unread = true
		return
	}
	e.misread = l.lookalikes(e.task, s)
	used := map[string]bool{}
	l.unknownPlaceholders(e.task, e.known, used)
	for _, v := range all {
		// An agent's own prompt may use a variable that the text does not.
		if used[v.name] || !e.task.literal() || e.node.get("agentId") != nil || d.node.get("agentId") != nil {
			l.usedVariables[v.value] = true
		}
	}
}

// variableScope adds the secrets, which variables alone may use, to env.
func (l *loader) variableScope(env expr.Env) scope {
	with := scope{env: expr.Env{"secrets": {Fields: l.m.Secrets, Text: true}}, secrets: true}
	maps.Copy(with.env, env)
	return with
}

// expect finds or compiles the schema of the result.
func (l *loader) expect(e *entry, d defaults, s scope) {
	n := l.pick(e.node, d.node, "resultSchema")
	switch {
	case n == nil:
	case n.kind == object && hasExpr(n):
		e.inlineSchema = l.compileTree(n, s)
	case n.kind == object:
		e.schema = l.schema(n)
	case expr.HasExpr(n.text):
		e.schemaName = l.compile(n, s)
	default:
		if !slices.Contains(l.names, n.text) {
			l.ps.add(n.problem(fmt.Sprintf("no schema is named %s", quote(n.text)), didYouMean(n.text, l.names)))
		}
		e.schema = l.schemas[n.text]
	}
}

// hasExpr reports whether a string below n holds an expression.
func hasExpr(n *node) bool {
	return n.kind == textual && expr.HasExpr(n.text) ||
		slices.ContainsFunc(n.items, hasExpr) ||
		slices.ContainsFunc(n.fields, func(f field) bool { return hasExpr(f.value) })
}

// browser merges and compiles the browser settings.
func (l *loader) browser(e *entry, d defaults, s scope) {
	own, base := e.node.get("browserSettings"), d.node.get("browserSettings")
	if own != nil && l.badBelow(own) || base != nil && l.badBelow(base) {
		return
	}
	n := merge(base, own)
	if n == nil || len(n.fields) == 0 {
		return
	}
	if c := n.get("context"); c != nil && c.get("id") == nil {
		l.ps.add(c.problem("id is missing", "a context is named by its id: context: {id: ctx_1}"))
		return
	}
	if e.settings = l.compileTree(n, s); e.settings != nil {
		e.settings.check = settingsFit
	}
}
