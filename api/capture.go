package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"unicode/utf8"
)

// A capture takes the bytes of one value: the first limit of them in memory,
// or all of them in a file once there are more, when spill names a folder.
type capture struct {
	limit int64
	spill string
	data  []byte
	size  int64 // all bytes that passed
	file  *os.File
}

func (c *capture) write(p []byte) error {
	room := c.limit - int64(len(c.data))
	c.size += int64(len(p))
	if c.file == nil && int64(len(p)) <= room {
		c.data = append(c.data, p...)
		return nil
	}
	if c.spill == "" {
		c.data = append(c.data, p[:max(room, 0)]...)
		return nil
	}
	if c.file == nil {
		// CreateTemp makes a file that only its owner can read.
		f, err := os.CreateTemp(c.spill, "result-*.json")
		if err != nil {
			return fmt.Errorf("a file for a large result: %w", err)
		}
		c.file = f
		if _, err := f.Write(c.data); err != nil {
			return fmt.Errorf("a file for a large result: %w", err)
		}
		c.data = nil
	}
	if _, err := c.file.Write(p); err != nil {
		return fmt.Errorf("a file for a large result: %w", err)
	}
	return nil
}

// close ends the file and returns its path, "" when there is none.
func (c *capture) close() (string, error) {
	if c.file == nil {
		return "", nil
	}
	name := c.file.Name()
	if err := c.file.Close(); err != nil {
		return "", fmt.Errorf("a file for a large result: %w", err)
	}
	return name, nil
}

// discard removes the file of a value that nobody will get.
func (c *capture) discard() {
	if c.file != nil {
		_ = c.file.Close()
		_ = os.Remove(c.file.Name())
	}
}

// textOf reads the first limit characters of a JSON string whose end may be
// missing.
func textOf(raw []byte, limit int) string {
	raw = spaced(raw)
	// Nearly every string needs no decoding.
	if n := len(raw); n >= 2 && raw[n-1] == '"' && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return cutRunes(string(raw[1:n-1]), limit)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return cutRunes(text, limit)
	}
	raw = bytes.TrimRight(raw, `\`)
	// At most an escape of six bytes and a character of four are incomplete.
	for range 12 {
		if json.Unmarshal(append(raw[:len(raw):len(raw)], '"'), &text) == nil {
			break
		}
		if len(raw) == 0 {
			return ""
		}
		raw = raw[:len(raw)-1]
	}
	return cutRunes(text, limit)
}

// spaced returns JSON text with every control character as a space: within
// strings JSON allows none, outside of them only white space.
func spaced(raw []byte) []byte {
	for i, c := range raw {
		if c < ' ' {
			raw = bytes.Clone(raw)
			for j := i; j < len(raw); j++ {
				raw[j] = max(raw[j], ' ')
			}
			break
		}
	}
	return raw
}

func cutRunes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	n := 0
	for i := range text {
		if n == limit {
			return text[:i]
		}
		n++
	}
	return text
}

// printable reports whether an id can be used: 1 to 256 characters that are
// all visible, and not a step in a path.
func printable(id string) bool {
	if id == "" || id == "." || id == ".." {
		return false
	}
	for _, r := range id {
		if r == utf8.RuneError || r == ' ' || isControl(r) {
			return false
		}
	}
	return true
}
