package cli

import (
	"encoding/json"

	"github.com/bbbatch/bbbatch/batch"
)

// masked hides secrets in a JSON document: in its strings, however they are
// escaped, also in JSON that they hold, and in its numbers, which become strings then. All else stays as it
// is, to the byte.
func masked(doc json.RawMessage, masks *batch.Masker) json.RawMessage {
	out := make(json.RawMessage, 0, len(doc))
	for rest := doc; len(rest) > 0; {
		n := tokenEnd(rest)
		out = append(out, maskedToken(rest[:n], masks)...)
		rest = rest[n:]
	}
	return out
}

// tokenEnd is where the string, the number or word, or the one other byte ends
// that JSON begins with.
func tokenEnd(doc []byte) int {
	if doc[0] != '"' {
		n := 0
		for n < len(doc) && isWordByte(doc[n]) {
			n++
		}
		return max(n, 1)
	}
	for i := 1; i < len(doc); i++ {
		switch doc[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(doc)
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

func maskedToken(token []byte, masks *batch.Masker) []byte {
	var text string
	if token[0] != '"' || json.Unmarshal(token, &text) != nil {
		text = string(token)
	}
	within := text
	if isJSON(text) && len(text) < len(token) { // such as the arguments of a tool; each time it gets shorter
		within = string(masked(json.RawMessage(text), masks))
	}
	hidden := masks.Mask(within)
	if hidden == text {
		return token
	}
	quoted, err := json.Marshal(hidden)
	if err != nil { // no string can't be written
		return []byte(`"***"`)
	}
	return quoted
}

// isJSON reports whether a text is a JSON object or list.
func isJSON(text string) bool {
	return len(text) > 1 && (text[0] == '{' || text[0] == '[') && json.Valid([]byte(text))
}
