package diff

import (
	"encoding/json"
	"hash/maphash"
	"math"
	"strconv"
	"unicode/utf8"
)

// A detail is what the values at one path are like. Its size has a bound,
// whatever they are.
type detail struct {
	size   [kindsOfValue]spread // of numbers their value, of strings and lists their length
	values common               // of scalars
}

// seed is that of all hashes of values, so that both sides have the same.
var seed = maphash.MakeSeed()

// add takes a value in. alone says that it is the only one of its result at
// this path: of others no more than the range is kept.
func (d *detail) add(v any, alone bool) {
	k := kindOf(v)
	size, text := 0.0, ""
	switch v := v.(type) {
	case json.Number:
		text = string(v)
		size, _ = strconv.ParseFloat(text, 64) // ±Inf beyond its range
	case string:
		text = v
		size = float64(utf8.RuneCountInString(v))
	case bool:
		text = strconv.FormatBool(v)
	case []any:
		size = float64(len(v))
	}
	if k == isNumber || k == isString || k == isList {
		d.size[k].add(size, alone)
	}
	if k == isNumber || k == isString || k == isBoolean {
		if k == isNumber {
			text = plainNumber(text)
		}
		d.values.add(k, text)
	}
}

// A spread is how sizes are distributed: in buckets whose width is 1 to 3 % of
// what they hold, so that there are never many.
type spread struct {
	n         int
	low, high float64
	buckets   map[int32]int
}

// mostBuckets is where buckets become one for each power of two. Only sizes of
// absurd variety have so many.
const mostBuckets = 4096

func (s *spread) add(size float64, alone bool) {
	if s.n == 0 {
		s.low, s.high = size, size
	}
	s.n++
	s.low, s.high = min(s.low, size), max(s.high, size)
	if !alone {
		return
	}
	if s.buckets == nil {
		s.buckets = map[int32]int{}
	}
	b := bucketOf(size)
	if _, known := s.buckets[b]; !known && len(s.buckets) >= mostBuckets {
		b &^= bucketsOfTwo - 1
	}
	s.buckets[b]++
}

const bucketsOfTwo = 32

// bucketOf is the number of the bucket of a size. Buckets are in the order of
// what they hold.
func bucketOf(size float64) int32 {
	if size == 0 || math.IsNaN(size) {
		return 0
	}
	if math.IsInf(size, 0) {
		size = math.Copysign(math.MaxFloat64, size)
	}
	fraction, exponent := math.Frexp(math.Abs(size)) // [0.5, 1)
	b := int32(exponent+1100)*bucketsOfTwo + int32((fraction-0.5)*2*bucketsOfTwo)
	if size < 0 {
		return -b
	}
	return b
}

// A common counts scalar values: each, while there are few; of many, those that
// come often, with an error that is known (J. Misra, D. Gries, "Finding repeated
// elements", 1982).
type common struct {
	n      int
	lost   int // by how much any count may be too small; 0 while all are counted
	counts map[uint64]*counted
}

type counted struct {
	n    int
	text string // the value as JSON, cut
}

// mostCounted is how many values are counted at the same time.
const mostCounted = 256

func (c *common) add(k kindOfValue, text string) {
	var h maphash.Hash
	h.SetSeed(seed)
	_ = h.WriteByte(byte(k)) // never fails
	_, _ = h.WriteString(text)
	id := h.Sum64()
	c.n++
	if c.counts == nil {
		c.counts = map[uint64]*counted{}
	}
	if known := c.counts[id]; known != nil {
		known.n++
		return
	}
	if len(c.counts) < mostCounted {
		if k == isString {
			text = quoted(short(text, 60))
		}
		c.counts[id] = &counted{1, text}
		return
	}
	c.lost++
	for id, known := range c.counts {
		if known.n--; known.n == 0 {
			delete(c.counts, id)
		}
	}
}

// short cuts a text to so many bytes, and marks the cut.
func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
