package schema

import "encoding/json"

// A Problem is one way in which a value breaks its schema.
type Problem struct {
	Kind         string          `json:"kind"`         // schema, number, depth or size
	InstancePath string          `json:"instancePath"` // JSON Pointer into the judged value; "" is its root
	Keyword      string          `json:"keyword"`      // the schema keyword, or json, number, depth, size, internal, more
	Message      string          `json:"message"`      // for a person, without the path
	Expected     json.RawMessage `json:"expected,omitempty"`
	Actual       json.RawMessage `json:"actual,omitempty"` // cut to a readable length
}
