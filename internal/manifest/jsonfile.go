package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// A jsonFile is a file of JSON objects, whose fields are not known before: one array
// of them, or one a line. It is read as a stream: one object is held at a time.
type jsonFile struct {
	path  string
	shown string
	read  func(in io.Reader, withJSON bool, yield func(*row, error) bool) // readJSON or readJSONL
}

func (f *jsonFile) name() string     { return f.shown }
func (f *jsonFile) env() expr.Object { return expr.Object{Open: true} }

func (f *jsonFile) rows(withJSON bool) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		file, err := openData(f.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = file.Close() }()
		f.read(file, withJSON, yield)
	}
}

// readJSON reads the objects of an array. After an error of the syntax nothing more is read:
// where the next object begins is not known.
func readJSON(in io.Reader, withJSON bool, yield func(*row, error) bool) {
	a := newArray(in)
	if err := a.begin(); err != nil {
		yield(nil, err)
		return
	}
	for {
		text, err := a.next()
		if err != nil || text == nil {
			if err != nil {
				yield(nil, err)
			}
			return
		}
		r := &row{number: a.number, line: a.rowLine}
		object, wrong := decodeRow(text)
		if wrong != nil {
			wrong.number = a.number
			wrong.line, wrong.column = a.within(text, max(wrong.column-1, 0))
			if !yield(nil, wrong) || wrong.spread {
				return
			}
			continue
		}
		r.object = object
		if withJSON {
			var b bytes.Buffer
			_ = json.Compact(&b, text) // it was decoded
			r.json = b.Bytes()
		}
		if !yield(r, nil) {
			return
		}
	}
}

// An array cuts the text of a JSON array into that of its elements, and knows where each
// begins. It looks at quotes and brackets alone; whoever decodes an element finds the rest.
type array struct {
	in           *bufio.Reader
	line, column int // of the next character
	number       int // of the element
	rowLine      int // where it begins
	rowColumn    int
	text         []byte
}

func newArray(in io.Reader) *array {
	return &array{in: bufio.NewReaderSize(in, 64<<10), line: 1, column: 1}
}

// begin reads up to the first element.
func (a *array) begin() error {
	head, err := a.in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if isUTF16(head) {
		return errUTF16()
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		_, _ = a.in.Discard(3)
	}
	switch c, err := a.space(); {
	case errors.Is(err, io.EOF):
		return &rowError{line: 1, message: "the file is empty: it needs a list of objects"}
	case err != nil:
		return err
	case c == '{':
		return &rowError{line: a.line, column: a.column, message: "the file is an object, not a list of objects",
			hint: "one object on each line is JSONL: name the file .jsonl, or say format: jsonl"}
	case c != '[':
		return &rowError{line: a.line, column: a.column, message: `the file must be a list of objects, such as [{"sku": "A-1"}]`}
	}
	_, err = a.take()
	return err
}

// next returns the text of the next element, valid until it is called again; nil at the end
// of the array.
func (a *array) next() ([]byte, error) {
	c, err := a.space()
	switch {
	case err != nil:
		return nil, a.wrong(err, "the list is not closed by ]")
	case c == ']':
		_, _ = a.take()
		return nil, a.end()
	case a.number > 0 && c != ',':
		return nil, a.wrong(nil, "a comma is missing after the row")
	case a.number > 0:
		_, _ = a.take()
		if c, err = a.space(); err != nil {
			return nil, a.wrong(err, "the list is not closed by ]")
		}
	}
	a.number++
	a.rowLine, a.rowColumn = a.line, a.column
	switch c {
	case ']':
		return nil, a.wrong(nil, "there is a comma before the ]")
	case ',':
		return nil, a.wrong(nil, "there is no row before the comma")
	}
	return a.element()
}

// element collects the text up to where its brackets and quotes are closed, or, of one that
// has none, to the next comma.
func (a *array) element() ([]byte, error) {
	a.text = a.text[:0]
	depth, quoted, escaped := 0, false, false
	for {
		c, err := a.peek()
		if errors.Is(err, io.EOF) {
			return a.text, nil // the decoder says what is missing
		}
		if err != nil {
			return nil, err
		}
		if depth == 0 && !quoted && (c == ',' || c == ']' || space(c)) {
			return a.text, nil
		}
		if len(a.text) == maxRow {
			return nil, &rowError{line: a.rowLine, column: a.rowColumn, number: a.number, spread: true,
				message: "is longer than 16 MB; is a quote or a bracket not closed?"}
		}
		_, _ = a.take()
		a.text = append(a.text, c)
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth == 0 && !quoted && (c == '}' || c == ']' || c == '"') {
			return a.text, nil
		}
	}
}

// end looks at what follows the array.
func (a *array) end() error {
	if _, err := a.space(); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	return &rowError{line: a.line, column: a.column, message: "there is more after the list"}
}

// wrong is an error of the array itself, here; err is why no more could be read, or nil.
func (a *array) wrong(err error, message string) error {
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return &rowError{line: a.line, column: a.column, message: message}
}

// within is the place of the character at an offset in the text of the element.
func (a *array) within(text []byte, offset int) (line, column int) {
	line, column = a.rowLine, a.rowColumn
	for ; offset > 0 && len(text) > 0; offset-- {
		r, n := utf8.DecodeRune(text)
		if text = text[n:]; r == '\n' {
			line, column = line+1, 0
		}
		column++
	}
	return line, column
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// space passes over white space and returns what follows without taking it.
func (a *array) space() (byte, error) {
	for {
		c, err := a.peek()
		if err != nil || !space(c) {
			return c, err
		}
		_, _ = a.take()
	}
}

func (a *array) peek() (byte, error) {
	c, err := a.in.ReadByte()
	if err != nil {
		return 0, err
	}
	return c, a.in.UnreadByte()
}

func (a *array) take() (byte, error) {
	c, err := a.in.ReadByte()
	if err != nil {
		return 0, err
	}
	switch {
	case c == '\n':
		a.line, a.column = a.line+1, 1
	case utf8.RuneStart(c):
		a.column++
	}
	return c, nil
}

// without returns a JSON object without some of its keys. Its own text is kept: numbers are
// exact, and the order is the author's.
func without(object json.RawMessage, keys []string) json.RawMessage {
	drop := make(map[string]bool, len(keys))
	for _, key := range keys {
		drop[key] = true
	}
	d := json.NewDecoder(bytes.NewReader(object))
	out := []byte{'{'}
	_, err := d.Token()
	for err == nil && d.More() {
		var key json.Token
		var value json.RawMessage
		if key, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		if name, _ := key.(string); err == nil && !drop[name] {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(appendString(out, name), ':'), value...)
		}
	}
	if err != nil { // the object was decoded before
		panic(fmt.Sprintf("manifest: a row cannot be read again: %v", err))
	}
	return append(out, '}')
}
