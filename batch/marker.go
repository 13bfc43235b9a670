package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A Tracking says which creates carry a marker, by which a run can be told from
// every other in a listing.
type Tracking string

const (
	TrackAuto   Tracking = "auto"   // those that send a result schema anyway; the zero value means the same
	TrackAlways Tracking = "always" // the others too, as a last line of their text
	TrackNever  Tracking = "never"
)

const (
	markerPrefix = "bbbatch:1:"
	markerLine   = "\n\nRef: "
	commentKey   = "$comment"
)

// A marker names one attempt at one task of one batch:
// bbbatch:1:BATCH:HASH:ATTEMPT, where HASH is the first 12 hexadecimal digits
// of the sha256 of the task's id.
type marker string

func newMarker(batch, taskID string, attempt int) marker {
	return marker(markerStem(batch, taskID) + strconv.Itoa(attempt))
}

// markerStem is what the markers of all attempts at a task begin with.
func markerStem(batch, taskID string) string {
	hash := sha256.Sum256([]byte(taskID))
	return fmt.Sprintf("%s%s:%s:", markerPrefix, batch, hex.EncodeToString(hash[:6]))
}

// attempt is the number of the attempt that a marker names; 0 when it is
// nothing that we wrote.
func (m marker) attempt() int {
	i := strings.LastIndexByte(string(m), ':')
	n, err := strconv.Atoi(string(m[i+1:]))
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// marked returns what is sent of s with the marker in it: as the $comment of
// the result schema, before a comment that its author wrote there, or, where
// there is no schema and tracking is always, as a line of the text. A schema is
// never sent only to carry it, since it would replace the agent's own. ok is
// false when s carries none.
func (s Spec) marked(m marker, t Tracking) (sent Spec, ok bool) {
	switch {
	case t == TrackNever:
		return s, false
	case s.ResultSchema != nil:
		schema, ok := withComment(s.ResultSchema, string(m))
		if ok {
			s.ResultSchema = schema
		}
		return s, ok
	case t == TrackAlways:
		s.Task += markerLine + string(m)
		return s, true
	}
	return s, false
}

// Tracked returns what is sent of s for one attempt at a task of a batch: with
// its marker, where it carries one.
func (s Spec) Tracked(batch, taskID string, attempt int, t Tracking) Spec {
	sent, _ := s.marked(newMarker(batch, taskID, attempt), t)
	return sent
}

// withComment writes m into the root's $comment.
func withComment(text json.RawMessage, m string) (json.RawMessage, bool) {
	body := bytes.TrimLeft(text, " \t\r\n")
	if len(body) == 0 || body[0] != '{' {
		return nil, false
	}
	if old, from, to, found := rootMember(body, commentKey); found {
		var said string
		if json.Unmarshal(old, &said) == nil && said != "" {
			m += " " + said
		}
		return bytes.Join([][]byte{body[:from], encoded(m), body[to:]}, nil), true
	}
	member := append([]byte(`"`+commentKey+`":`), encoded(m)...)
	if rest := bytes.TrimLeft(body[1:], " \t\r\n"); len(rest) > 0 && rest[0] != '}' {
		member = append(member, ',')
	}
	return bytes.Join([][]byte{{'{'}, member, body[1:]}, nil), true
}

// rootMember finds the value of a member of a JSON object, and where in the
// text it lies.
func rootMember(object []byte, name string) (value json.RawMessage, from, to int, found bool) {
	if !bytes.Contains(object, []byte(name)) && !bytes.Contains(object, []byte(`\u`)) {
		return nil, 0, 0, false
	}
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, 0, 0, false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, 0, 0, false
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, 0, 0, false
		}
		if key == name {
			end := int(d.InputOffset())
			return v, end - len(v), end, true
		}
	}
	return nil, 0, 0, false
}

// markerOf returns the marker that a run echoes, "" when there is none.
func markerOf(run Observed) marker {
	if m, ok := asMarker(commentOf(run.Schema)); ok {
		return m
	}
	if _, line, found := cutLast(run.Task, markerLine); found {
		if m, ok := asMarker(line); ok {
			return m
		}
	}
	return ""
}

func asMarker(s string) (marker, bool) {
	word, _, _ := strings.Cut(s, " ")
	return marker(word), strings.HasPrefix(word, markerPrefix)
}

// commentOf is the root $comment of an echoed schema, whose shape nobody
// vouches for.
func commentOf(schema json.RawMessage) string {
	if !bytes.Contains(schema, []byte(markerPrefix)) {
		return ""
	}
	value, _, _, _ := rootMember(bytes.TrimLeft(schema, " \t\r\n"), commentKey)
	var said string
	if json.Unmarshal(value, &said) != nil {
		return ""
	}
	return said
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
