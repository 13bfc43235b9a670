package report

import (
	"bytes"
	_ "embed"
)

//go:embed schemas/event.schema.json
var eventSchema []byte

//go:embed schemas/result.schema.json
var resultSchema []byte

// EventSchema returns the JSON Schema of a line that [LoggedEvent.Line] and
// [Progress] in mode JSON write.
func EventSchema() []byte { return bytes.Clone(eventSchema) }

// ResultSchema returns the JSON Schema of a record of a report in JSONL.
func ResultSchema() []byte { return bytes.Clone(resultSchema) }
