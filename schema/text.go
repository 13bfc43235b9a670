package schema

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Names, paths and values of a result may be of any length and hold any
// character, so all of them pass through here on their way into words.
const (
	maxPath     = 1000 // bytes of an instance path
	maxQuoted   = 60   // characters of a name or value in a message
	maxActual   = 200  // bytes of a value that is shown
	maxExpected = 2000 // bytes of a schema's value that is shown
)

// quote puts a name in quotation marks, escapes what does not print, and cuts
// what is long.
func quote(s string) string {
	if len(s) > maxQuoted {
		n := 0
		for i := range s {
			if n++; n > maxQuoted {
				return strconv.Quote(s[:i] + "…")
			}
		}
	}
	return strconv.Quote(s)
}

// cut returns the first characters of s, at most n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// printable escapes what does not print in words that are not ours.
func printable(s string) string {
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// shown returns a value as JSON of a readable length: a long string is cut,
// of a long array, object or number there is nothing.
func shown(v any) json.RawMessage {
	if size(v, maxActual) > maxActual {
		s, ok := v.(string)
		if !ok {
			return nil
		}
		v = cut(s, maxActual/2) + "…"
	}
	if _, ok := v.(absent); ok {
		return nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil
	}
	text := bytes.TrimSpace(out.Bytes())
	if len(text) > 2*maxActual { // escapes
		return nil
	}
	return text
}

// size counts the bytes of a value's JSON roughly and stops beyond limit, so
// that a value of any size may be asked for its own.
func size(v any, limit int) int {
	switch v := v.(type) {
	case string:
		return len(v) + 2
	case json.Number:
		return len(v)
	case []any:
		n := 2
		for _, e := range v {
			if n += 1 + size(e, limit-n); n > limit {
				break
			}
		}
		return n
	case map[string]any:
		n := 2
		for k, e := range v {
			if n += 4 + len(k) + size(e, limit-n); n > limit {
				break
			}
		}
		return n
	}
	return 5
}

// unquote decodes a JSON string. What does not fit into a path is cut first,
// so that a name of many megabytes costs nothing.
func unquote(quoted []byte) string {
	if len(quoted) > 12*maxPath {
		return strings.Repeat("x", 2*maxPath) // too long for a path either way
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return ""
	}
	return s
}

// A pathBuilder builds a JSON Pointer. When a name would make it too long the path
// stays at the value that holds the name.
type pathBuilder struct {
	b    strings.Builder
	full bool
}

func (p *pathBuilder) add(name string) {
	if p.full || p.b.Len()+len(name) >= maxPath {
		p.full = true
		return
	}
	p.b.WriteByte('/')
	p.b.WriteString(escape(name))
}

func (p *pathBuilder) String() string { return p.b.String() }

// pointer returns the JSON Pointer of a list of names; whole is false when it
// had to stop at one of the values on the way.
func pointer(names []string) (text string, whole bool) {
	var p pathBuilder
	for _, n := range names {
		p.add(n)
	}
	return p.String(), !p.full
}
