package manifest

import (
	"regexp"
	"slices"
)

// lookalike matches what other tools fill in and this one sends as it stands:
// {{ row.slug }}, ${row.slug}, $row.slug, and a name alone in braces.
var lookalike = regexp.MustCompile(
	`(?:\$?\{{1,2}[ \t]*|\$)((row|secrets)(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:"[^"\n]*"|'[^'\n]*')\]))(?:[ \t]*\}{1,2})?` +
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

// sameForAll warns of an entry that buys the same run for each of its rows, of which
// there are several.
func (l *loader) sameForAll(e *entry) {
	if e.data == nil || e.faulty || e.misread {
		return
	}
	row := func(t *template) bool { return t != nil && t.uses("row") }
	if row(e.task) || row(e.agentID) || row(e.schemaName) || below(e.settings) || below(e.inlineSchema) ||
		slices.ContainsFunc(e.variables, func(f filling) bool { return row(f.value) }) {
		return
	}
	name := "id"
	if fields := visible(e.data); len(fields) > 0 {
		name = fields[0]
	}
	l.warn(e.task.node, 0, "every row's run is asked the same: nothing here uses a value of the row",
		"write one into the text, such as "+rowValue(name))
}

// below reports whether a tree holds an expression.
func below(t *tree) bool { return t != nil && hasExpr(t.node) }
