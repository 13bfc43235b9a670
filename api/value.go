package api

// value reads one value of any kind. Its brackets are kept as bits, not as
// calls.
func (s *Scanner) value() error {
	depth := 0
	for {
		// A value is expected here.
		c, err := s.space()
		if err != nil {
			return err
		}
		switch c {
		case '{', '[':
			if depth == maxDepth {
				return s.syntax("nested too deeply")
			}
			s.setKind(depth, c == '{')
			depth++
			s.pos++
			closed, err := s.first(depth)
			if err != nil {
				return err
			}
			if !closed {
				continue
			}
			depth--
		default:
			if err := s.scalar(c); err != nil {
				return err
			}
		}
		// A value has ended here, and with it perhaps those around it.
		for {
			if depth == 0 {
				return nil
			}
			closed, err := s.next(depth)
			if err != nil {
				return err
			}
			if !closed {
				break
			}
			depth--
		}
	}
}

// first reads from behind an opening bracket to the first value, or the
// closing bracket.
func (s *Scanner) first(depth int) (closed bool, err error) {
	c, err := s.space()
	if err != nil {
		return false, err
	}
	object := s.kind(depth - 1)
	if (object && c == '}') || (!object && c == ']') {
		s.pos++
		return true, nil
	}
	if object {
		return false, s.name(c)
	}
	return false, nil
}

// next reads from behind a value to the next one, or the closing bracket.
func (s *Scanner) next(depth int) (closed bool, err error) {
	c, err := s.space()
	if err != nil {
		return false, err
	}
	object := s.kind(depth - 1)
	switch {
	case (object && c == '}') || (!object && c == ']'):
		s.pos++
		return true, nil
	case c != ',':
		return false, s.syntax("a comma or a closing bracket is expected")
	}
	s.pos++
	if !object {
		return false, nil
	}
	if c, err = s.space(); err != nil {
		return false, err
	}
	return false, s.name(c)
}

// name reads a member's name, which begins with c, and its colon.
func (s *Scanner) name(c byte) error {
	if c != '"' {
		return s.syntax("a member's name is expected")
	}
	if err := s.str(); err != nil {
		return err
	}
	return s.colon()
}

func (s *Scanner) setKind(level int, object bool) {
	word, bit := level/64, uint64(1)<<(level%64)
	if word == len(s.kinds) {
		s.kinds = append(s.kinds, 0)
	}
	if object {
		s.kinds[word] |= bit
	} else {
		s.kinds[word] &^= bit
	}
}

func (s *Scanner) kind(level int) (object bool) {
	return s.kinds[level/64]&(1<<(level%64)) != 0
}

// scalar reads a string, number or literal that begins with c.
func (s *Scanner) scalar(c byte) error {
	switch {
	case c == '"':
		return s.str()
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.syntax("a value is expected")
}

func (s *Scanner) literal(word string) error {
	for i := range len(word) {
		c, err := s.byte()
		if err != nil {
			return err
		}
		if c != word[i] {
			return s.syntax("a value is expected")
		}
		s.pos++
	}
	return nil
}

// str reads a string from its opening quote. A control character in it is no
// reason to lose a run: whoever reads the string sees to it.
func (s *Scanner) str() error {
	s.pos++
	for {
		for s.pos < s.end {
			switch s.buf[s.pos] {
			case '"':
				s.pos++
				return nil
			case '\\':
				s.pos++
				if err := s.escape(); err != nil {
					return err
				}
			default:
				s.pos++
			}
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// escape reads what follows a backslash.
func (s *Scanner) escape() error {
	c, err := s.byte()
	if err != nil {
		return err
	}
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
		s.pos++
	default:
		return s.syntax("an unknown escape in a string")
	}
	for range 4 {
		c, err := s.byte()
		if err != nil {
			return err
		}
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return s.syntax("an unknown escape in a string")
		}
		s.pos++
	}
	return nil
}

// number reads a number. Its last byte is known only by the byte behind it,
// and the end of the stream ends it too.
func (s *Scanner) number() error {
	if s.buf[s.pos] == '-' {
		s.pos++
	}
	c, err := s.byte()
	if err != nil {
		return err
	}
	if c == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.at('.') {
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		return s.digits()
	}
	return nil
}

// digits reads one digit or more.
func (s *Scanner) digits() error {
	c, err := s.byte()
	if err != nil {
		return err
	}
	if !isDigit(c) {
		return s.syntax("a digit is expected")
	}
	for {
		for s.pos < s.end {
			if !isDigit(s.buf[s.pos]) {
				return nil
			}
			s.pos++
		}
		if s.fill() != nil {
			return nil // met again by whoever reads on
		}
	}
}

// at reports whether the next byte is c; false at the end of the stream.
func (s *Scanner) at(c byte) bool {
	got, err := s.byte()
	return err == nil && got == c
}

// byte returns the next byte without reading it.
func (s *Scanner) byte() (byte, error) {
	if s.pos == s.end {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	return s.buf[s.pos], nil
}

// space reads white space and returns the byte behind it without reading it.
func (s *Scanner) space() (byte, error) {
	for {
		for s.pos < s.end {
			if c := s.buf[s.pos]; !isSpace(c) {
				return c, nil
			}
			s.pos++
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
