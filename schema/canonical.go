package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Canonical returns JSON text with sorted keys, no white space and every
// number as it was written, so that equal documents have equal bytes. Of a
// duplicate key the last value stays.
func Canonical(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("a second value after the first")
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
