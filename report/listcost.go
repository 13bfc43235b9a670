package report

import (
	"math"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// costWords says what the runs of a batch cost, "" where there is no price.
func costWords(paid time.Duration, usd, wasted batch.Money, priced bool) string {
	if !priced {
		return ""
	}
	words := ", " + Duration(paid) + " paid for, " + Dollars(usd) + " estimated"
	if wasted > 0 {
		words += ", " + Dollars(wasted) + " of it on runs that did not pass"
	}
	return words
}

// A costRecord is the money of a batch as programs read it; nothing of it is
// there without a price.
type costRecord struct {
	Minutes      *float64     `json:"minutes,omitempty"` // that are paid for
	USD          *batch.Money `json:"usd,omitempty"`
	USDNotPassed *batch.Money `json:"usdNotPassed,omitempty"`
}

func costOf(s batch.Summary) (c costRecord) {
	if s.Info.Policy.Price == nil {
		return c
	}
	minutes := math.Round(s.Paid.Minutes()*10000) / 10000
	cost, wasted := s.Cost, s.Wasted
	return costRecord{&minutes, &cost, &wasted}
}

// Sums are what several batches come to together.
type Sums struct {
	Batches int
	Tasks   int
	Passed  int
	Runs    int
	RunTime time.Duration
	Paid    time.Duration
	Cost    batch.Money
	Wasted  batch.Money
	Priced  int // batches that have a price
}

// Add counts a batch.
func (t *Sums) Add(s batch.Summary) {
	t.Batches++
	t.Tasks += s.Info.Total
	t.Passed += s.Counts[batch.Passed]
	t.Runs += s.Runs
	t.RunTime = addCapped(t.RunTime, s.RunTime)
	if s.Info.Policy.Price == nil {
		return
	}
	t.Priced++
	t.Paid = addCapped(t.Paid, s.Paid)
	t.Cost = addCapped(t.Cost, s.Cost)
	t.Wasted = addCapped(t.Wasted, s.Wasted)
}
