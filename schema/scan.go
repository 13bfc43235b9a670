package schema

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The limits of a value, in a result as in a schema. What is beyond them is
// never given to anything that recurses or calculates.
const (
	MaxResultBytes = 64 << 20 // of JSON text
	maxDepth       = 1000     // objects and arrays within each other
	maxDigits      = 1000     // of a number, before and after the point
	maxExponent    = 1000     // of a number, either way

	// Of the objects, arrays and scalars in a value, each counted: "[{}]" has
	// two. Decoded, each takes 20 to 320 bytes, so that at the limit a result
	// takes 160 MB at most, and commonly a quarter of it. Compiling copies a
	// schema several times.
	maxValues       = 500_000
	maxSchemaValues = 200_000
)

// TooDeep reports whether objects and arrays lie within each other deeper than
// is judged. It does not check that raw is JSON.
func TooDeep(raw []byte) bool {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return true
			}
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		}
	}
	return false
}

// A scan is what one pass over JSON text has found, without recursion and in
// memory that the text's depth alone decides (one bit a level).
type scan struct {
	syntax  string   // what is not JSON, with its byte; "" for sound text
	depth   bool     // deeper than maxDepth
	deepest string   // the path of the first value that is too deep
	numbers []string // paths of numbers beyond the limits, a few of them
	values  int      // objects, arrays and scalars

	raw    []byte
	pos    int
	kinds  []uint64 // one bit a level: 1 is an object
	levels int
	frames []frame // of the first maxDepth levels
}

// A frame is where the scan is within one object or array.
type frame struct {
	key   []byte // quoted, as it stands in the text
	index int
}

func scanJSON(raw []byte) *scan {
	s := &scan{raw: raw}
	if err := s.run(); err != nil {
		s.syntax = err.Error()
	}
	return s
}

func (s *scan) run() error {
	for {
		if err := s.value(); err != nil {
			return err
		}
		for { // after a value: close what ends here, then go to the next value
			s.space()
			if s.levels == 0 {
				if s.pos < len(s.raw) {
					return s.unexpected("after the value")
				}
				return nil
			}
			c := s.peek()
			if c == ',' {
				s.pos++
				if s.inObject() {
					if err := s.key(); err != nil {
						return err
					}
				} else if s.levels <= maxDepth {
					s.frames[s.levels-1].index++
				}
				break
			}
			if s.inObject() && c != '}' || !s.inObject() && c != ']' {
				return s.unexpected("in an object or array")
			}
			s.pos++
			s.pop()
		}
	}
}

// value reads a scalar or an empty container, or opens containers until one
// of these comes.
func (s *scan) value() error {
	for {
		s.space()
		s.values++
		switch c := s.peek(); {
		case c == '{':
			s.pos++
			s.push(true)
			s.space()
			if s.peek() == '}' {
				s.pos++
				s.pop()
				return nil
			}
			if err := s.key(); err != nil {
				return err
			}
		case c == '[':
			s.pos++
			s.push(false)
			s.space()
			if s.peek() == ']' {
				s.pos++
				s.pop()
				return nil
			}
		case c == '"':
			return s.string()
		case c == '-' || c >= '0' && c <= '9':
			return s.number()
		case c == 't':
			return s.word("true")
		case c == 'f':
			return s.word("false")
		case c == 'n':
			return s.word("null")
		default:
			return s.unexpected("where a value should be")
		}
	}
}

// key reads a key and its colon.
func (s *scan) key() error {
	s.space()
	if s.peek() != '"' {
		return s.unexpected("where a key should be")
	}
	from := s.pos
	if err := s.string(); err != nil {
		return err
	}
	if s.levels <= maxDepth {
		s.frames[s.levels-1].key = s.raw[from:s.pos]
	}
	s.space()
	if s.peek() != ':' {
		return s.unexpected("where a colon should be")
	}
	s.pos++
	return nil
}

