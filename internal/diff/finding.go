package diff

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/batch"
)

// A Kind is what sort of difference a finding is.
type Kind string

// The kinds, in the order in which they are told.
const (
	Outcome Kind = "outcome" // a task came to another outcome
	Value   Kind = "value"   // a value of a result changed
	Keys    Kind = "keys"    // a key that every passing result of a task had is gone, or is of another type
	ShapeOf Kind = "shape"   // the results of many tasks together are of another shape
)

// Kinds lists all of them.
var Kinds = [...]Kind{Outcome, Value, Keys, ShapeOf}

// A Finding is one difference of a task: of any kind but the last.
type Finding struct {
	Kind Kind
	Task string // its id, or that of the repetition
	Path string // in the result: where it lies; "" for an outcome

	// Of an outcome and of keys in words: the outcome, or the type or "absent".
	Was, Is string
	Message string // why the outcome is what it is now; often ""
	Better  bool   // the outcome is passed now

	// Of a value.
	From, To Content
}

// MarshalJSON writes the finding with the members kind, task, path, was, is,
// message and better. A value that is absent has no member; one that is too
// long has wasBytes or isBytes in its place.
func (f Finding) MarshalJSON() ([]byte, error) {
	object := struct {
		Kind     Kind            `json:"kind"`
		Task     string          `json:"task"`
		Path     string          `json:"path,omitempty"`
		Was      json.RawMessage `json:"was,omitempty"`
		WasBytes int             `json:"wasBytes,omitempty"`
		Is       json.RawMessage `json:"is,omitempty"`
		IsBytes  int             `json:"isBytes,omitempty"`
		Message  string          `json:"message,omitempty"`
		Better   bool            `json:"better,omitempty"`
	}{Kind: f.Kind, Task: f.Task, Path: f.Path, Message: f.Message, Better: f.Better}
	if f.Kind == Value {
		object.Was, object.WasBytes = f.From.json()
		object.Is, object.IsBytes = f.To.json()
	} else {
		object.Was, object.Is = json.RawMessage(quoted(f.Was)), json.RawMessage(quoted(f.Is))
	}
	return json.Marshal(object)
}

// A Content is a value as it is told. The zero Content is that of a path which
// is absent.
type Content struct {
	Text  string // as JSON; its beginning where it is long
	Bytes int    // of all of it as JSON; 0 when absent
}

// longest is how much of a value is kept.
const longest = 2000

func contentOf(v any) Content {
	if v == (absent{}) {
		return Content{}
	}
	text := textOf(v)
	return Content{strings.Clone(short(text, longest)), len(text)}
}

func (c Content) json() (text json.RawMessage, bytes int) {
	if c.Bytes > longest {
		return nil, c.Bytes
	}
	return json.RawMessage(c.Text), 0
}

// words is the value on a line, with its size where it is cut.
func (c Content) words() string {
	const most = 120
	switch {
	case c.Bytes == 0:
		return "absent"
	case len(c.Text) > most:
		return short(c.Text, most) + " (" + countOf(c.Bytes) + " bytes)"
	}
	return c.Text
}

// textOf is a decoded value as JSON.
func textOf(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return `""` // no decoded value does that
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// plain makes text from outside fit for a terminal and for one line: what is no
// printable character of a line, or turns the direction of writing, becomes its
// escape \u202e. Within JSON that means the same.
func plain(s string) string {
	unsafe := func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
	}
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafe(r) && r != utf8.RuneError {
			b.WriteString(`\u` + strings.Repeat("0", 4-len(strconv.FormatInt(int64(r), 16))) + strconv.FormatInt(int64(r), 16))
		} else {
			b.WriteRune(r) // U+FFFD for a byte that is no UTF-8
		}
	}
	return b.String()
}

// verdict is the outcome of a task, and why; of a repetition that of the group:
// passed when enough members did, else that of the first which did not.
func verdict(entries []Entry) (outcome batch.Outcome, why, told string) {
	first := entries[0]
	if first.Repeat == nil {
		return first.Outcome, joined(string(first.Reason), first.Message), string(first.Outcome)
	}
	passed, open := 0, false
	var fault *Entry
	for i, e := range entries {
		switch {
		case e.Outcome == batch.Passed:
			passed++
		case e.unfinished():
			open = true
		case e.Outcome != batch.Skipped && fault == nil:
			fault = &entries[i]
		}
	}
	score := " (" + strconv.Itoa(passed) + "/" + strconv.Itoa(len(entries)) + ")"
	switch {
	case passed >= first.Repeat.Pass:
		return batch.Passed, "", string(batch.Passed) + score
	case open:
		return batch.Pending, "", string(batch.Pending) + score
	case fault == nil:
		return batch.Skipped, first.Message, string(batch.Skipped) + score
	}
	return fault.Outcome, joined(string(fault.Reason), fault.Message), string(fault.Outcome) + score
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}

// countOf writes a number with commas.
func countOf(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
