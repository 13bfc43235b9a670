package schema

import "encoding/json"

// A Problem is one way in which a value breaks its schema.
type Problem struct {
	Kind         string          `json:"kind"`         // schema, number, depth, size or expect
	InstancePath string          `json:"instancePath"` // JSON Pointer into the judged value; "" is its root
	Keyword      string          `json:"keyword"`      // the schema keyword, or json, number, depth, size, internal, more
	Message      string          `json:"message"`      // for a person, without the path
	Expected     json.RawMessage `json:"expected,omitempty"`
	Actual       json.RawMessage `json:"actual,omitempty"` // cut to a readable length

	// Of the kind expect alone, whose Keyword is expect and whose InstancePath is "".
	Expression string          `json:"expression,omitempty"` // the expectation as its author wrote it
	Because    string          `json:"because,omitempty"`    // why it is expected, in the author's words
	Values     json.RawMessage `json:"values,omitempty"`     // what the paths of the expression were, as a JSON object; each cut to a readable length
}
