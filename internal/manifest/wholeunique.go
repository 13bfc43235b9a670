package manifest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// namedValues is how many tasks are remembered by their ids, to say which two
// have the same value. Of later ones only the value is known.
const namedValues = 100_000

// A valueSet knows the values that it was given: 16 bytes for each, and the ids
// of the first.
type valueSet struct {
	seen  map[[12]byte]uint32 // by a digest of the value; which of ids has it, counted from 1, or 0
	ids   []string
	twice string // which value came twice, in words; "" for none
}

func newValueSet() *valueSet { return &valueSet{seen: map[[12]byte]uint32{}} }

// add takes a task's value. After one that came twice nothing more is kept.
func (s *valueSet) add(raw json.RawMessage, id string) error {
	if s.twice != "" {
		return nil
	}
	v, err := decodeBounded(raw)
	if err != nil {
		return err
	}
	h := sha256.New()
	writeValue(h.Write, v)
	key := [12]byte(h.Sum(nil)[:12])
	first, known := s.seen[key]
	if !known {
		at := uint32(0)
		if len(s.ids) < namedValues {
			s.ids = append(s.ids, id)
			at = uint32(len(s.ids))
		}
		s.seen[key] = at
		return nil
	}
	other := "an earlier task"
	if first > 0 {
		other = s.ids[first-1]
	}
	s.twice = fmt.Sprintf("%s is the value of %s and %s", inWords(v), cut(other), cut(id))
	s.seen, s.ids = nil, nil
	return nil
}

// writeValue writes a value so that equal values are written alike and others are
// not: numbers by what they are worth, the keys of maps in order.
func writeValue(write func([]byte) (int, error), v any) {
	put := func(kind byte, n int, text string) {
		b := binary.BigEndian.AppendUint64([]byte{kind}, uint64(n))
		_, _ = write(append(b, text...)) // a digest takes everything
	}
	switch v := v.(type) {
	case nil:
		put('0', 0, "")
	case bool:
		put('b', len(fmt.Sprint(v)), "")
	case json.Number:
		text := worth(v.String())
		put('n', len(text), text)
	case string:
		put('s', len(v), v)
	case []any:
		put('l', len(v), "")
		for _, item := range v {
			writeValue(write, item)
		}
	case map[string]any:
		put('m', len(v), "")
		for _, key := range slices.Sorted(maps.Keys(v)) {
			put('k', len(key), key)
			writeValue(write, v[key])
		}
	}
}

// worth writes a decimal number in one way of the many that it can be written:
// its digits without zeros at either end, and the power of ten of the last.
func worth(text string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}
	exponent := 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		// The limits of a result keep exponents below 10,000.
		_, _ = fmt.Sscan(strings.TrimPrefix(text[at+1:], "+"), &exponent)
		text = text[:at]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	exponent -= len(fraction)
	trimmed := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(trimmed)
	if trimmed = strings.TrimLeft(trimmed, "0"); trimmed == "" {
		return "0"
	}
	return fmt.Sprintf("%s%se%d", sign, trimmed, exponent)
}
