package report

import (
	"strings"
	"time"
	"unicode/utf8"
)

// A cell makes the cells of a table.
type cell struct {
	unguarded bool
}

// text makes a cell of a string: a NUL or a byte that is no UTF-8 becomes
// U+FFFD, every other character stays, and what a spreadsheet would run is
// guarded.
func (c cell) text(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	if c.unguarded {
		return s
	}
	return guard(s)
}

// guard puts an apostrophe before a string that a spreadsheet would take for a
// formula: one that starts with = + - @, with their full-width forms, or with
// a tab or CR, behind which a formula can hide.
func guard(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r':
		return "'" + s
	}
	return s
}

// json makes a cell of a value in compact JSON: a string's text, nothing
// for null, and the JSON itself for all else, so that a number keeps every
// digit. Only strings need the guard: no other value can start with one of its
// characters, save a number with its minus.
func (c cell) json(value []byte) string {
	if len(value) == 0 || value[0] == 'n' {
		return ""
	}
	if value[0] == '"' {
		return c.text(unquote(value))
	}
	return string(value)
}

// stamp writes a time as RFC 3339 in UTC to the millisecond, always with three
// decimals, so that times sort as text; "" for the zero time and for years that
// the format cannot write.
func stamp(t time.Time) string {
	if !isWritable(t) {
		return ""
	}
	// RFC3339 is the layout that Format is fast at: a report has millions of these.
	var room [24]byte
	b := t.UTC().AppendFormat(room[:0], time.RFC3339)[:len("2006-01-02T15:04:05")]
	ms := t.Nanosecond() / 1e6
	return string(append(b, '.', '0'+byte(ms/100), '0'+byte(ms/10%10), '0'+byte(ms%10), 'Z'))
}

// isWritable reports whether [stamp] writes a time.
func isWritable(t time.Time) bool {
	year := t.UTC().Year()
	return !t.IsZero() && year >= 1 && year <= 9999
}
