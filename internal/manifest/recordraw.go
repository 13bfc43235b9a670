package manifest

import (
	"bytes"
	"encoding/json"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// rawOf returns the JSON that a name of a record stands for; nil for what the
// task does not have.
func rawOf(r batch.Record, name string, item json.RawMessage) (json.RawMessage, error) {
	switch name {
	case "row":
		return r.Row, nil
	case "matrix":
		return r.Matrix, nil
	case "item":
		return item, nil
	}
	return judgedValue(r)
}

// judgedValue returns what was judged of a task's result: the answer, or what
// lies in it at the path that is looked at. It is nil for a task that has no
// result, or none that could be judged: one that is too large, or that waits to
// be tried again.
func judgedValue(r batch.Record) (json.RawMessage, error) {
	raw, err := r.Answer(schema.MaxResultBytes)
	if err != nil || raw == nil {
		return nil, err
	}
	var keys []any
	for _, name := range r.Way() {
		keys = append(keys, name)
	}
	return rawAt(raw, keys), nil
}

// rawAt follows keys, each a string or an int, through JSON without reading what
// lies beside the path; nil where they lead to nothing. Of a key that comes twice
// the last value counts, as it does for the judge.
func rawAt(raw json.RawMessage, keys []any) json.RawMessage {
	for _, key := range keys {
		d := json.NewDecoder(bytes.NewReader(raw))
		open, err := d.Token()
		if err != nil {
			return nil
		}
		switch key := key.(type) {
		case string:
			if raw = nil; open == json.Delim('{') {
				raw = member(d, key)
			}
		case int:
			if raw = nil; open == json.Delim('[') {
				raw = element(d, key)
			}
		}
		if raw == nil {
			return nil
		}
	}
	return raw
}

func member(d *json.Decoder, name string) (value json.RawMessage) {
	var other json.RawMessage
	for d.More() {
		into := &other
		key, err := d.Token()
		if err != nil {
			return nil
		}
		if key == name {
			into = &value
		}
		if d.Decode(into) != nil {
			return nil
		}
	}
	return value
}

func element(d *json.Decoder, index int) (value json.RawMessage) {
	for i := 0; d.More(); i++ {
		value = value[:0]
		if d.Decode(&value) != nil {
			return nil
		}
		if i == index {
			return value
		}
	}
	return nil
}