func (s *scan) string() error {
	s.pos++
	from := s.pos
	ascii := true
	for s.pos < len(s.raw) {
		switch c := s.raw[s.pos]; {
		case c == '"':
			if !ascii && !utf8.Valid(s.raw[from:s.pos]) {
				return fmt.Errorf("the string at byte %d is not UTF-8", from-1)
			}
			s.pos++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < 0x20:
			return s.unexpected("in a string")
		default:
			ascii = ascii && c < utf8.RuneSelf
			s.pos++
		}
	}
	return s.unexpected("")
}

func (s *scan) escape() error {
	s.pos++
	c := s.peek()
	if c != 'u' {
		if s.pos >= len(s.raw) || !bytes.ContainsRune([]byte(`"\/bfnrt`), rune(c)) {
			return s.unexpected("after a backslash")
		}
		s.pos++
		return nil
	}
	s.pos++
	for range 4 {
		c := s.peek() | 0x20
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') || s.peek() < '0' {
			return s.unexpected("after \\u")
		}
		s.pos++
	}
	return nil
}

func (s *scan) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	digits := 1
	if s.peek() == '0' {
		s.pos++
	} else if digits = s.digits(); digits == 0 {
		return s.unexpected("in a number")
	}
	if s.peek() == '.' {
		s.pos++
		n := s.digits()
		if n == 0 {
			return s.unexpected("in a number")
		}
		digits += n
	}
	exponent := 0
	if s.peek()|0x20 == 'e' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		from := s.pos
		if s.digits() == 0 {
			return s.unexpected("in a number")
		}
		text := bytes.TrimLeft(s.raw[from:s.pos], "0")
		if len(text) > 4 {
			exponent = maxExponent + 1
		} else if len(text) > 0 {
			exponent, _ = strconv.Atoi(string(text))
		}
	}
	if (digits > maxDigits || exponent > maxExponent) && len(s.numbers) < maxProblems && s.levels <= maxDepth {
		s.numbers = append(s.numbers, s.path())
	}
	return nil
}

func (s *scan) digits() int {
	from := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos - from
}

func (s *scan) word(w string) error {
	if !bytes.HasPrefix(s.raw[s.pos:], []byte(w)) {
		return s.unexpected("where a value should be")
	}
	s.pos += len(w)
	return nil
}

func (s *scan) space() {
	for {
		switch s.peek() {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end; a real 0 is legal nowhere.
func (s *scan) peek() byte {
	if s.pos < len(s.raw) {
		return s.raw[s.pos]
	}
	return 0
}

func (s *scan) push(isObject bool) {
	if s.levels == maxDepth && !s.depth {
		s.depth, s.deepest = true, s.path()
	}
	word, bit := s.levels/64, uint64(1)<<(s.levels%64)
	if word == len(s.kinds) {
		s.kinds = append(s.kinds, 0)
	}
	if isObject {
		s.kinds[word] |= bit
	} else {
		s.kinds[word] &^= bit
	}
	s.levels++
	if s.levels <= maxDepth {
		s.frames = append(s.frames[:s.levels-1], frame{})
	}
}

func (s *scan) pop() { s.levels-- }

func (s *scan) inObject() bool {
	top := s.levels - 1
	return s.kinds[top/64]&(1<<(top%64)) != 0
}

// path returns the JSON Pointer of the value that is about to be read.
func (s *scan) path() string {
	var p pathBuilder
	for i := range min(s.levels, maxDepth) {
		f := s.frames[i]
		if s.kinds[i/64]&(1<<(i%64)) == 0 {
			p.add(strconv.Itoa(f.index))
		} else {
			p.add(unquote(f.key))
		}
	}
	return p.String()
}

func (s *scan) unexpected(where string) error {
	if s.pos >= len(s.raw) {
		return fmt.Errorf("the text ends too early")
	}
	c, _ := utf8.DecodeRune(s.raw[s.pos:])
	return fmt.Errorf("unexpected character %q %s, at byte %d", c, where, s.pos)
}
