// Package terminaltest is a terminal for tests: it shows what a person would
// see of what the program writes, and fails a test on what it should not write.
//
// It understands what the program uses and nothing else: CR, LF, colours,
// erasing to the end of the screen, and automatic wrapping switched on and off.
// It has no height: everything that was written can be read.
package terminaltest

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// A Screen is a terminal. The zero value has no width, so that nothing wraps.
// It is safe for concurrent use.
type Screen struct {
	// Errorf is told of a control character or a sequence that is not
	// understood; nil panics.
	Errorf func(format string, args ...any)

	// Whole says that no line may reach the last column, where terminals
	// differ.
	Whole bool

	// Cuts says that a terminal that becomes narrower cuts its lines, as xterm
	// does. Others break them into several rows.
	Cuts bool

	// Paused is held while nothing is taken, as after Ctrl-S.
	Paused sync.Mutex

	mu      sync.Mutex
	width   int // 0: any
	rows    []row
	y, x    int
	cutting bool   // automatic wrapping is off
	waits   int    // the width to take when it is on again; 0 for none
	rest    []byte // the beginning of a sequence or a character
	raw     strings.Builder
}

// A row is what stands on one. A wide character has a 0 after it.
type row struct {
	cells []rune
	goes  bool // it goes on in the next row, since it was too long for one
}

// New returns a screen so many columns wide.
func New(width int, errorf func(format string, args ...any)) *Screen {
	return &Screen{Errorf: errorf, width: width}
}

// sequence is what the program may write beside text.
var sequence = regexp.MustCompile("^\x1b\\[(?:([0-9;]*)m|(J)|\\?7([lh])|([0-9]+)A)")

// Write takes what a program prints.
func (s *Screen) Write(b []byte) (int, error) {
	s.Paused.Lock()
	defer s.Paused.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	if s.rows == nil {
		s.rows = []row{{}}
	}
	text := append(s.rest, b...)
	s.rest = nil
	for len(text) > 0 {
		if text[0] == '\x1b' {
			found := sequence.FindSubmatch(text)
			switch {
			case found != nil:
				s.obey(found)
				text = text[len(found[0]):]
				continue
			case len(text) < 6:
				s.rest = append([]byte{}, text...)
				return len(b), nil
			}
		}
		if !utf8.FullRune(text) {
			s.rest = append([]byte{}, text...)
			break
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		s.put(r)
	}
	return len(b), nil
}

func (s *Screen) obey(found [][]byte) {
	switch {
	case len(found[2]) > 0:
		s.rows[s.y].cells = s.rows[s.y].cells[:min(s.x, len(s.rows[s.y].cells))]
		s.rows[s.y].goes = false
		s.rows = s.rows[:s.y+1]
	case len(found[4]) > 0:
		up, _ := strconv.Atoi(string(found[4]))
		s.y = max(s.y-up, 0)
	case len(found[3]) > 0:
		s.cutting = found[3][0] == 'l'
		if !s.cutting && s.waits > 0 {
			s.resize(s.waits)
			s.waits = 0
		}
	}
}

func (s *Screen) put(r rune) {
	switch {
	case r == '\r':
		s.x = 0
	case r == '\n':
		s.rows[s.y].goes = false
		s.down()
	case r < ' ' || r == 0x7f:
		s.Errorf("a control character %q reached the terminal", r)
	default:
		s.show(r, runewidth.RuneWidth(r))
	}
}

// down goes to the beginning of the next row.
func (s *Screen) down() {
	s.y++
	s.x = 0
	if s.y == len(s.rows) {
		s.rows = append(s.rows, row{})
	}
}

func (s *Screen) show(r rune, wide int) {
	if wide == 0 {
		return
	}
	if s.width > 0 && s.x+wide > s.width {
		if s.cutting {
			s.x = s.width - wide
		} else {
			s.rows[s.y].goes = true
			s.down()
		}
	}
	cells := s.rows[s.y].cells
	for len(cells) < s.x+wide {
		cells = append(cells, ' ')
	}
	cells[s.x] = r
	for i := 1; i < wide; i++ {
		cells[s.x+i] = 0
	}
	s.rows[s.y].cells = cells
	s.x += wide
	if s.Whole && s.width > 0 && s.x >= s.width {
		s.Errorf("a line is %d columns wide, the terminal %d: %q", s.x, s.width, string(cells))
	}
}

// Resize makes the screen narrower or wider. The cursor stays on the character
// that it is on. In the middle of the drawing of a bar it waits for the end: a
// terminal takes what comes together before it does something else.
func (s *Screen) Resize(width int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits = width; !s.cutting {
		s.waits = 0
		s.resize(width)
	}
}

func (s *Screen) resize(width int) {
	s.width = width
	if s.Cuts {
		for i := range s.rows {
			s.rows[i].cells = s.rows[i].cells[:min(len(s.rows[i].cells), width)]
		}
		s.x = min(s.x, width-1)
		return
	}
	var rows []row
	y, x := 0, 0
	for i := 0; i < len(s.rows); i++ {
		line := s.rows[i].cells
		at := -1
		if i == s.y {
			at = s.x
		}
		for s.rows[i].goes && i+1 < len(s.rows) {
			i++
			if i == s.y {
				at = len(line) + s.x
			}
			line = append(line[:len(line):len(line)], s.rows[i].cells...)
		}
		first := len(rows)
		rows = append(rows, broken(line, width)...)
		if at >= 0 {
			y, x = first+at/width, at%width
			for y >= len(rows) {
				rows = append(rows, row{})
			}
		}
	}
	s.rows, s.y, s.x = rows, y, x
}

// broken is a line in rows of a width. It does not mind wide characters.
func broken(line []rune, width int) []row {
	var rows []row
	for len(line) > width {
		rows = append(rows, row{line[:width:width], true})
		line = line[width:]
	}
	return append(rows, row{cells: line})
}

// Text is what is to be seen, without blanks at the ends of lines. What was
// broken into several rows is one line.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for i, r := range s.rows {
		text := strings.ReplaceAll(string(r.cells), "\x00", "")
		if r.goes {
			b.WriteString(text)
			continue
		}
		b.WriteString(strings.TrimRight(text, " "))
		if i+1 < len(s.rows) {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Raw is every byte that was written.
func (s *Screen) Raw() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}
