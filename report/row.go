package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendRow appends a row of a table, LF included, with the quotes of RFC 4180
// around the cells that need them. encoding/csv writes the same bytes, but for a
// row of one empty cell, of which it makes an empty line that readers skip.
func appendRow(b []byte, comma byte, cells []string) []byte {
	for i, cell := range cells {
		if i > 0 {
			b = append(b, comma)
		}
		if cell == "" && len(cells) > 1 || cell != "" && !needsQuotes(cell, comma) {
			b = append(b, cell...)
			continue
		}
		b = append(b, '"')
		for {
			at := strings.IndexByte(cell, '"')
			if at < 0 {
				break
			}
			b = append(b, cell[:at+1]...)
			b = append(b, '"')
			cell = cell[at+1:]
		}
		b = append(b, cell...)
		b = append(b, '"')
	}
	return append(b, '\n')
}

// needsQuotes reports whether a cell would be read as something else without
// quotes. White space at its start is quoted for readers that trim it, and \.
// for Postgres, to which it is the end of the data.
func needsQuotes(cell string, comma byte) bool {
	if cell == `\.` {
		return true
	}
	for i := range len(cell) {
		if c := cell[i]; c == '\n' || c == '\r' || c == '"' || c == comma {
			return true
		}
	}
	r, _ := utf8.DecodeRuneInString(cell)
	return unicode.IsSpace(r)
}
