package server

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"unicode"
)

// encode is json.Marshal for values that are known to encode, without the
// escaping of <, > and &.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a bug of ours: the value is not data
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// squeeze trims a text and makes every run of white space one space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// clip cuts a text to n characters and makes control characters visible, so
// that what a page says can be shown.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// forms lists the ways in which a value may stand in an address or an error.
func forms(value string) []string {
	all := []string{value}
	for _, f := range []string{url.QueryEscape(value), url.PathEscape(value), strings.ToLower(value)} {
		if f != value {
			all = append(all, f)
		}
	}
	return all
}

// nesting is the depth of brackets in a JSON text, counted without recursion.
// It says nothing about whether the text is JSON.
func nesting(text []byte) int {
	depth, deepest := 0, 0
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
