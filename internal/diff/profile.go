package diff

import (
	"math"
	"strconv"
	"strings"
)

// A Profile is what the results of one side have at a path. A path that leads
// through a list is absent or null in a result when it is at one place of it.
type Profile struct {
	Of       int            `json:"of"` // results that could have it: there is what it would lie in
	Absent   int            `json:"absent"`
	Null     int            `json:"null"`
	Types    map[string]int `json:"types"`              // results by kind of value, null apart
	Distinct int            `json:"distinct"`           // scalar values that differ
	More     bool           `json:"more,omitempty"`     // there are more than Distinct
	Number   *Range         `json:"number,omitempty"`   // of the numbers
	Length   *Range         `json:"length,omitempty"`   // of the strings, in characters
	Elements *Range         `json:"elements,omitempty"` // of the lists
}

// A Range goes from the least to the greatest, inclusive.
type Range struct {
	Least    float64 `json:"least"`
	Greatest float64 `json:"greatest"`
}

// profileOf is the profile of n, nil where a side has nothing there; over is the
// object that it would be a member of, nil for the root and for elements.
func profileOf(n, over *node) Profile {
	p := Profile{Types: map[string]int{}}
	if over != nil {
		p.Of = over.kinds[isObject]
		p.Absent = p.Of
	}
	if n == nil {
		return p
	}
	if over == nil {
		p.Of = n.results
	} else {
		p.Absent = p.Of - n.whole
	}
	p.Null = n.kinds[isNull]
	for k := isNull + 1; k < kindsOfValue; k++ {
		if n.kinds[k] > 0 {
			p.Types[kindNames[k]] = n.kinds[k]
		}
	}
	p.Distinct, p.More = len(n.detail.values.counts), n.detail.values.lost > 0
	if p.More {
		p.Distinct = mostCounted
	}
	p.Number, p.Length, p.Elements = n.detail.size[isNumber].span(), n.detail.size[isString].span(), n.detail.size[isList].span()
	return p
}

func (s *spread) span() *Range {
	if s.n == 0 {
		return nil
	}
	bounded := func(x float64) float64 { return max(min(x, math.MaxFloat64), -math.MaxFloat64) }
	return &Range{bounded(s.low), bounded(s.high)}
}

// words is the profile on a line.
func (p Profile) words() string {
	words := []string{"in " + countOf(p.Of-p.Absent) + " of " + countOf(p.Of)}
	if p.Null > 0 {
		words = append(words, countOf(p.Null)+" null")
	}
	for k := isNull + 1; k < kindsOfValue; k++ {
		if n := p.Types[kindNames[k]]; n > 0 {
			words = append(words, countOf(n)+" "+kindNames[k])
		}
	}
	switch {
	case p.More:
		words = append(words, "over "+countOf(p.Distinct)+" values")
	case p.Distinct == 1:
		words = append(words, "1 value")
	case p.Distinct > 1:
		words = append(words, countOf(p.Distinct)+" values")
	}
	for _, r := range [...]struct {
		span *Range
		unit string
	}{{p.Number, ""}, {p.Length, " characters"}, {p.Elements, " elements"}} {
		if r.span != nil {
			words = append(words, r.span.words()+r.unit)
		}
	}
	return strings.Join(words, ", ")
}

func (r *Range) words() string {
	least, greatest := strconv.FormatFloat(r.Least, 'g', -1, 64), strconv.FormatFloat(r.Greatest, 'g', -1, 64)
	if least == greatest {
		return least
	}
	return least + " to " + greatest
}
