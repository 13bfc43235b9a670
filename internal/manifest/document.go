package manifest

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A document is a YAML file with its text, which error places are found in.
type document struct {
	name  string
	lines []string
	main  bool // it is the manifest itself, not a schema file
	// starts are where the lines of the parser begin; nil when they are lines.
	starts []start
}

func newDocument(name string, text []byte, main bool) *document {
	s := strings.ReplaceAll(string(bytes.TrimPrefix(text, []byte("\ufeff"))), "\r\n", "\n")
	d := &document{name: name, lines: strings.Split(strings.ReplaceAll(s, "\r", "\n"), "\n"), main: main}
	d.findBreaks(text)
	return d
}

// respelled is the same document with the text that the parser read instead.
func (d *document) respelled(text []byte) *document { return newDocument(d.name, text, d.main) }

// path names a value for a message; values of schema files go by their place
// alone.
func (d *document) path(n *node) string {
	if !d.main {
		return ""
	}
	return n.path()
}

// line returns a 1-based line, or "".
func (d *document) line(n int) string {
	if n < 1 || n > len(d.lines) {
		return ""
	}
	return d.lines[n-1]
}

// place returns the line and column of the byte at offset in a scalar's text.
// It is exact for what stands on one line and for literal blocks; of folded
// text it is where the same words are found, or else where the scalar starts.
func (n *node) place(offset int) (line, column int) {
	if offset > len(n.text) {
		offset = len(n.text)
	}
	before, rest := n.text[:offset], n.text[offset:]
	switch n.style {
	case literal:
		return n.inLiteral(before)
	case folded:
		return n.search(n.line+1, rest)
	}
	source := []rune(n.doc.line(n.line))
	at := n.column - 1
	if n.style != plain {
		at++
	}
	for range utf8.RuneCountInString(before) {
		if at >= len(source) {
			return n.search(n.line, rest)
		}
		at += width(source[at:], n.style)
	}
	// A scalar that goes on in the next line has lost characters on the way.
	if word := firstWord(rest); at > len(source) || n.style == plain && !strings.HasPrefix(string(source[at:]), word) {
		return n.search(n.line, rest)
	}
	return n.line, at + 1
}

// pair matches the two escapes that JSON writes one character with.
var pair = regexp.MustCompile(`^\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}$`)

// width returns how many characters of a quoted scalar stand for the first
// one of its text.
func width(source []rune, s style) int {
	switch {
	case s == single && len(source) > 1 && source[0] == '\'' && source[1] == '\'':
		return 2
	case s == double && len(source) > 1 && source[0] == '\\':
		switch source[1] {
		case 'x':
			return 4
		case 'u':
			if pair.MatchString(string(source[:min(len(source), 12)])) {
				return 12
			}
			return 6
		case 'U':
			return 10
		}
		return 2
	}
	return 1
}

func (n *node) inLiteral(before string) (line, column int) {
	line = n.line + 1 + strings.Count(before, "\n")
	if n.doc.starts != nil { // not every break of the text need be one of the document
		return n.search(n.line+1, n.text[len(before):])
	}
	text := strings.Split(n.text, "\n")[line-n.line-1]
	indent := strings.Index(n.doc.line(line), text)
	if indent < 0 {
		return line, 1
	}
	in := before[strings.LastIndexByte(before, '\n')+1:]
	return line, utf8.RuneCountInString(n.doc.line(line)[:indent]) + utf8.RuneCountInString(in) + 1
}

// search looks for the first word of rest in the lines from one on, as far as
// the scalar can reach.
func (n *node) search(from int, rest string) (line, column int) {
	word := firstWord(rest)
	for i := from; word != "" && i < from+strings.Count(n.text, "\n")+len(n.text)/8+2; i++ {
		source := n.doc.line(i)
		if at := strings.Index(source, word); at >= 0 && (i > n.line || utf8.RuneCountInString(source[:at]) >= n.column-1) {
			return i, utf8.RuneCountInString(source[:at]) + 1
		}
	}
	return n.line, n.column
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \n"); i >= 0 {
		return s[:i]
	}
	return s
}
