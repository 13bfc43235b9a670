package report

import (
	"math"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

func TestDollars(t *testing.T) {
	for amount, want := range map[batch.Money]string{
		0: "$0.00", 1: "$0.000001", 8_500: "$0.0085", 28_000: "$0.028", 100_000: "$0.10", 500_000: "$0.50", 999_999: "$0.999999",
		1_000_000: "$1.00", 1_004_999: "$1.00", 1_005_000: "$1.01", 1_995_000: "$2.00", 41_200_000: "$41.20", 1_204_500_000: "$1,204.50",
		math.MaxInt64: "$9,223,372,036,854.78", -28_000: "-$0.028",
	} {
		if got := Dollars(amount); got != want {
			t.Errorf("%d: got %s, want %s", amount, got, want)
		}
	}
}

func TestChargeOf(t *testing.T) {
	whole := &batch.Price{PerRun: 20_000, PerMinute: 2_000, RoundUp: time.Minute}
	exact := &batch.Price{PerMinute: 6_000_000}
	ended := func(took time.Duration) batch.Attempt {
		return batch.Attempt{RunID: "r", Status: batch.StatusCompleted, StartedAt: noon, EndedAt: noon.Add(took)}
	}
	created := ended(time.Minute)
	created.CreatedAt, created.StartedAt = created.StartedAt, time.Time{}
	running := batch.Attempt{RunID: "r", Status: batch.StatusRunning, StartedAt: noon}
	lost := batch.Attempt{RunID: "r", Status: batch.StatusFailed, StartedAt: noon}
	rejected := batch.Attempt{Status: batch.StatusCompleted, StartedAt: noon, EndedAt: noon.Add(time.Minute)}
	for _, test := range []struct {
		name         string
		attempt      batch.Attempt
		price        *batch.Price
		minutes, usd string
	}{
		{"without a price", ended(time.Minute), nil, "", ""},
		{"whole minutes", ended(200 * time.Second), whole, "4", "0.028000"},
		{"to the minute", ended(4 * time.Minute), whole, "4", "0.028000"},
		{"at once", ended(0), whole, "0", "0.020000"},
		{"as it is", ended(4250 * time.Millisecond), exact, "0.0708", "0.425000"},
		{"from its creation on", created, whole, "1", "0.022000"},
		{"ended before it began", ended(-time.Second), whole, "", "0.020000"},
		{"ended without a time", lost, whole, "", "0.020000"},
		{"an absurd length", ended(batch.LongestRun + 1), whole, "", "0.020000"},
		{"still running", running, whole, "", ""},
		{"no run", rejected, whole, "", ""},
	} {
		c := chargeOf(test.attempt, test.price)
		if c.minutes() != test.minutes || c.dollars() != test.usd {
			t.Errorf("%s: got %q and %q, want %q and %q", test.name, c.minutes(), c.dollars(), test.minutes, test.usd)
		}
	}
	rec := batch.Record{Price: &batch.Price{PerRun: math.MaxInt64}, Attempts: []batch.Attempt{ended(0), ended(0)}}
	if got := chargeOfAll(rec).usd; got != math.MaxInt64 {
		t.Errorf("the sum of what is too large: got %d", got)
	}
}
