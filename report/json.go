package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// compact appends raw to dst without the white space between its tokens, and
// reports whether raw is exactly one JSON value; if not, dst comes back as it
// was. Nothing else changes: numbers, escapes and the order of keys stay, only
// bytes that are no UTF-8 become U+FFFD.
//
// It does not recurse, so that the depth of raw, which a stranger chose, costs
// one byte a level and no stack. encoding/json gives up at 10,000 levels.
func compact(dst, raw []byte) ([]byte, bool) {
	const (
		value        = iota // a value
		valueOrEnd          // a value, or the end of an empty array
		keyOrEnd            // a key, or the end of an empty object
		key                 // a key
		afterElement        // a comma, or the end of what we are in
		afterAll            // nothing
	)
	start := len(dst)
	var nest []byte // the closing bracket of every level
	want := value
	for i := 0; i < len(raw); {
		c := raw[i]
		end := i + 1
		switch {
		case isSpace(c):
			i++
			continue
		case want == afterElement && c == ',':
			want = value
			if nest[len(nest)-1] == '}' {
				want = key
			}
		case (c == ']' || c == '}') && len(nest) > 0 && c == nest[len(nest)-1] &&
			(want == afterElement || want == valueOrEnd || want == keyOrEnd):
			nest = nest[:len(nest)-1]
			want = after(len(nest), afterElement, afterAll)
		case (want == key || want == keyOrEnd) && c == '"':
			if end = stringEnd(raw, i); end < 0 {
				return dst[:start], false
			}
			colon := end
			for colon < len(raw) && isSpace(raw[colon]) {
				colon++
			}
			if colon == len(raw) || raw[colon] != ':' {
				return dst[:start], false
			}
			dst = append(dst, raw[i:end]...)
			i, end = colon, colon+1
			want = value
		case want != value && want != valueOrEnd:
			return dst[:start], false
		case c == '{':
			nest = append(nest, '}')
			want = keyOrEnd
		case c == '[':
			nest = append(nest, ']')
			want = valueOrEnd
		default:
			if c == '"' {
				end = stringEnd(raw, i)
			} else {
				end = scalarEnd(raw, i)
			}
			if end < 0 {
				return dst[:start], false
			}
			want = after(len(nest), afterElement, afterAll)
		}
		dst = append(dst, raw[i:end]...)
		i = end
	}
	if want != afterAll {
		return dst[:start], false
	}
	if !utf8.Valid(dst[start:]) {
		dst = append(dst[:start], bytes.ToValidUTF8(dst[start:], []byte("\uFFFD"))...)
	}
	return dst, true
}

func after(depth, inside, outside int) int {
	if depth > 0 {
		return inside
	}
	return outside
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// stringEnd returns the index after the string whose opening quote is b[i], or
// -1 when there is no such string.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			i++
			if i == len(b) {
				return -1
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(b) || !isHex(b[i+1:i+5]) {
					return -1
				}
				i += 4
			default:
				return -1
			}
		}
	}
	return -1
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// scalarEnd returns the index after the number, true, false or null at b[i],
// or -1 when there is none.
func scalarEnd(b []byte, i int) int {
	end := i
	for end < len(b) && !isSpace(b[end]) && strings.IndexByte(`,:"[]{}`, b[end]) < 0 {
		end++
	}
	switch word := b[i:end]; string(word) {
	case "true", "false", "null":
		return end
	default:
		if isNumber(word) {
			return end
		}
		return -1
	}
}

// isNumber reports whether b is a JSON number, of any length.
func isNumber(b []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		b = b[n:]
		return n > 0
	}
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 0 && b[0] == '0' {
		b = b[1:]
	} else if !digits() {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		b = b[1:]
		if !digits() {
			return false
		}
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(b) == 0
}

// valueEnd returns the index after the value that starts at doc[i]. doc comes
// from compact, so it is whole and has no white space.
func valueEnd(doc []byte, i int) int {
	depth := 0
	for {
		switch doc[i] {
		case '"':
			i = stringEnd(doc, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':':
			i++
		default:
			for i < len(doc) && doc[i] != ',' && doc[i] != '}' && doc[i] != ']' {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// unquote returns the text of a JSON string, quotes included, that compact has
// let through. A lone surrogate becomes U+FFFD.
func unquote(b []byte) string {
	if !bytes.Contains(b, []byte{'\\'}) {
		return string(b[1 : len(b)-1])
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return string(b[1 : len(b)-1])
	}
	return s
}
