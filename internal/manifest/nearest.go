package manifest

import (
	"fmt"
	"strings"
)

// didYouMean is the hint that names what was probably meant, or "".
func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// nearest returns the known word that a typing error could have turned into
// word, or "". Ties go to the first.
func nearest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	if len(word) > 64 {
		return ""
	}
	for _, k := range known {
		if strings.EqualFold(word, k) {
			return k
		}
		if d := distance([]rune(word), []rune(k)); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance counts the insertions, removals, changes and swaps of neighbours
// that turn a into b.
func distance(a, b []rune) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
