package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	maxBody        = 10 << 20
	maxBodyNesting = 500
)

// A field is one key of a closed object: what the reference allows there.
type field struct {
	required bool
	check    func(path string, v json.RawMessage) error
}

// A fieldError says where a body breaks the reference.
type fieldError struct{ path, why string }

func (e *fieldError) Error() string { return e.path + ": " + e.why }

// readBody reads a request's body as one JSON object.
func readBody(r *http.Request) (json.RawMessage, *answer) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		if name, _, err := mime.ParseMediaType(kind); err != nil || name != "application/json" {
			a := problem(http.StatusUnsupportedMediaType, "Content-Type must be application/json")
			return nil, &a
		}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var a answer
	switch {
	case err != nil:
		a = problem(http.StatusBadRequest, "the request body could not be read")
	case len(text) > maxBody:
		a = problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the request body is larger than %d bytes", maxBody))
	case !utf8.Valid(text), !json.Valid(text):
		a = problem(http.StatusBadRequest, "body must be JSON in UTF-8")
	case nesting(text) > maxBodyNesting:
		a = problem(http.StatusBadRequest, fmt.Sprintf("body is nested deeper than %d levels", maxBodyNesting))
	default:
		return text, nil
	}
	return nil, &a
}

// object reads a closed object: every key known, required ones there, each
// value as its field wants it.
func object(path string, v json.RawMessage, fields map[string]field) (map[string]json.RawMessage, error) {
	m, err := open(path, v)
	if err != nil {
		return nil, err
	}
	for _, name := range sorted(m) {
		f, ok := fields[name]
		if !ok {
			return nil, &fieldError{path + "." + name, "unknown field, must be one of " + strings.Join(sorted(fields), ", ")}
		}
		if err := f.check(path+"."+name, m[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range sorted(fields) {
		if _, ok := m[name]; fields[name].required && !ok {
			return nil, &fieldError{path + "." + name, "is required"}
		}
	}
	return m, nil
}

// open reads an object with any keys.
func open(path string, v json.RawMessage) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if kindOf(v) != "object" || json.Unmarshal(v, &m) != nil {
		return nil, &fieldError{path, "must be an object, not " + kindOf(v)}
	}
	return m, nil
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// kindOf is the JSON type of a value that is known to be JSON.
func kindOf(v json.RawMessage) string {
	v = bytes.TrimLeft(v, " \t\r\n")
	switch {
	case len(v) == 0:
		return "nothing"
	case v[0] == '{':
		return "object"
	case v[0] == '[':
		return "array"
	case v[0] == '"':
		return "string"
	case v[0] == 't' || v[0] == 'f':
		return "boolean"
	case v[0] == 'n':
		return "null"
	}
	return "number"
}

// ofKind wants one JSON type.
func ofKind(kind string) func(string, json.RawMessage) error {
	return func(path string, v json.RawMessage) error {
		if got := kindOf(v); got != kind {
			article := "a "
			if kind == "object" {
				article = "an "
			}
			return &fieldError{path, "must be " + article + kind + ", not " + got}
		}
		return nil
	}
}

// text wants a string of at least low and, unless high is 0, at most high
// characters.
func text(low, high int) func(string, json.RawMessage) error {
	return func(path string, v json.RawMessage) error {
		if err := ofKind("string")(path, v); err != nil {
			return err
		}
		n := utf8.RuneCountInString(stringOf(v))
		switch {
		case n < low:
			return &fieldError{path, fmt.Sprintf("must have at least %d characters", low)}
		case high > 0 && n > high:
			return &fieldError{path, fmt.Sprintf("must have at most %d characters", high)}
		}
		return nil
	}
}

// closed wants an object of the given fields.
func closed(fields map[string]field) func(string, json.RawMessage) error {
	return func(path string, v json.RawMessage) error {
		_, err := object(path, v, fields)
		return err
	}
}

// each wants an object with any keys, its values as check wants them.
func each(check func(string, json.RawMessage) error) func(string, json.RawMessage) error {
	return func(path string, v json.RawMessage) error {
		m, err := open(path, v)
		if err != nil {
			return err
		}
		for _, name := range sorted(m) {
			if err := check(path+"."+name, m[name]); err != nil {
				return err
			}
		}
		return nil
	}
}

// stringOf reads a string that was checked; "" for nothing.
func stringOf(v json.RawMessage) string {
	var s string
	_ = json.Unmarshal(v, &s)
	return s
}

// badRequest is the answer to a body or a query that breaks the reference.
func badRequest(err error) *answer {
	var f *fieldError
	if !errors.As(err, &f) {
		f = &fieldError{"body", err.Error()}
	}
	a := problem(http.StatusBadRequest, clip(f.Error(), 500))
	return &a
}

// echoes remember how the last schema is echoed: a batch sends the same one with
// every run, and the runs share the one echo.
type echoes struct {
	mu           sync.Mutex
	schema, echo json.RawMessage
}

func (e *echoes) of(schema json.RawMessage) json.RawMessage {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.schema == nil || !bytes.Equal(e.schema, schema) {
		e.schema, e.echo = bytes.Clone(schema), resort(schema)
	}
	return e.echo
}

// resort is a JSON object with its keys in alphabetical order, every number
// as it was written. The service does not keep the order of a schema's keys,
// and a client must not count on it.
func resort(v json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	var m any
	if d.Decode(&m) != nil {
		return v
	}
	return encode(m)
}
