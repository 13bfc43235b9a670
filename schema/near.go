package schema

import (
	"slices"
	"strings"
)

// Nearest returns the candidate that name was probably meant to be, "" when
// none is close: a property's name, a keyword, any word that people type. Of
// equally close ones it is one of the same letters, as fingers swap them, else
// the first in the alphabet.
func Nearest(name string, candidates []string) string {
	if len(name) > 100 {
		return ""
	}
	best, bestDistance := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if len(c) > 100 || c == name {
			continue
		}
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if d >= len(c) {
			continue // nothing of it is there
		}
		if d < bestDistance || d == bestDistance && best != "" && nearer(name, c, best) {
			best, bestDistance = c, d
		}
	}
	return best
}

// nearer reports whether a comes before b, both equally close to name.
func nearer(name, a, b string) bool {
	if swapped := sameLetters(name, a); swapped != sameLetters(name, b) {
		return swapped
	}
	return a < b
}

func sameLetters(a, b string) bool {
	s, t := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	slices.Sort(s)
	slices.Sort(t)
	return slices.Equal(s, t)
}

// distance counts the characters to change, add, drop or swap with their
// neighbour to get from a to b.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before, last, row []int
	for j := range len(t) + 1 {
		last = append(last, j)
	}
	for i := range s {
		row = append(make([]int, 0, len(t)+1), i+1)
		for j := range t {
			d := min(last[j+1]+1, row[j]+1)
			if s[i] == t[j] {
				d = min(d, last[j])
			} else {
				d = min(d, last[j]+1)
			}
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				d = min(d, before[j-1]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return last[len(t)]
}
