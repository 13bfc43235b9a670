package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// A Source is one side of a comparison: a batch of a ledger ([FromBatch]) or a
// report of one ([OpenFile]). One goroutine uses it.
type Source interface {
	// Entries yields the tasks in order, without those that left their manifest.
	Entries() iter.Seq2[Entry, error]

	// At reads the task again that was yielded with a Ref. It is quick for
	// those that follow each other.
	At(ref int64) (Entry, error)
}

// An Entry is what a comparison wants to know of a task.
type Entry struct {
	Ref      int64 // where it lies in its source
	Line     int   // of a report, as Entries yields it; 0 in a ledger
	ID       string
	Repeat   *batch.Repetition // nil for a task of its own
	Outcome  batch.Outcome
	Reason   batch.Reason
	Message  string
	Schema   string // digest of the schema that judged its result; "" for none, or not known
	Template string

	Result json.RawMessage // the judged value; nil where there is none
	Away   bool            // there is a result, and it lies where it can't be read
}

// name is what entries of both sides are matched by: the id, or that of the
// repetition.
func (e Entry) name() string {
	if e.Repeat != nil {
		return e.Repeat.Group
	}
	return e.ID
}

// unfinished reports whether the task may still come to another outcome.
func (e Entry) unfinished() bool { return e.Outcome == batch.Pending || e.Outcome == batch.Running }

// mostValues is how many objects, arrays and scalars a result may have that is
// looked into. A schema judges no result that has more.
const mostValues = 500_000

// decode decodes a result with its numbers as text. ok is false for one that is
// not looked into: too long, too deep, or no JSON.
func decode(raw []byte) (v any, ok bool) {
	if len(raw) > schema.MaxResultBytes || schema.TooDeep(raw) || tooMany(raw) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	return v, true
}

func tooMany(raw []byte) bool {
	if len(raw) < mostValues {
		return false
	}
	n := 1
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[', ',':
			n++
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		}
	}
	return n > mostValues
}

// judged is the part of an answer that was judged: what lies behind names. It is
// nil where the answer has no such part.
func judged(raw json.RawMessage, way []string) (json.RawMessage, error) {
	for _, name := range way {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, fmt.Errorf("the result has no %s: %w", name, err)
		}
		if raw = members[name]; raw == nil {
			return nil, nil
		}
	}
	return raw, nil
}
