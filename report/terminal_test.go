package report

import (
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-runewidth"
)

// A screen is a terminal that never scrolls: CR, LF and characters with their
// width. It fails the test when a line wraps or an escape is written.
type screen struct {
	t      *testing.T
	width  int // 0: any
	mu     sync.Mutex
	lines  [][]rune
	column int
	raw    strings.Builder
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	if s.lines == nil {
		s.lines = [][]rune{nil}
	}
	for _, r := range sgr.ReplaceAllString(string(b), "") {
		last := &s.lines[len(s.lines)-1]
		switch {
		case r == '\r':
			s.column = 0
		case r == '\n':
			s.lines = append(s.lines, nil)
			s.column = 0
		case r < ' ':
			s.t.Errorf("a control character %q reached the terminal", r)
		default:
			for range runewidth.RuneWidth(r) {
				if s.column == len(*last) {
					*last = append(*last, ' ')
				}
				(*last)[s.column] = 0
				s.column++
			}
			if w := runewidth.RuneWidth(r); w > 0 {
				(*last)[s.column-w] = r
			}
			if s.width > 0 && s.column >= s.width {
				s.t.Errorf("a line is %d columns wide, the terminal %d: %q", s.column, s.width, string(*last))
			}
		}
	}
	return len(b), nil
}

// text is what is to be seen, without blanks at the ends of lines.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, l := range s.lines {
		lines = append(lines, strings.TrimRight(strings.ReplaceAll(string(l), "\x00", ""), " "))
	}
	return strings.Join(lines, "\n")
}
