package manifest

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/internal/expr"
)

const (
	maxRow    = 16 << 20 // bytes of a row or a line
	maxHeader = 64 << 10 // bytes in which the delimiter is looked for
)

// A csvFile is a .csv or .tsv file. Its header was read when it was opened
// first; a file whose header changes later is refused.
type csvFile struct {
	path   string
	shown  string
	tabs   bool // the extension says so
	header []string
}

func (f *csvFile) name() string     { return f.shown }
func (f *csvFile) env() expr.Object { return expr.Object{Fields: f.header, Text: true} }

// readHeader opens the file once to learn its columns.
func (f *csvFile) readHeader() error {
	file, err := openData(f.path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, f.header, err = openCSV(file, f.tabs)
	return err
}

func (f *csvFile) rows(withJSON bool) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		file, err := openData(f.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = file.Close() }()
		c, header, err := openCSV(file, f.tabs)
		if err == nil && !slices.Equal(header, f.header) {
			err = &rowError{line: 1, message: "the header has changed while the batch was being read"}
		}
		if err != nil {
			yield(nil, err)
			return
		}
		c.read(header, withJSON, yield)
	}
}

// A csvReader reads rows under our own rules on top of encoding/csv's.
type csvReader struct {
	*csv.Reader
	limit *limited
}

// openCSV reads the header and finds the delimiter in it.
func openCSV(r io.Reader, tabs bool) (*csvReader, []string, error) {
	limit := &limited{r: r, left: maxRow}
	b := bufio.NewReaderSize(limit, maxHeader)
	if bom, _ := b.Peek(3); string(bom) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	head, err := b.Peek(maxHeader)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if isUTF16(head) {
		return nil, nil, errUTF16()
	}
	c := &csvReader{csv.NewReader(b), limit}
	c.Comma = delimiter(head)
	if tabs {
		c.Comma = '\t'
	}
	c.FieldsPerRecord = -1
	c.ReuseRecord = true
	record, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, &rowError{line: 1, message: "the file is empty: there is no header"}
	}
	if err != nil {
		return nil, nil, broken(err, 0)
	}
	header := slices.Clone(record)
	for i, name := range header {
		line, column := c.FieldPos(i)
		e := &rowError{line: line, column: column}
		switch {
		case strings.TrimSpace(name) == "":
			e.message = fmt.Sprintf("column %d has no name", i+1)
		case !utf8.ValidString(name):
			e.message, e.hint = "the header is not valid UTF-8", saveUTF8
		case strings.Contains(name, "\r"):
			e.message = "the lines end in carriage returns alone: save the file with line feeds"
		case slices.Contains(header[:i], name):
			e.message = fmt.Sprintf("two columns are named %s", quote(name))
		default:
			continue
		}
		return nil, nil, e
	}
	return c, header, nil
}

const saveUTF8 = "save it as UTF-8"

// errUTF16 is the error of a data file that spreadsheets call Unicode text.
func errUTF16() *rowError {
	return &rowError{line: 1, column: 1, message: "the file is UTF-16, not UTF-8", hint: saveUTF8}
}

// delimiter returns the one that the header has most of, outside quotes.
func delimiter(head []byte) rune {
	counts := map[byte]int{}
	quoted := false
scan:
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n' || c == '\r':
			if len(counts) > 0 {
				break scan
			}
		default:
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte(";\t") {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return rune(best)
}

func (c *csvReader) read(header []string, withJSON bool, yield func(*row, error) bool) {
	r := &row{object: make(map[string]any, len(header))}
	next := 1 // line on which the next row starts, blank lines aside
	if line, _ := c.FieldPos(len(header) - 1); line > 0 {
		next = line + 1 + strings.Count(header[len(header)-1], "\n")
	}
	for number := 1; ; number++ {
		c.limit.left = maxRow
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if errors.Is(err, errLongRow) {
			yield(nil, &rowError{line: next, column: 1, number: number, spread: true, message: errLongRow.Error()})
			return
		}
		if err != nil {
			err = broken(err, number)
			var one *rowError
			if !yield(nil, err) || !errors.As(err, &one) {
				return
			}
			continue
		}
		line, _ := c.FieldPos(0)
		last, _ := c.FieldPos(len(record) - 1)
		next = last + 1 + strings.Count(record[len(record)-1], "\n")
		if err := c.check(record, len(header), line, number); err != nil {
			if !yield(nil, err) {
				return
			}
			continue
		}
		r.number, r.line = number, line
		for i, name := range header {
			r.object[name] = record[i]
		}
		if withJSON {
			r.json = csvJSON(header, record)
		}
		if !yield(r, nil) {
			return
		}
	}
}

func (c *csvReader) check(record []string, columns, line, number int) error {
	if len(record) != columns {
		e := &rowError{line: line, column: 1, number: number, message: fmt.Sprintf("has %s, the header has %d", plural(len(record), "cell"), columns)}
		delimiter := map[rune]string{',': "a comma", ';': "a semicolon", '\t': "a tab"}[c.Comma]
		if e.hint = "put a cell that holds " + delimiter + " into double quotes"; len(record) < columns {
			e.hint = "write " + delimiter + " for each cell that is empty"
		}
		return e
	}
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			line, column := c.FieldPos(i)
			return &rowError{line: line, column: column, number: number, message: "is not valid UTF-8", hint: saveUTF8}
		}
	}
	return nil
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func csvJSON(header, record []string) []byte {
	out := []byte{'{'}
	for i, name := range header {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
		out = appendString(out, record[i])
	}
	return append(out, '}')
}

// broken turns an error of encoding/csv into one of ours; an error of the
// disk stays what it is.
func broken(err error, number int) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	e := &rowError{line: parse.Line, column: parse.Column, number: number, message: parse.Err.Error()}
	switch {
	case errors.Is(parse.Err, csv.ErrQuote) && parse.StartLine != parse.Line:
		e.line, e.column, e.spread = parse.StartLine, 1, true
		e.message = "a quote is not closed, or is followed by more text"
	case errors.Is(parse.Err, csv.ErrQuote):
		e.message = "a quote is not closed, or is followed by more text"
	case errors.Is(parse.Err, csv.ErrBareQuote):
		e.message = "a quote stands inside a cell that is not quoted"
	}
	return e
}

// limited fails when a row takes more bytes than a row may have: a quote that
// is never closed would otherwise read the whole file into memory.
type limited struct {
	r    io.Reader
	left int
}

var errLongRow = errors.New("is longer than 16 MB; is a quote not closed?")

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongRow
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}
