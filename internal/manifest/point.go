package manifest

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	startsBadly = regexp.MustCompile("(?:^|[:-] +|[\\[{,] *)([%@`*&])")
	inBraces    = regexp.MustCompile(`[\[{][^"']*?(\$\{\{)`)
	secondColon = regexp.MustCompile(`:(?:\s.*?|\s*)(:)(?:\s|$)`)
	tabIndent   = regexp.MustCompile(`^[ -]*(\t)`)
	afterQuote  = regexp.MustCompile(`(?:^|[:-] +|[\[{,] *)(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*([^\s#,:\]}])`)
	blockText   = regexp.MustCompile(`[:-] +([|>])`)
	badEscape   = regexp.MustCompile(`(?:[^\\]|^)(?:\\\\)*(\\[^0abtnvfre"\\N_LPxuU \t])`)
	openBrace   = regexp.MustCompile(`([\[{])[^\[{]*$`)
	tightColon  = regexp.MustCompile(`^[ -]*[A-Za-z_][A-Za-z0-9_.-]*(:)[^\s:/]`)
	withValue   = regexp.MustCompile(`^[ -]*[A-Za-z_][A-Za-z0-9_.-]*: +[^\s|>#]`)
)

// point looks at the line for what people get wrong, and gives the column and
// a hint. Without a find the column is that of the line's first character.
func point(p *Problem, doc *document) {
	line := doc.line(p.Line)
	says := func(s string) bool { return strings.Contains(p.Message, s) }
	// found moves the problem to the group of a pattern, if that matches.
	found := func(re *regexp.Regexp) bool {
		at := re.FindStringSubmatchIndex(line)
		if at == nil {
			return false
		}
		p.Column = utf8.RuneCountInString(line[:at[2]]) + 1
		return true
	}
	switch {
	case (says("cannot start any token") || says("violates indentation")) && found(tabIndent):
		p.Message, p.Hint = tabMessage, tabHint
	case oddSpace(line) != 0:
		p.Column = indent(line) + 1
		p.Message, p.Hint = oddMessage(oddSpace(line)), tabHint
	case (says("cannot start") || says("alphabetic or numeric")) && found(startsBadly):
		p.Message = fmt.Sprintf("a value cannot start with %c", []rune(line)[p.Column-1])
		p.Hint = "quote the value"
	case says("did not find expected") && found(inBraces):
		p.Message = "${{ … }} inside braces or brackets must be quoted"
		p.Hint = `quote the expression: "${{ … }}"`
	case says("mapping values are not allowed"):
		colon(p, doc)
	case says("unexpected end of stream"):
		if at := openQuote(line); at >= 0 {
			p.Column = utf8.RuneCountInString(line[:at]) + 1
			p.Message = "a quote is not closed"
		}
	case says("unknown escape character"):
		found(badEscape)
		p.Message = "a backslash in double quotes stands before a character that it cannot escape"
		p.Hint = "use single quotes, or write \\\\ for a backslash"
	case says("did not find expected") && !says("comment or line break") && found(afterQuote):
		p.Message = "there is more text after the closing quote"
		p.Hint = "quote the value as a whole; within single quotes write '' for a quote"
	case says("'-' indicator"):
		p.Message, p.Hint = "this line is neither an entry of the list above nor of a map around it", "check the indentation"
	case strings.HasSuffix(p.Message, "expected key"):
		p.Message, p.Hint = "this line does not belong to the map above", "check the indentation"
	case strings.HasSuffix(p.Message, "',' or '}'"):
		found(openBrace)
		p.Message = "a { is not closed by }"
	case strings.HasSuffix(p.Message, "',' or ']'"):
		found(openBrace)
		p.Message = "a [ is not closed by ]"
	case strings.HasSuffix(p.Message, "<document start>"):
		p.Message = "there is text after the end of the document"
	case says("could not find expected ':'"):
		p.Message = "this line has no \": \""
		p.Hint = "write key: value; text that goes on from above must be indented deeper than its key"
	case says("comment or line break") && found(blockText):
		p.Message = fmt.Sprintf("after %c the text begins on the next line", []rune(line)[p.Column-1])
		p.Hint = "quote the value, or move the text to the next line and indent it"
	case says("control characters"):
		if at := strings.IndexFunc(line, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }); at >= 0 {
			p.Column = utf8.RuneCountInString(line[:at]) + 1
		}
	case says("incompatible YAML document"):
		p.Message, p.Hint = "a YAML version is named that is not read", "remove the line"
	case says("unknown anchor"):
		name := strings.Split(p.Message, "'")
		if at := strings.Index(line, "*"+name[1%len(name)]); at >= 0 {
			p.Column = utf8.RuneCountInString(line[:at]) + 1
		}
		p.Hint = "name a value with & before it is used, or quote text that starts with *"
	}
}

const (
	tabMessage = "a tab is used for indentation"
	tabHint    = "indent with spaces"
)

// colon explains a ": " where no key can be: the value before it is not
// quoted, or the line above lacks the space after its colon or has a value.
func colon(p *Problem, doc *document) {
	line := doc.line(p.Line)
	if at := secondColon.FindStringSubmatchIndex(line); at != nil {
		p.Column = utf8.RuneCountInString(line[:at[2]]) + 1
		p.Message = "a second \": \" in a value"
		p.Hint = "quote the value"
		if strings.Contains(line, "${{") {
			p.Hint = "quote the expression"
		}
		return
	}
	above := p.Line - 1
	for above > 0 && (strings.TrimSpace(doc.line(above)) == "" || strings.TrimSpace(doc.line(above))[0] == '#') {
		above--
	}
	before := doc.line(above)
	if odd := oddSpace(before); odd != 0 {
		p.Line, p.Column = above, indent(before)+1
		p.Message, p.Hint = oddMessage(odd), tabHint
		return
	}
	if at := tightColon.FindStringSubmatchIndex(before); at != nil {
		p.Line, p.Column = above, utf8.RuneCountInString(before[:at[2]])+1
		p.Message, p.Hint = "there is no space after the colon", "write key: value"
	} else if withValue.MatchString(before) {
		p.Message = "this line is indented deeper than the key above it, which has a value"
		p.Hint = "check the indentation"
	}
}

func oddMessage(odd rune) string {
	return fmt.Sprintf("the line begins with %U, which looks like a space and is none", odd)
}

// oddSpace returns the character that a line begins with after its spaces and
// tabs when it is one that only looks like a space, else 0.
func oddSpace(line string) rune {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(line, " \t"))
	if r > unicode.MaxASCII && (unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff') {
		return r
	}
	return 0
}

// openQuote returns where a line opens the quote that it does not close, or -1.
func openQuote(line string) int {
	open := -1
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case open >= 0 && c == '\\' && line[open] == '"':
			i++
		case open >= 0 && c == line[open]:
			open = -1
		case open < 0 && (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" [{,:", line[i-1]) >= 0):
			open = i
		}
	}
	return open
}
