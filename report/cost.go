package report

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A charge is what runs are estimated to have cost, as the ledger's sums have it.
type charge struct {
	runs  int // that are charged
	timed int // of them, whose time is known
	paid  time.Duration
	usd   batch.Money
}

// chargeOf is what one attempt cost: nothing before its run has ended. A run
// whose times say nothing costs what every run does.
func chargeOf(a batch.Attempt, p *batch.Price) (c charge) {
	if p == nil || a.RunID == "" || a.EndedAt.IsZero() && !a.Status.Ended() {
		return c
	}
	length, ok := runLength(a.CreatedAt, a.StartedAt, a.EndedAt)
	c.runs, c.usd = 1, p.Of(length)
	if ok {
		c.timed, c.paid = 1, p.Time(length)
	}
	return c
}

// chargeOfAll is what a task cost, with all its attempts.
func chargeOfAll(rec batch.Record) (sum charge) {
	for _, a := range rec.Attempts {
		c := chargeOf(a, rec.Price)
		sum.runs += c.runs
		sum.timed += c.timed
		sum.paid = addCapped(sum.paid, c.paid)
		sum.usd = addCapped(sum.usd, c.usd)
	}
	return sum
}

// addCapped adds two amounts of 0 or more; what is too large is the largest.
func addCapped[T ~int64](a, b T) T {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// minutes and dollars are a charge as tables and records have it: "4", "0.0708"
// and "0.028000"; "" where nothing is known.
func (c charge) minutes() string {
	if c.timed == 0 {
		return ""
	}
	return minutes(c.paid, 4)
}

func (c charge) dollars() string {
	if c.runs == 0 {
		return ""
	}
	return c.usd.String()
}

// runLength is how long a run took by the service's clock, 0 and false where
// its times say nothing that can be believed.
func runLength(created, started, ended time.Time) (time.Duration, bool) {
	if started.IsZero() {
		started = created
	}
	if started.IsZero() || ended.IsZero() {
		return 0, false
	}
	length := ended.Sub(started)
	if length < 0 || length > batch.LongestRun {
		return 0, false
	}
	return length, true
}

// minutes writes a length of time in minutes, with so many decimals at most.
func minutes(d time.Duration, decimals int) string {
	text := strconv.FormatFloat(d.Minutes(), 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

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
