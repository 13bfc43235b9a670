package diff

import (
	"math"
	"slices"
)

// A table has two groups of results, each divided in two: A and B of the first
// have a trait and lack it, C and D of the second.
type table struct{ a, b, c, d int }

// fisher is the two-sided p of Fisher's exact test: the probability, given the
// margins, of this table and of all that are no more probable.
//
// The tables are hypergeometric (R. A. Fisher, "On the interpretation of χ² from
// contingency tables, and the calculation of P", 1922). Which tables count as no
// more probable is decided with the relative error of 1e-7 that R's fisher.test
// allows, since probabilities that are equal are not always computed so.
//
// Each probability follows from its neighbour's by a ratio, from the most
// probable one outwards: no factorial is computed, and what is too improbable to
// be a float64 is 0.
func fisher(t table) float64 {
	row, column, all := t.a+t.b, t.a+t.c, t.a+t.b+t.c+t.d
	low, high := max(0, row+column-all), min(row, column)
	mode := min(max(int((float64(row)+1)*(float64(column)+1)/(float64(all)+2)), low), high)
	// up is how much more probable k+1 is than k.
	up := func(k int) float64 {
		return float64(row-k) * float64(column-k) / (float64(k+1) * float64(all-row-column+k+1))
	}
	weight := func(visit func(k int, w float64)) {
		visit(mode, 1)
		w := 1.0
		for k := mode; k < high && w > 0; k++ {
			w *= up(k)
			visit(k+1, w)
		}
		w = 1
		for k := mode; k > low && w > 0; k-- {
			w /= up(k - 1)
			visit(k-1, w)
		}
	}
	observed := 0.0
	weight(func(k int, w float64) {
		if k == t.a {
			observed = w
		}
	})
	total, tail := 0.0, 0.0
	weight(func(_ int, w float64) {
		total += w
		if w <= observed*(1+1e-7) {
			tail += w
		}
	})
	return min(tail/total, 1)
}

// possible is the smallest p that any table with these margins can have. Where
// that shows nothing, there is nothing to test; leaving such tests out
// depends on the margins alone, and so keeps the others right (R. E. Tarone, "A
// modified Bonferroni method for discrete data", 1990).
func possible(t table) float64 {
	row, column, all := t.a+t.b, t.a+t.c, t.a+t.b+t.c+t.d
	p := 1.0
	for _, a := range [...]int{max(0, row+column-all), min(row, column)} {
		p = math.Min(p, fisher(table{a, row - a, column - a, all - row - column + a}))
	}
	return p
}

// holm adjusts the p of several tests, so that among those whose adjusted p is
// below a level there is any false one with no greater probability than that
// (S. Holm, "A simple sequentially rejective multiple test procedure", 1979).
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return i - j
	})
	adjusted := make([]float64, len(p))
	least := 0.0
	for rank, i := range order {
		least = math.Max(least, math.Min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = least
	}
	return adjusted
}
