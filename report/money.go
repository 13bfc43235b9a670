package report

import (
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// Dollars writes an amount for people: $1,204.50 and, below a dollar, as many
// decimals as it takes: $0.50, $0.0085.
func Dollars(m batch.Money) string {
	if m < 0 {
		return "-" + Dollars(-m)
	}
	const dollar = 1_000_000
	if m >= dollar {
		const cent = dollar / 100
		cents := m / cent
		if m%cent >= cent/2 {
			cents++
		}
		text := strconv.Itoa(int(100 + cents%100))
		return "$" + Count(int(cents/100)) + "." + text[1:]
	}
	text := strings.TrimRight(m.String(), "0")
	for len(text) < len("0.00") {
		text += "0"
	}
	return "$" + text
}
