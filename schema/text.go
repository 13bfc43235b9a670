package schema

import (
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

// A path builds a JSON Pointer. When a name would make it too long the path
// stays at the value that holds the name.
type path struct {
	b    strings.Builder
	full bool
}

func (p *path) add(name string) {
	if p.full || p.b.Len()+len(name) >= maxPath {
		p.full = true
		return
	}
	p.b.WriteByte('/')
	p.b.WriteString(escape(name))
}

func (p *path) String() string { return p.b.String() }

// pointer returns the JSON Pointer of a list of names.
func pointer(names []string) string {
	var p path
	for _, n := range names {
		p.add(n)
	}
	return p.String()
}
