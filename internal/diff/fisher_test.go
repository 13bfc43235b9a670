package diff

import (
	"math"
	"testing"
)

// The p come from binomials as whole numbers of any length; the first three are
// also published.
func TestFisherHasTheKnownValues(t *testing.T) {
	for _, test := range []struct {
		table table
		want  float64
	}{
		{table{3, 1, 1, 3}, 0.4857142857142857},   // R. A. Fisher's lady who tastes tea, in R's help
		{table{2, 15, 10, 3}, 0.0005367241191434}, // convictions of twins, in R's help
		{table{1, 9, 11, 3}, 0.0027594561852201},  // Wikipedia, "Fisher's exact test"
		{table{8, 2, 1, 5}, 0.0349650349650350},
		{table{0, 8, 8, 0}, 0.0001554001554002}, // 2 of choose(16, 8)
		{table{0, 10, 2, 8}, 0.4736842105263158},
		{table{500, 500, 400, 600}, 8.4537196745e-06},
		{table{10, 0, 10, 0}, 1}, // an empty margin
		{table{0, 0, 0, 0}, 1},
		{table{5, 5, 5, 5}, 1}, // the most probable one
	} {
		if got := fisher(test.table); math.Abs(got-test.want) > 1e-9*test.want+1e-15 {
			t.Errorf("fisher(%v) = %.16g, want %.16g", test.table, got, test.want)
		}
	}
}

// exactly is the same by logarithms of factorials.
func exactly(t table) float64 {
	choose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	row, column, all := t.a+t.b, t.a+t.c, t.a+t.b+t.c+t.d
	p := func(k int) float64 {
		return math.Exp(choose(column, k) + choose(all-column, row-k) - choose(all, row))
	}
	sum := 0.0
	for k := max(0, row+column-all); k <= min(row, column); k++ {
		if p(k) <= p(t.a)*(1+1e-7) {
			sum += p(k)
		}
	}
	return min(sum, 1)
}

// Every small table comes to what its factorials say.
func TestFisherAgreesWithFactorials(t *testing.T) {
	for a := range 9 {
		for b := range 9 {
			for c := range 9 {
				for d := range 9 {
					x := table{a, b, c, d}
					if got, want := fisher(x), exactly(x); math.Abs(got-want) > 1e-9 {
						t.Fatalf("fisher(%v) = %v, want %v", x, got, want)
					}
				}
			}
		}
	}
}

// A hundred thousand results, all of them changed, are a p and not a NaN.
func TestFisherOfVeryLargeTables(t *testing.T) {
	for _, test := range []struct {
		table table
		low   float64
		high  float64
	}{
		{table{0, 100_000, 100_000, 0}, 0, 1e-300},
		{table{50_000, 50_000, 50_100, 49_900}, 0.6, 0.7},
		{table{1, 99_999, 1, 99_999}, 1, 1},
	} {
		if got := fisher(test.table); !(got >= test.low && got <= test.high) {
			t.Errorf("fisher(%v) = %v, want from %v to %v", test.table, got, test.low, test.high)
		}
	}
}

func TestPossible(t *testing.T) {
	// Two of twenty: the most that can be seen is both on one side.
	if got, want := possible(table{1, 9, 1, 9}), 0.4736842105; math.Abs(got-want) > 1e-9 {
		t.Errorf("possible = %v, want %v", got, want)
	}
	if got, want := possible(table{4, 4, 4, 4}), 0.0001554002; math.Abs(got-want) > 1e-9 {
		t.Errorf("possible = %v, want %v", got, want)
	}
}

// R: p.adjust(c(.01, .04, .03, .005), "holm").
func TestHolmHasTheKnownValues(t *testing.T) {
	got := holm([]float64{.01, .04, .03, .005})
	for i, want := range []float64{.03, .06, .06, .02} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("holm %d = %v, want %v", i, got[i], want)
		}
	}
	if got := holm([]float64{.5, .9}); got[0] != 1 || got[1] != 1 {
		t.Errorf("got %v, want no more than 1", got)
	}
}
