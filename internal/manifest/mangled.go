package manifest

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// quoteHint is what to do about an expression that YAML reads as something
// else.
const quoteHint = "quote the expression"

const takenForTag = "must be an expression, and YAML takes what begins with ! for a tag"

// expressionText returns the source of an expression that stands in a value by
// itself, as in if, where, expect, that, batchExpect and columns. It returns
// false after a problem, which is filed: an expression that YAML has mangled, or
// a value that is none.
func (l *loader) expressionText(n *node) (string, bool) {
	if l.ps.tagged(n) {
		return "", false
	}
	switch n.kind {
	case textual, boolean, numeric:
	default:
		l.ps.add(n.problem("must be an expression, not "+n.says(), quoteHint))
		return "", false
	}
	if n.style != plain || expr.Syntax(n.text) == nil {
		return n.text, true
	}
	if at, anchor := n.anchored(); anchor {
		p := n.problem("must be an expression, and YAML takes what begins with & for the name of a value", quoteHint)
		p.Column = at
		l.ps.add(p)
		return "", false
	}
	if line, at, comment := n.commented(); comment {
		p := n.problem("the expression ends here: in YAML \" #\" starts a comment", quoteHint)
		p.Line, p.Column = line, at
		l.ps.add(p)
		return "", false
	}
	return n.text, true
}

// tagged rewrites the problem of a value that YAML has taken for a tag, which was
// filed when nobody knew that an expression stands there.
func (ps *problems) tagged(n *node) bool {
	for i := range ps.found {
		p := &ps.found[i].Problem
		if p.File == n.doc.name && p.Path == n.doc.path(n) && strings.HasPrefix(p.Message, "the tag ") {
			p.Message, p.Hint = takenForTag, quoteHint
			return true
		}
	}
	return false
}

// anchored returns the column of the anchor in front of a scalar.
func (n *node) anchored() (column int, ok bool) {
	before := []rune(n.doc.line(n.line))
	before = before[:min(n.column-1, len(before))]
	text := strings.TrimRight(string(before), " \t")
	at := strings.LastIndexAny(text, " \t") + 1
	if !strings.HasPrefix(text[at:], "&") {
		return 0, false
	}
	return utf8.RuneCountInString(text[:at]) + 1, true
}

// commented returns the place of the comment behind a plain scalar.
func (n *node) commented() (line, column int, ok bool) {
	last := n.text[strings.LastIndex(n.text, " ")+1:]
	line, column = n.place(len(n.text) - len(last))
	source := []rune(n.doc.line(line))
	end := min(column-1+utf8.RuneCountInString(last), len(source))
	if !strings.HasPrefix(string(source[max(column-1, 0):end]), last) {
		return 0, 0, false
	}
	rest := string(source[end:])
	comment := strings.TrimLeft(rest, " \t")
	if comment == rest || !strings.HasPrefix(comment, "#") {
		return 0, 0, false
	}
	return line, end + utf8.RuneCountInString(rest) - utf8.RuneCountInString(comment) + 1, true
}

var (
	expressionKey  = regexp.MustCompile(`(?:^|[-{, ]) *(?:if|where|that): `)
	expressionList = regexp.MustCompile(`^ *(?:- +)*(?:expect|batchExpect): *(?:\[|#|$)`)
	listEntry      = regexp.MustCompile(`^( *)- `)
	firstBang      = regexp.MustCompile(`(?:: +|- +|[\[,] *)(!)`)
	commentSign    = regexp.MustCompile(` (#)`)
	indexInFlow    = regexp.MustCompile(`[\[{].*?[A-Za-z0-9_)\]](\[)[0-9"'-]`)
	listInFlow     = regexp.MustCompile(`[\[{].*? in (\[)`)
	afterBracket   = regexp.MustCompile(`(?:: +|- +)[\[{].*[\]}] *([^ ,#\]}])`)
)

// mangled says of a syntax error in a line that holds an expression what to do
// about it.
func mangled(p *Problem, doc *document) {
	line := doc.line(p.Line)
	if strings.Contains(p.Message, "is not closed by") && !strings.Contains(line, " #") {
		// Only an expression has a bracket right behind a name.
		at := indexInFlow.FindStringSubmatchIndex(line)
		if at == nil && holdsExpression(doc, p.Line) {
			at = listInFlow.FindStringSubmatchIndex(line)
		}
		if at != nil {
			p.Column = utf8.RuneCountInString(line[:at[2]]) + 1
			p.Message, p.Hint = "YAML takes this [ of an expression for a bracket of its own, and what follows does not fit", quoteHint
			return
		}
	}
	if !holdsExpression(doc, p.Line) {
		return
	}
	says := func(s string) bool { return strings.Contains(p.Message, s) }
	// found moves the problem to the group of a pattern, if that matches.
	found := func(re *regexp.Regexp) bool {
		at := re.FindStringSubmatchIndex(line)
		if at != nil {
			p.Column = utf8.RuneCountInString(line[:at[2]]) + 1
		}
		return at != nil
	}
	switch {
	case says("this line ") && found(afterBracket):
		p.Message, p.Hint = "there is more text after the closing bracket", quoteHint
	case says("whitespace or line break") && found(firstBang):
		p.Message, p.Hint = takenForTag, quoteHint
	case (says("did not find expected") || says("is not closed by")) && found(commentSign):
		p.Message, p.Hint = "in YAML \" #\" starts a comment, and the value is not closed before it", quoteHint
	case says("a value cannot start with"), says("a second \": \""), says("there is more text after"), says("the text begins on the next line"),
		says("unknown anchor"), says("are not allowed in this context"):
		p.Hint = quoteHint
	}
}

// holdsExpression reports whether the line has a key whose value is an
// expression, or is an entry of a list of expressions.
func holdsExpression(doc *document, number int) bool {
	line := doc.line(number)
	if expressionKey.MatchString(line) || expressionList.MatchString(line) {
		return true
	}
	entry := listEntry.FindStringSubmatch(line)
	for above := number - 1; entry != nil && above > 0; above-- {
		before := doc.line(above)
		text := strings.TrimLeft(before, " ")
		switch depth := len(before) - len(text); {
		case text == "" || text[0] == '#' || depth > len(entry[1]):
		case expressionList.MatchString(before):
			return true
		case depth < len(entry[1]) || text[0] != '-':
			return false
		}
	}
	return false
}
