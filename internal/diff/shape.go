package diff

import (
	"maps"
	"math"
	"slices"
	"strconv"
)

const (
	// leastResults is how many results each side needs for a test.
	leastResults = 8

	// level is below which an adjusted p is told.
	level = 0.01
)

// A Shift is one thing in which the results of two sides differ more than chance
// explains.
type Shift struct {
	Aspect   string  `json:"aspect"` // absent, null, type, value or size
	What     string  `json:"what"`   // what so many results have, in words
	Was      Share   `json:"was"`
	Is       Share   `json:"is"`
	P        float64 `json:"p"`        // of Fisher's exact test, two-sided
	Adjusted float64 `json:"adjusted"` // by Holm, for all tests made
}

// A Share is how many of so many results have something.
type Share struct {
	N  int `json:"n"`
	Of int `json:"of"`
}

// A Shape is what lies at a path of the results that are judged by one schema.
type Shape struct {
	Templates []string `json:"templates"`
	Path      string   `json:"path"`
	Was       Profile  `json:"was"`
	Is        Profile  `json:"is"`
	Shifts    []Shift  `json:"shifts"` // those that chance does not explain
}

// shapes profiles every path that both sides may have, and tests what differs.
type shapes struct {
	all   []Shape
	tests []trial
}

type trial struct {
	shape int // in all
	shift Shift
}

// compare takes two profiles of results that are judged alike.
func (s *shapes) compare(before, now *kind) {
	s.node(now.templates, before.tree.root, now.tree.root, before.tree.root.parent, now.tree.root.parent)
}

// node compares what both trees have at a path; of b and n one may be nil.
func (s *shapes) node(templates []string, b, n, overB, overN *node) {
	either := n
	if n == nil {
		either = b
	}
	at := len(s.all)
	was, is := profileOf(b, overB), profileOf(n, overN)
	s.all = append(s.all, Shape{Templates: templates, Path: shown(either.path), Was: was, Is: is})
	s.test(at, "absent", "absent", Share{was.Absent, was.Of}, Share{is.Absent, is.Of})
	if b != nil && n != nil {
		s.test(at, "null", "null", Share{b.kinds[isNull], b.results}, Share{n.kinds[isNull], n.results})
		s.types(at, b, n)
		if !either.inList {
			s.value(at, &b.detail.values, &n.detail.values)
			for _, k := range [...]kindOfValue{isNumber, isString, isList} {
				s.size(at, k, &b.detail.size[k], &n.detail.size[k])
			}
		}
	}
	var members []string
	for _, side := range [...]*node{b, n} {
		if side != nil && side.full {
			return // an open map: which of its keys were counted is chance
		}
		if side != nil {
			members = append(members, slices.Collect(maps.Keys(side.members))...)
		}
	}
	slices.Sort(members)
	for _, name := range slices.Compact(members) {
		s.node(templates, b.memberAt(name), n.memberAt(name), b, n)
	}
	if eb, en := b.elemAt(), n.elemAt(); eb != nil || en != nil {
		s.node(templates, eb, en, nil, nil)
	}
}

func (n *node) memberAt(name string) *node {
	if n == nil {
		return nil
	}
	return n.members[name]
}

func (n *node) elemAt() *node {
	if n == nil {
		return nil
	}
	return n.elems
}

