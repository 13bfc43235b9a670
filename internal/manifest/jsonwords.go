package manifest

import (
	"encoding/json"
	"regexp"
	"strings"
)

var invalidCharacter = regexp.MustCompile(`^invalid character ('.+') (.+)$`)

// jsonWords says what the decoder of JSON does not understand.
func jsonWords(err *json.SyntaxError) string {
	text := err.Error()
	if strings.HasPrefix(text, "unexpected end") {
		return "it ends too early"
	}
	m := invalidCharacter.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	found := m[1]
	for _, c := range []struct{ when, want string }{
		{"looking for beginning of object key string", `a key in "quotes" is`},
		{"looking for beginning of value", "a value is"},
		{"after object key:value pair", "a comma or } is"},
		{"after object key", "a colon is"},
		{"after array element", "a comma or ] is"},
	} {
		if strings.HasPrefix(m[2], c.when) {
			return found + " stands where " + c.want + " expected"
		}
	}
	switch {
	case strings.HasPrefix(m[2], "after top-level value"):
		return "there is more after its end"
	case strings.HasPrefix(m[2], "in string literal"):
		return "a string holds the character " + found + ", which must be escaped"
	case strings.HasPrefix(m[2], "in string escape"), strings.HasPrefix(m[2], `in \u`):
		return `a string holds a \ that means nothing`
	}
	return found + " is not expected here"
}
