package manifest

import (
	"fmt"
	"regexp"
	"slices"
)

// lookalike matches what other tools fill in and this one sends as it stands:
// {{ row.slug }}, ${row.slug}, $row.slug, and a name alone in braces.
var lookalike = regexp.MustCompile(
	`(?:\$?\{{1,2}[ \t]*|\$)((row|secrets|matrix|params|env)(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:"[^"\n]*"|'[^'\n]*')\]))(?:[ \t]*\}{1,2})?` +
		`|\$?\{{1,2}[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}{1,2}`)

// lookalikes warns of what a template's own words hold that was probably meant
// as an expression, and reports whether there was any. A name alone in braces is
// taken for one only if the row has that field.
func (l *loader) lookalikes(t *template, s scope) (any bool) {
	if t == nil {
		return false
	}
	said := 0
	for _, p := range t.parts {
		if p.prog != nil {
			continue
		}
		for _, m := range lookalike.FindAllStringSubmatchIndex(p.text, maxNames) {
			var meant, hint string
			switch {
			case m[6] >= 0:
				name := p.text[m[6]:m[7]]
				if !slices.Contains(s.env["row"].Fields, name) {
					continue
				}
				meant = "row." + name
			default:
				meant = p.text[m[2]:m[3]]
				if p.text[m[4]:m[5]] == "secrets" && !s.secrets {
					hint = "name the secret in a variable, and write %name% of it here"
				}
			}
			if hint == "" {
				hint = "write ${{ " + meant + " }}"
			}
			if said++; said > maxNames {
				return true
			}
			l.warn(t.node, p.offset+m[0], quote(p.text[m[0]:m[1]])+" is no expression and is sent as it stands", hint)
		}
	}
	return said > 0
}

// warn files a warning of the character at offset in a scalar.
func (l *loader) warn(n *node, offset int, message, hint string) {
	p := n.problem(message, hint)
	p.Line, p.Column = n.place(offset)
	p.Warning = true
	l.ps.add(p)
}

// sameForAll warns of an entry that buys the same run for each of its rows, or for
// each combination of its matrix; there are count of both together.
func (l *loader) sameForAll(e *entry, count int) {
	if e.faulty || e.misread {
		return
	}
	uses := func(name string) bool {
		in := func(t *template) bool { return t != nil && t.uses(name) }
		return in(e.task) || in(e.agentID) || in(e.schemaName) || e.settings.uses(name) || e.inlineSchema.uses(name) ||
			slices.ContainsFunc(e.variables, func(f filling) bool { return in(f.value) })
	}
	if len(e.matrix) > 1 && !uses("matrix") {
		l.warn(e.task.node, 0, "every combination's run is asked the same: nothing here uses a value of the matrix",
			fmt.Sprintf("write one into the text, such as ${{ matrix.%s }}", e.matrix[0].names[0]))
		return
	}
	if e.data == nil || count <= max(1, len(e.matrix)) || uses("row") {
		return
	}
	name := "id"
	if fields := visible(e.data); len(fields) > 0 {
		name = fields[0]
	}
	l.warn(e.task.node, 0, "every row's run is asked the same: nothing here uses a value of the row",
		"write one into the text, such as "+rowValue(name))
}

// uses reports whether an expression of the tree mentions a name; of no tree none
// does.
func (t *tree) uses(name string) bool {
	if t == nil {
		return false
	}
	for _, one := range t.templates {
		if one.uses(name) {
			return true
		}
	}
	return false
}
