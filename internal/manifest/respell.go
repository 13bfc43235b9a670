package manifest

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// JSON that is pasted into YAML is YAML, but for two ways of writing a
// character in quotes that the parser refuses: \/ and, for what is beyond 16
// bits, a pair of \u escapes. They are respelled in as many characters, so that
// every place stays what it is, with escapes of control characters that the
// text does not have otherwise; undo puts what is meant in their stead.

// A respelled text is one that the parser reads.
type respelled struct {
	text  []byte
	slash string // the control character that stands for a slash
	empty string // the one that stands for nothing
}

// spare are control characters that have an escape of one letter.
var spare = []struct{ letter, char string }{{"a", "\a"}, {"v", "\v"}, {"e", "\x1b"}, {"0", "\x00"}}

// refusesEscape reports whether the parser has met an escape that JSON has and it
// has not.
func refusesEscape(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "unknown escape character") ||
		strings.Contains(err.Error(), "invalid Unicode character escape code"))
}

// respell goes as far as the first escape that is none of JSON's either, and no
// further than is done in a moment. It returns nil when the text leaves it no
// control characters.
func respell(text []byte) *respelled {
	var letters, chars []string
	for _, s := range spare {
		written := regexp.MustCompile(fmt.Sprintf(`\\(?:%s|x%02[2]x|u00%02[2]x|U000000%02[2]x)`, s.letter, s.char[0]))
		if !written.Match(bytes.ToLower(text)) {
			letters, chars = append(letters, s.letter), append(chars, s.char)
		}
	}
	if len(letters) < 2 {
		return nil
	}
	out := bytes.Clone(text)
	// The parser alone knows what stands in double quotes, so it is asked for
	// one such place after another.
	for work := 0; work < 16<<20; {
		r := &byteReader{text: out}
		_, err := decode(yaml.NewDecoder(r))
		at := -1
		if refusesEscape(err) {
			at = r.escape()
		}
		if at < 0 {
			break
		}
		respellFrom(out[at:], letters[0], letters[1])
		work += r.pos
	}
	return &respelled{out, chars[0], chars[1]}
}

// A byteReader hands out byte by byte, so that the parser has read hardly more
// than it has looked at.
type byteReader struct {
	text []byte
	pos  int
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.pos == len(r.text) {
		return 0, io.EOF
	}
	r.pos++
	return copy(p[:1], r.text[r.pos-1:]), nil
}

// jsonEscape matches, at its beginning, an escape that the parser refuses.
var jsonEscape = regexp.MustCompile(`^\\(?:/|u[dD][89a-fA-F][0-9a-fA-F]{2})`)

// escape returns where the escape is that the parser has just refused, -1 if it
// is none of JSON's. The parser looks at up to four characters at once, or at
// the whole of an escape; what lies further back may stand in other quotes.
func (r *byteReader) escape() int {
	at := r.pos
	for range 8 {
		_, size := utf8.DecodeLastRune(r.text[:at])
		at -= size
	}
	for ; at < r.pos; at++ {
		before := len(r.text[:at]) - len(bytes.TrimRight(r.text[:at], `\`))
		if before%2 != 0 || !jsonEscape.Match(r.text[at:]) {
			continue
		}
		if r.text[at+1] == 'u' || utf8.RuneCount(r.text[at:r.pos]) <= 4 {
			return at
		}
	}
	return -1
}

// respellFrom respells text that begins within double quotes: as far as these
// reach, and what else stands in double quotes right after them.
func respellFrom(text []byte, slash, empty string) {
	quoted := true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted:
			// Of anything but JSON's own marks it is not clear what follows.
			if strings.IndexByte(" \n\r,:[]{}", c) < 0 {
				return
			}
		case c == '\\':
			if !jsonEscape.Match(text[i:]) {
				i++
				continue
			}
			if text[i+1] == '/' {
				i += copy(text[i:], `\`+slash) - 1
				continue
			}
			i += copy(text[i:], paired(text[i:], empty)) - 1
		}
	}
}

// paired respells the escape of half a character that text begins with, and
// the other half if that follows. Half a character alone is none, as everywhere
// in JSON.
func paired(text []byte, empty string) string {
	if len(text) >= 12 && jsonEscape.Match(text[6:]) && text[7] == 'u' {
		high, _ := strconv.ParseUint(string(text[2:6]), 16, 32)
		low, _ := strconv.ParseUint(string(text[8:12]), 16, 32)
		if c := utf16.DecodeRune(rune(high), rune(low)); c != utf8.RuneError {
			return fmt.Sprintf(`\U%08X\%s`, c, empty)
		}
	}
	return `\uFFFD`
}

// undo puts back what was meant.
func (r *respelled) undo(n *yaml.Node) {
	if n.Style&yaml.DoubleQuotedStyle != 0 {
		n.Value = strings.NewReplacer(r.slash, "/", r.empty, "").Replace(n.Value)
	}
	for _, c := range n.Content {
		r.undo(c)
	}
}
