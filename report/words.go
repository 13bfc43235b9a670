package report

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside fit for a terminal and one line: line breaks
// and tabs become spaces; every other control character, those that change the
// direction of writing, line and paragraph separators and bytes that are no
// UTF-8 become U+FFFD.
func Clean(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, isUnsafe) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case isUnsafe(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

func isUnsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// Fit cuts a line to width columns of a terminal, and marks the cut.
func Fit(s string, width int) string { return fit(s, width) }

// Duration writes a length of time as people read it: 0.4s, 9.9s, 42s, 4m10s,
// 1h0m5s. A negative one is 0.0s.
func Duration(d time.Duration) string {
	if d = max(d, 0).Round(100 * time.Millisecond); d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}

// Count writes a number with commas: 1,204.
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}
