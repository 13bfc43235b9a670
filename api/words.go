package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

const (
	maxErrorBody = 64 << 10 // bytes of an error's body that are read
	maxMessage   = 500      // characters of it that are kept
)

// errorWords reads the body of an answer that is not 2xx. The services send
// {statusCode, error, message}, sometimes with a message that is not a string;
// proxies send HTML or plain text.
func errorWords(status int, contentType string, body io.Reader) (code, message string) {
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
	text = bytes.TrimSpace(text)
	plain := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	switch {
	case len(text) == 0:
		return "", plain
	case strings.Contains(contentType, "html") || text[0] == '<':
		return "", fmt.Sprintf("%d with an HTML page", status)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return "", string(text)
	}
	code = word(fields["code"])
	message = firstOf(word(fields["message"]), compact(fields["message"]))
	// "error" is a short name beside a message, the message itself without
	// one, or an object that holds both.
	if name := word(fields["error"]); name != "" {
		if message == "" {
			message = name
		} else if code == "" {
			code = name
		}
	} else if inner := (map[string]json.RawMessage{}); json.Unmarshal(fields["error"], &inner) == nil {
		code = firstOf(code, word(inner["code"]), word(inner["type"]))
		message = firstOf(message, word(inner["message"]))
	}
	return code, firstOf(message, string(text))
}

var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// oneForm writes the JSON strings in a message with the escapes that [hide]
// looks for: a service may write any character of a secret in several ways.
func oneForm(message string) string {
	return jsonString.ReplaceAllStringFunc(message, func(quoted string) string {
		var s string
		if json.Unmarshal([]byte(quoted), &s) != nil {
			return quoted
		}
		return string(quote(s))
	})
}

// quote writes s as a JSON string with no more escapes than it needs.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // no string fails
	return bytes.TrimSpace(b.Bytes())
}

// word returns a JSON string's text; "" for anything else.
func word(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// compact returns a message that is not a string as JSON on one line, a list
// of strings as one sentence; "" for null and nothing.
func compact(raw json.RawMessage) string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, "; ")
	}
	var b bytes.Buffer
	if len(raw) == 0 || json.Compact(&b, raw) != nil || b.String() == `""` || b.String() == "null" {
		return ""
	}
	return b.String()
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
