package manifest

import (
	"regexp"
	"strings"
)

var (
	quotedValue = regexp.MustCompile(`^(?:[ -]*[A-Za-z_][A-Za-z0-9_.-]*:|[ ]*-) +["']`)
	escaped     = regexp.MustCompile(`\\.`)
	keyed       = regexp.MustCompile(`^[ -]*[A-Za-z_][A-Za-z0-9_.-]*:(?: |$)`)
)

// leftOpen returns the last line up to a given one that opens a quote which
// was probably meant to end there, 0 if none does. Such a quote ends many lines
// below, where the next one was meant to begin; that of a text in several lines
// ends with the last of them.
func leftOpen(doc *document, line int) int {
	for at := line; at > 0; at-- {
		l := doc.line(at)
		m := quotedValue.FindString(l)
		if m == "" || openQuote(l) != len(m)-1 {
			continue
		}
		if !endsText(doc, at+1, m[len(m)-1]) {
			return at
		}
	}
	return 0
}

// endsText reports whether the first quote from a line on is the end of a text
// that began before it.
func endsText(doc *document, from int, quote byte) bool {
	for at := from; at <= len(doc.lines); at++ {
		l := doc.line(at)
		if quote == '"' {
			l = escaped.ReplaceAllLiteralString(l, "  ")
		}
		end := strings.IndexByte(l, quote)
		if end < 0 {
			continue
		}
		rest := strings.TrimSpace(l[end+1:])
		return !keyed.MatchString(l) && (rest == "" || strings.IndexByte("#,]}\"'", rest[0]) >= 0)
	}
	return false
}
