package server

import (
	"bytes"
	"encoding/json"
)

// generated is a result made to measure, so that a test of a large or deep
// result needs no file.
type generated struct {
	Bytes int `json:"bytes"` // an object of exactly so many bytes, from 11
	Depth int `json:"depth"` // objects inside each other
}

const (
	maxGenerated      = 1 << 30
	maxGeneratedDepth = 10_000_000
)

func (g generated) valid() bool {
	return g.Bytes >= 0 && g.Bytes <= maxGenerated && g.Depth >= 0 && g.Depth <= maxGeneratedDepth && (g.Bytes > 0) != (g.Depth > 0)
}

// result is nil when nothing is to be generated.
func (g generated) result() json.RawMessage {
	switch {
	case g.Bytes > 0:
		const head, tail = `{"data":"`, `"}`
		return bytes.Join([][]byte{[]byte(head), bytes.Repeat([]byte("x"), max(0, g.Bytes-len(head)-len(tail))), []byte(tail)}, nil)
	case g.Depth > 0:
		const level = `{"a":`
		return bytes.Join([][]byte{
			bytes.Repeat([]byte(level), g.Depth-1), []byte("{}"), bytes.Repeat([]byte("}"), g.Depth-1),
		}, nil)
	}
	return nil
}