// types tests each kind of value that is not null.
func (s *shapes) types(at int, b, n *node) {
	var kinds []kindOfValue
	for k := isNull + 1; k < kindsOfValue; k++ {
		if b.kinds[k]+n.kinds[k] > 0 {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 2 && !n.inList {
		kinds = kinds[:1] // the other says the same
	}
	for _, k := range kinds {
		s.test(at, "type", kindNames[k], Share{b.kinds[k], b.typed}, Share{n.kinds[k], n.typed})
	}
}

// value tests the value that is the commonest of both sides together. That
// choice favours neither, so the test's p is right although the results made it.
// Where counts may be too small by something, the test takes those that differ
// least.
func (s *shapes) value(at int, b, n *common) {
	type pair struct {
		was, is int
		text    string
	}
	var most pair
	for id := range maps.Keys(merged(b.counts, n.counts)) {
		var p pair
		if c := b.counts[id]; c != nil {
			p.was, p.text = c.n, c.text
		}
		if c := n.counts[id]; c != nil {
			p.is, p.text = c.n, c.text
		}
		if sum, best := p.was+p.is, most.was+most.is; sum > best || sum == best && p.text < most.text {
			most = p
		}
	}
	if b.n == 0 || n.n == 0 {
		return
	}
	share := func(k, of int) float64 { return float64(k) / float64(of) }
	was, is := most.was, most.is
	switch {
	case share(was+b.lost, b.n) < share(is, n.n):
		was += b.lost
	case share(is+n.lost, n.n) < share(was, b.n):
		is += n.lost
	case b.lost+n.lost > 0:
		return // they may be the same
	}
	s.test(at, "value", most.text, Share{was, b.n}, Share{is, n.n})
}

func merged(a, b map[uint64]*counted) map[uint64]*counted {
	all := maps.Clone(a)
	if all == nil {
		all = map[uint64]*counted{}
	}
	maps.Copy(all, b)
	return all
}

// size tests how many results lie above the median of both sides together (A.
// M. Mood's median test).
func (s *shapes) size(at int, k kindOfValue, b, n *spread) {
	buckets := map[int32]int{}
	for bucket, count := range b.buckets {
		buckets[bucket] += count
	}
	for bucket, count := range n.buckets {
		buckets[bucket] += count
	}
	order := slices.Sorted(maps.Keys(buckets))
	all := b.n + n.n
	below, best, cut := 0, -1, 0
	for i, bucket := range order[:max(len(order)-1, 0)] {
		below += buckets[bucket]
		if off := max(all-2*below, 2*below-all); best < 0 || off < best {
			best, cut = off, i+1
		}
	}
	if best < 0 {
		return
	}
	above := func(s *spread) (over int) {
		for bucket, count := range s.buckets {
			if bucket >= order[cut] {
				over += count
			}
		}
		return over
	}
	s.test(at, "size", sizeWords(k, order[cut]), Share{above(b), b.n}, Share{above(n), n.n})
}

// sizeWords says what is in a bucket or above it.
func sizeWords(k kindOfValue, bucket int32) string {
	from := strconv.FormatFloat(lowest(bucket), 'g', -1, 64)
	switch k {
	case isString:
		return from + " characters or more"
	case isList:
		return from + " elements or more"
	}
	return from + " or more"
}

// lowest is the lower bound of a bucket.
func lowest(bucket int32) float64 {
	if bucket == 0 {
		return 0
	}
	b, sign := bucket, 1.0
	if b < 0 {
		b, sign = -b+1, -1 // as far from 0 as it goes
	}
	exponent, part := b/bucketsOfTwo, b%bucketsOfTwo
	size := math.Ldexp(0.5+float64(part)/(2*bucketsOfTwo), int(exponent)-1100)
	return sign * min(size, math.MaxFloat64)
}

// test makes a test, if there are results enough and it can show anything.
func (s *shapes) test(at int, aspect, what string, was, is Share) {
	if was.Of < leastResults || is.Of < leastResults {
		return
	}
	t := table{was.N, was.Of - was.N, is.N, is.Of - is.N}
	if t.a < 0 || t.b < 0 || t.c < 0 || t.d < 0 || t.a+t.c == 0 || t.b+t.d == 0 || possible(t) >= level {
		return
	}
	s.tests = append(s.tests, trial{at, Shift{Aspect: aspect, What: what, Was: was, Is: is, P: fisher(t)}})
}

// flag adjusts all tests, and gives each shape its shifts.
func (s *shapes) flag() {
	p := make([]float64, len(s.tests))
	for i, t := range s.tests {
		p[i] = t.shift.P
	}
	for i, adjusted := range holm(p) {
		t := s.tests[i]
		if t.shift.Adjusted = adjusted; adjusted < level {
			s.all[t.shape].Shifts = append(s.all[t.shape].Shifts, t.shift)
		}
	}
}
