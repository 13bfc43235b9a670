package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// A span is a %name% in a text.
type span struct {
	name     string
	from, to int // bytes, with both percent signs
}

// variableName is what the service can be expected to find between two
// percent signs; the same form as the names in manifest.schema.json.
var variableName = regexp.MustCompile(`^%([A-Za-z_0-9][A-Za-z0-9_.-]{0,127})%`)

var hexadecimal = regexp.MustCompile(`^[0-9A-Fa-f]{2}`)

// placeholders finds what the service would take for %name%. A percent sign
// and two hexadecimal digits, as in %C3%BC, begin no placeholder unless a
// variable is really called so, or nearly so.
func placeholders(text string, known []string) []span {
	var out []span
	for i := 0; i < len(text); i++ {
		next := strings.IndexByte(text[i:], '%')
		if next < 0 {
			break
		}
		i += next
		m := variableName.FindStringSubmatch(text[i:])
		if m == nil {
			continue
		}
		name := m[1]
		if !slices.Contains(known, name) {
			if '0' <= name[0] && name[0] <= '9' {
				continue
			}
			if hexadecimal.MatchString(name) && (len(name) == 2 || schema.Nearest(name, known) == "") {
				continue
			}
		}
		out = append(out, span{name, i, i + len(m[0])})
		i += len(m[0]) - 1
	}
	return out
}

// maxNames bounds the unknown names that are reported of one text: to find the
// place of each takes a look at the whole text.
const maxNames = 20

// unknownPlaceholders files the placeholders in a template's own words that
// name no variable, each name once, and notes which variables are used.
func (l *loader) unknownPlaceholders(t *template, known []string, used map[string]bool) {
	reported := map[string]bool{}
	for _, p := range t.parts {
		if p.prog != nil {
			continue
		}
		for _, s := range placeholders(p.text, known) {
			if slices.Contains(known, s.name) {
				used[s.name] = true
				continue
			}
			if reported[s.name] {
				continue
			}
			reported[s.name] = true
			if len(reported) > maxNames {
				l.ps.more++
				continue
			}
			hint := didYouMean(s.name, known)
			if hint == "" {
				hint = fmt.Sprintf("declare it under variables: {%s: …}", s.name)
			}
			l.at(t.node, p.offset+s.from, fmt.Sprintf("no variable is named %q", s.name), hint)
		}
	}
}

// injected returns the name of a variable that the values of a row, and not
// the template's own words, have put between percent signs; "" if none. The
// text is all pieces.
func (t *template) injected(text string, pieces []string, known []string) string {
	if len(known) == 0 {
		return ""
	}
	for _, s := range placeholders(text, known) {
		if slices.Contains(known, s.name) && !t.wrote(s, pieces) {
			return s.name
		}
	}
	return ""
}

// wrote reports whether a span of the text lies in one piece that is the
// template's own.
func (t *template) wrote(s span, pieces []string) bool {
	from := 0
	for i, piece := range pieces {
		to := from + len(piece)
		if from <= s.from && s.to <= to {
			return t.parts[i].prog == nil
		}
		from = to
	}
	return false
}
