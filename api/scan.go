package api

import (
	"errors"
	"fmt"
	"io"
)

// maxDepth bounds the nesting that is followed; the scanner keeps one bit for
// each level.
const maxDepth = 1 << 24

// A Scanner reads one JSON document from a stream and hands out the members
// of its outer objects and arrays, value by value, without recursion into
// them and without holding more than is asked for. A value nested a million
// deep, a number such as 1e10000000 and a string of a gigabyte pass through it
// like any other.
//
// The whole grammar of RFC 8259 is checked, of values that are skipped too. As
// in encoding/json, bytes that are not UTF-8 are allowed within strings and
// read as U+FFFD, and a lone surrogate is an escape like any other. Unlike
// there, so are control characters, which are read as spaces; only the result
// of a run is kept with them. Of two members with one name both are handed out,
// in order.
//
// Errors are a [*SyntaxError], wrap [io.ErrUnexpectedEOF] when the document is
// cut short, or are the reader's own. After an error a Scanner is of no use.
type Scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int   // the unread part of buf
	base     int64 // bytes of the document before buf
	readErr  error // what the reader ended with

	sink  *capture // takes the bytes that pass; nil to drop them
	mark  int      // the first byte of buf that sink has not got
	kinds []uint64 // one bit a level of the value being read: 1 for an object
}

// NewScanner returns a Scanner at the beginning of r.
func NewScanner(r io.Reader) *Scanner { return &Scanner{r: r, buf: make([]byte, smallBuffer)} }

// Most answers are a run of a few kilobytes. A document that fills the small
// buffer at once is read through the large one from there on.
const (
	smallBuffer = 4 << 10
	largeBuffer = 32 << 10
)

// A SyntaxError is a document that is not JSON, or not of the expected shape.
type SyntaxError struct {
	Offset int64 // bytes before the place
	Text   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Text, e.Offset) }

// Object reads an object. It calls member for each name, cut to 256 bytes;
// member must read exactly one value, by any of the Scanner's methods.
func (s *Scanner) Object(member func(name string) error) error {
	if err := s.open('{', "not a JSON object"); err != nil {
		return err
	}
	for n := 0; ; n++ {
		c, err := s.space()
		if err != nil {
			return err
		}
		if done, err := s.between(c, '}', n); done || err != nil {
			return err
		}
		if c, err = s.space(); err != nil {
			return err
		}
		if c != '"' {
			return s.syntax("a member's name is expected")
		}
		name := capture{limit: 256}
		if err := s.captured(&name, s.str); err != nil {
			return err
		}
		if err := s.colon(); err != nil {
			return err
		}
		if err := member(textOf(name.data, 256)); err != nil {
			return err
		}
	}
}

// Array reads an array. It calls element before each element; element must
// read exactly one value.
func (s *Scanner) Array(element func() error) error {
	if err := s.open('[', "not a JSON array"); err != nil {
		return err
	}
	for n := 0; ; n++ {
		c, err := s.space()
		if err != nil {
			return err
		}
		if done, err := s.between(c, ']', n); done || err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// Peek returns the first byte of the next value without reading it: one of
// {["tfn-0123456789 in valid JSON.
func (s *Scanner) Peek() (byte, error) { return s.space() }

// Skip reads any value and drops it.
func (s *Scanner) Skip() error { return s.value() }

// Raw reads any value and returns its bytes, control characters as spaces; nil
// when there are more than limit. The number says how many there are.
func (s *Scanner) Raw(limit int64) ([]byte, int64, error) {
	c := capture{limit: limit}
	if err := s.captured(&c, s.value); err != nil {
		return nil, c.size, err
	}
	if c.size > limit {
		return nil, c.size, nil
	}
	return spaced(c.data), c.size, nil
}

// Text reads any value. When it is a string, text holds its first limit
// characters; whole is true when that is all of it.
func (s *Scanner) Text(limit int) (text string, whole bool, err error) {
	first, err := s.space()
	if err != nil {
		return "", false, err
	}
	if first != '"' {
		return "", false, s.value()
	}
	// A character takes at most twelve bytes: an escaped surrogate pair.
	c := capture{limit: int64(limit+1)*12 + 2}
	if err := s.captured(&c, s.str); err != nil {
		return "", false, err
	}
	text = textOf(c.data, limit+1)
	short := cutRunes(text, limit)
	return short, short == text && c.size <= c.limit, nil
}

// End reads the white space after the document; anything else is an error.
func (s *Scanner) End() error {
	for {
		for s.pos < s.end {
			if !isSpace(s.buf[s.pos]) {
				return s.syntax("something follows the JSON document")
			}
			s.pos++
		}
		if err := s.fill(); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) && s.readErr == io.EOF {
				return nil
			}
			return err
		}
	}
}

func (s *Scanner) open(bracket byte, what string) error {
	c, err := s.space()
	if err != nil {
		return err
	}
	if c != bracket {
		return s.syntax(what)
	}
	s.pos++
	return nil
}

// between reads what stands before the n-th member or element, of which c is
// the first byte. done is true when it was the closing bracket.
func (s *Scanner) between(c, closing byte, n int) (done bool, err error) {
	switch {
	case c == closing:
		s.pos++
		return true, nil
	case n == 0:
		return false, nil
	case c != ',':
		return false, s.syntax("a comma or a closing bracket is expected")
	}
	s.pos++
	return false, nil
}

func (s *Scanner) colon() error {
	c, err := s.space()
	if err != nil {
		return err
	}
	if c != ':' {
		return s.syntax("a colon is expected")
	}
	s.pos++
	return nil
}

// captured reads a value with read while its bytes go to c.
func (s *Scanner) captured(c *capture, read func() error) error {
	if _, err := s.space(); err != nil {
		return err
	}
	s.sink, s.mark = c, s.pos
	err := read()
	if flushed := s.flush(); err == nil {
		err = flushed
	}
	s.sink = nil
	return err
}

func (s *Scanner) flush() error {
	if s.sink == nil || s.mark == s.pos {
		return nil
	}
	err := s.sink.write(s.buf[s.mark:s.pos])
	s.mark = s.pos
	return err
}

// fill replaces the buffer, all of which was read, by what follows. At the end
// of the stream it returns an error that wraps io.ErrUnexpectedEOF.
func (s *Scanner) fill() error {
	if err := s.flush(); err != nil {
		s.readErr = err // whoever reads on meets it, as with the reader's own
	}
	s.base += int64(s.pos)
	if s.end == len(s.buf) && s.end < largeBuffer {
		s.buf = make([]byte, largeBuffer)
	}
	s.pos, s.end, s.mark = 0, 0, 0
	for range 100 {
		if s.readErr != nil {
			return s.stopped()
		}
		s.end, s.readErr = s.r.Read(s.buf)
		if s.end > 0 {
			return nil
		}
	}
	s.readErr = io.ErrNoProgress
	return s.stopped()
}

func (s *Scanner) stopped() error {
	if s.readErr == io.EOF {
		return fmt.Errorf("the JSON ends at byte %d: %w", s.base, io.ErrUnexpectedEOF)
	}
	return s.readErr
}

func (s *Scanner) syntax(text string) error {
	return &SyntaxError{Offset: s.base + int64(s.pos), Text: text}
}
