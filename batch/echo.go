package batch

import (
	"bytes"
	"encoding/json"
)

// An Echo says what of its request a service's answer to a create repeated as
// it was sent. A create whose answer was lost may be sent again only where a
// listing is known to show what it would be found by.
type Echo struct {
	Text   bool
	Agent  bool
	Schema bool // its meaning: neither the order of keys nor the form of numbers
	Marker bool
}

// Which answers are compared with what was sent.
const (
	echoFirst = 20
	echoEvery = 50
)

// echoOf compares an answer with what was sent. What was not sent counts as
// repeated, except a marker.
func echoOf(sent Spec, m marker, run Observed) Echo {
	return Echo{
		Text:   run.Task == sent.Task,
		Agent:  sent.AgentID == "" || run.AgentID == sent.AgentID,
		Schema: sent.ResultSchema == nil || sameSchema(sent.ResultSchema, run.Schema),
		Marker: m != "" && markerOf(run) == m,
	}
}

// An Echoes is what a ledger knows of how a service repeats requests, from the
// newest of the creates that it answered.
type Echoes struct {
	Seen     int  // creates that were compared
	Text     bool // every one of them repeated its text; likewise the others
	Agent    bool
	Schema   bool
	Marked   int  // of Seen, those that carried a marker
	Marker   bool // every one of those repeated it
	Unmarked bool // the service refuses requests with a marker
}

// provesMarker reports whether a run of ours that exists would be seen by its
// marker.
func (e Echoes) provesMarker() bool { return e.Marked > 0 && e.Marker }

// provesRequest reports whether it would be seen by its text, agent and schema.
func (e Echoes) provesRequest() bool { return e.Seen > 0 && e.Text && e.Agent && e.Schema }

// sameSchema compares two schemas as a service that parsed and wrote them again
// leaves them: numbers as float64, the order of keys ignored, and with them a
// root $comment, in which markers differ.
func sameSchema(a, b json.RawMessage) bool {
	x, ok := looseSchema(a)
	if !ok {
		return false
	}
	y, ok := looseSchema(b)
	return ok && bytes.Equal(x, y)
}

// looseSchema is a schema in the form in which sameSchema compares it. ok is
// false for what is no JSON object.
func looseSchema(text json.RawMessage) (loose []byte, ok bool) {
	var root map[string]any
	if json.Unmarshal(text, &root) != nil || root == nil {
		return nil, false
	}
	delete(root, commentKey)
	loose, err := json.Marshal(root)
	return loose, err == nil
}
