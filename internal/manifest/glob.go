package manifest

import "slices"

// isGlob reports whether a selector has characters that stand for others.
func isGlob(pattern string) bool {
	return slices.ContainsFunc(parseGlob(pattern), func(a atom) bool { return !a.itself })
}

// A glob is a pattern of a whole id: * is any characters, / too, ? is any one,
// [a-z] one of a class and [!a-z] one that is not in it. A [ that no ] ends is
// itself.
type glob []atom

// An atom is one character of a pattern.
type atom struct {
	itself bool // it stands for no other
	star   bool
	not    bool
	ranges []interval // nil for any character
}

// A interval is a range of characters, both ends included.
type interval struct{ from, to rune }

func parseGlob(pattern string) glob {
	var out glob
	r := []rune(pattern)
	for i := 0; i < len(r); i++ {
		switch r[i] {
		case '*':
			if n := len(out); n == 0 || !out[n-1].star {
				out = append(out, atom{star: true})
			}
		case '?':
			out = append(out, atom{})
		case '[':
			if a, n := class(r[i:]); n > 0 {
				out = append(out, a)
				i += n - 1
				continue
			}
			fallthrough
		default:
			out = append(out, atom{itself: true, ranges: []interval{{r[i], r[i]}}})
		}
	}
	return out
}

// class reads a class and returns its length; 0 for none. As in a shell, a ]
// that comes first is one of its characters.
func class(r []rune) (a atom, length int) {
	i := 1
	if i < len(r) && (r[i] == '!' || r[i] == '^') {
		a.not = true
		i++
	}
	for first := i; i < len(r); i++ {
		if r[i] == ']' && i > first {
			return a, i + 1
		}
		s := interval{r[i], r[i]}
		if i+2 < len(r) && r[i+1] == '-' && r[i+2] != ']' {
			s.to = r[i+2]
			i += 2
		}
		a.ranges = append(a.ranges, s)
	}
	return atom{}, 0
}

func (a atom) fits(c rune) bool {
	if a.ranges == nil {
		return true
	}
	for _, s := range a.ranges {
		if s.from <= c && c <= s.to {
			return !a.not
		}
	}
	return a.not
}

// matches goes back to the last star alone, so that no pattern takes longer
// than the product of both lengths.
func (g glob) matches(id string) bool {
	r := []rune(id)
	at, star, from := 0, -1, 0
	for i := 0; i < len(r); {
		switch {
		case at < len(g) && g[at].star:
			star, from = at, i
			at++
		case at < len(g) && g[at].fits(r[i]):
			at++
			i++
		case star >= 0:
			from++
			at, i = star+1, from
		default:
			return false
		}
	}
	for at < len(g) && g[at].star {
		at++
	}
	return at == len(g)
}
