package manifest

import (
	"fmt"
	"strings"
)

// shown reads what a report shows, and how.
func (l *loader) shown(r *Report, n *node) {
	if where := l.good(n.get("where")); where != nil {
		var err error
		if r.Where, err = CompileWhere(where.text); err == nil {
			err = l.checkRecord(where.text, r.Where.filter.Program, nil)
		}
		if err != nil {
			l.expression(where, 0, err, scope{top: true, env: l.knownRecord(nil)})
		}
	}
	unwind := n.get("unwind")
	if good := l.good(unwind); good != nil {
		r.Unwind = strings.Split(good.text, ".")[1:]
		if err := l.checkUnwind(r.Unwind); err != nil {
			l.expression(good, 0, err, scope{top: true, env: recordEnv(false)})
			r.Unwind = nil
		}
	}
	first := map[string]int{}
	for _, item := range l.items(n.get("columns")) {
		if c, ok := l.column(item, unwind != nil, r.Unwind, first); ok {
			r.Columns = append(r.Columns, c)
		}
	}
	if rows := l.good(n.get("rows")); rows != nil && rows.text == "repetitions" {
		r.Rows = rows.text
	}
	if bom := l.good(n.get("bom")); bom != nil {
		r.BOM = bom.text == "true"
	}
	if guard := l.good(n.get("guard")); guard != nil {
		r.Unguarded = guard.text == "off" || guard.text == "false"
	}
}

// column reads one column: an expression that is its own name, or a name with an
// expression. first are the names that are taken, with their lines; unwind is nil where it is wrong.
func (l *loader) column(n *node, unwinds bool, unwind []string, first map[string]int) (c Column, ok bool) {
	source, at := n, n.problem("", "")
	c.Name = strings.TrimSpace(n.text)
	if n.kind == object {
		f := n.fields[0]
		source, c.Name = f.value, f.key
		at.Line, at.Column = f.line, f.column
	}
	if l.good(source) == nil {
		return c, false
	}
	switch line, twice := first[c.Name]; {
	case strings.TrimSpace(c.Name) == "":
		at.Message = "a column needs a name"
	case strings.ContainsFunc(c.Name, isControl):
		at.Message = "the name of a column must not contain control characters: " + quote(c.Name)
	case twice:
		at.Message = fmt.Sprintf("the column %s is there twice, first on line %d", quote(c.Name), line)
		at.Hint = "name one of them otherwise, such as " + quote(c.Name+"_2") + ": …"
	}
	if at.Message != "" {
		l.ps.add(at)
		return c, false
	}
	first[c.Name] = source.line
	var err error
	if c.Cell, err = CompileCell(source.text, unwinds); err == nil {
		err = l.checkRecord(source.text, c.Cell.program, unwind)
	}
	if err != nil {
		l.expression(source, 0, err, scope{top: true, env: l.knownRecord(unwind)})
		return c, false
	}
	return c, true
}

// tablesOnly files the keys that a report has which is no table.
func (l *loader) tablesOnly(format string, n *node) {
	if format == "csv" || format == "tsv" {
		return
	}
	for _, key := range []string{"columns", "unwind", "rows", "bom", "guard"} {
		if at := n.get(key); at != nil && !l.bad(at) {
			l.ps.add(Problem{
				File: n.doc.name, Line: n.fieldOf(key).line, Column: n.fieldOf(key).column, Path: n.path(),
				Message: fmt.Sprintf("%s is for tables, and a %s report has each task as a whole", key, format),
				Hint:    "write it as .csv or .tsv, or remove the key",
			})
		}
	}
}

// fieldOf is the field of a key that the map has.
func (n *node) fieldOf(key string) field {
	for _, f := range n.fields {
		if f.key == key {
			return f
		}
	}
	return field{}
}
