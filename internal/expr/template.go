package expr

import "strings"

const (
	opening = "${{"
	closing = "}}"
)

// A Part is a piece of a template: literal text, or the source of one
// expression.
type Part struct {
	Text   string // the literal text, or the expression without ${{ and }}
	Offset int    // of Text in the template, in bytes
	Expr   bool
}

// HasExpr reports whether a text holds the beginning of an expression.
func HasExpr(text string) bool { return strings.Contains(text, opening) }

// Split cuts a template at its ${{ … }}. A }} within quotes or within the
// braces of a map belongs to the expression. The error is an [*Error]; its
// Offset is that of the ${{ that is wrong.
func Split(text string) ([]Part, error) {
	var parts []Part
	for at := 0; at < len(text); {
		i := strings.Index(text[at:], opening)
		if i < 0 {
			return append(parts, Part{Text: text[at:], Offset: at}), nil
		}
		if i > 0 {
			parts = append(parts, Part{Text: text[at : at+i], Offset: at})
		}
		start := at + i + len(opening)
		n := end(text[start:])
		if n < 0 {
			return nil, &Error{Offset: at + i, Message: "${{ has no closing }}", Unterminated: true}
		}
		source := text[start : start+n]
		if strings.TrimSpace(source) == "" {
			return nil, &Error{Offset: at + i, Message: "the expression is empty"}
		}
		parts = append(parts, Part{Text: source, Offset: start, Expr: true})
		at = start + n + len(closing)
	}
	return parts, nil
}

// end returns the offset of the }} that closes an expression, or -1.
func end(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\'', '`':
			n := quoted(s[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		case '{':
			depth++
		case '}':
			if depth > 0 {
				depth--
			} else if strings.HasPrefix(s[i:], closing) {
				return i
			}
		}
	}
	return -1
}

// quoted returns the length of the string literal that s starts with, or -1.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return i + 1
		case s[i] == '\\' && s[0] != '`':
			i++
		}
	}
	return -1
}
