package cli

import (
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/report"
)

// stdout is where data goes. On a terminal, what a result holds must not move
// the cursor or turn the writing: control and bidirectional characters other
// than line ends are replaced there. A pipe or a file gets the bytes as they
// are.
func (s Sys) stdout() io.Writer {
	if s.StdoutTerminal != nil && s.StdoutTerminal() {
		return &cleanWriter{w: s.Stdout}
	}
	return s.Stdout
}

// A cleanWriter makes text fit for a terminal. It keeps the beginning of a
// character that is cut between two writes.
type cleanWriter struct {
	w    io.Writer
	rest []byte
}

func (c *cleanWriter) Write(p []byte) (int, error) {
	text := append(c.rest, p...)
	c.rest = nil
	for i := len(text) - 1; i >= 0 && i > len(text)-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				c.rest = bytes.Clone(text[i:])
				text = text[:i]
			}
			break
		}
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	var out []byte
	for _, line := range lines {
		body, ended := bytes.CutSuffix(line, []byte("\n"))
		out = append(out, report.Clean(string(body))...)
		if ended {
			out = append(out, '\n')
		}
	}
	if _, err := c.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// outWidth is the width in columns that text on stdout must keep; 0 where
// nobody looks at it on a terminal. A stdout that is a terminal is taken to be
// the one that stderr is.
func (s Sys) outWidth() int {
	if s.StdoutTerminal == nil || !s.StdoutTerminal() {
		return 0
	}
	if width, ok := s.Terminal(); ok {
		return width
	}
	return 80
}
