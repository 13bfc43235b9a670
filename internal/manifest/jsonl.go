package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a row's values.
const maxDepth = 1000

// readJSONL reads one object a line.
func readJSONL(r io.Reader, withJSON bool, yield func(*row, error) bool) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxRow)
	number := 0
	line := 0
	for lines.Scan() {
		line++
		text := lines.Bytes()
		if line == 1 {
			if isUTF16(text) {
				yield(nil, errUTF16())
				return
			}
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		space := utf8.RuneCount(text) - utf8.RuneCount(bytes.TrimLeft(text, " \t\r"))
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		number++
		object, err := decodeRow(text)
		if err != nil {
			err.line, err.number, err.spread = line, number, false // a line is a row
			if err.column > 0 {
				err.column += space
			}
			if !yield(nil, err) {
				return
			}
			continue
		}
		r := &row{number: number, line: line, object: object}
		if withJSON {
			var b bytes.Buffer
			// The text has been decoded and is valid.
			_ = json.Compact(&b, text)
			r.json = b.Bytes()
		}
		if !yield(r, nil) {
			return
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		yield(nil, &rowError{line: line + 1, number: number + 1, spread: true, message: "the line is longer than 16 MB"})
	case err != nil:
		yield(nil, err)
	}
}

// decodeRow reads one object, numbers with their exact text. A key that is
// given twice is an error: which of the two is meant nobody can know.
func decodeRow(text []byte) (map[string]any, *rowError) {
	if !utf8.Valid(text) {
		return nil, &rowError{message: "is not valid UTF-8", hint: saveUTF8}
	}
	if depth(text) > maxDepth {
		return nil, &rowError{column: 1, message: fmt.Sprintf("is nested deeper than %d levels", maxDepth)}
	}
	if text[0] != '{' {
		return nil, &rowError{column: 1, message: "is not a JSON object"}
	}
	if json.Valid(text) {
		p := &parser{text: text}
		object, _ := p.value().(map[string]any)
		if p.twice != nil {
			return nil, &rowError{message: "the key " + quote(*p.twice) + " is given twice"}
		}
		return object, nil
	}
	e := &rowError{message: "is not valid JSON", spread: true}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); !errors.As(err, &syntax) {
		return nil, e
	}
	e.message += ": " + jsonWords(syntax)
	switch {
	case strings.HasPrefix(syntax.Error(), "unexpected end"):
		e.message = "is not valid JSON: it ends too early"
		e.column = utf8.RuneCount(text) + 1
		return nil, e
	case strings.HasSuffix(syntax.Error(), "after top-level value"):
		e.message = "is not valid JSON: there is more after the object"
	}
	e.column = utf8.RuneCount(text[:min(max(int(syntax.Offset)-1, 0), len(text))]) + 1
	return nil, e
}

// depth measures nesting without recursion.
func depth(text []byte) int {
	deepest, now := 0, 0
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
