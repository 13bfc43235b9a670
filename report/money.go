package report

import (
	"fmt"
	"math"

	"github.com/bbbatch/bbbatch/batch"
)

// Dollars writes an amount as people read it: with cents, and below ten cents
// with as many decimals as show two digits: $1,041.20, $0.028.
func Dollars(m batch.Money) string {
	if m < 0 {
		return "-" + Dollars(-max(m, -math.MaxInt64))
	}
	places, step := 2, batch.Money(10_000) // millionths
	for least := batch.Money(100_000); m > 0 && m < least && places < 6; least /= 10 {
		places++
		step /= 10
	}
	steps := m / step
	if m%step >= step-m%step {
		steps++
	}
	whole := 1_000_000 / step // steps of a dollar
	return fmt.Sprintf("$%s.%0*d", Count(int(steps/whole)), places, steps%whole)
}
