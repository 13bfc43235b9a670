package report

import (
	"reflect"

	"github.com/bbbatch/bbbatch/batch"
)

// A policyObject is a policy for programs: amounts in US dollars, times in
// seconds and minutes. What bounds nothing is absent.
type policyObject struct {
	Price          *priceObject  `json:"price,omitempty"`
	Budget         *budgetObject `json:"budget,omitempty"`
	Canary         *canaryObject `json:"canary,omitempty"`
	Halt           *haltObject   `json:"halt,omitempty"`
	FailFast       bool          `json:"failFast,omitempty"`
	MaxTimeSeconds float64       `json:"maxTimeSeconds,omitempty"`
	Accept         *batch.Share  `json:"accept,omitempty"`
	AllowFail      []string      `json:"allowFail,omitempty"`

	Expect []batch.Expectation `json:"batchExpect,omitempty"`
}

type priceObject struct {
	PerRun         batch.Money `json:"perRun"`
	PerMinute      batch.Money `json:"perMinute"`
	RoundUpSeconds float64     `json:"roundUpSeconds,omitempty"`
}

type budgetObject struct {
	Runs    int          `json:"runs,omitempty"`
	Minutes float64      `json:"minutes,omitempty"`
	USD     *batch.Money `json:"usd,omitempty"`
}

type canaryObject struct {
	Tasks int          `json:"tasks"`
	Pass  *batch.Share `json:"pass,omitempty"`
}

type haltObject struct {
	Failures *batch.Share `json:"failures"`
	Min      int          `json:"min,omitempty"`
	PerGroup bool         `json:"perGroup,omitempty"`
}

// policyOf is nil for a policy that says nothing.
func policyOf(p *batch.Policy) *policyObject {
	if p == nil || reflect.DeepEqual(*p, batch.Policy{}) {
		return nil
	}
	o := &policyObject{
		FailFast: p.FailFast, MaxTimeSeconds: inSeconds(p.MaxTime), Accept: p.Accept, AllowFail: p.AllowFail,
	}
	if p.Expect != nil {
		o.Expect = p.Expect.Expect
	}
	if p.Price != nil {
		o.Price = &priceObject{p.Price.PerRun, p.Price.PerMinute, inSeconds(p.Price.RoundUp)}
	}
	if b := p.Budget; b != (batch.Budget{}) {
		o.Budget = &budgetObject{Runs: b.Runs, Minutes: b.Time.Minutes()}
		if b.USD > 0 {
			o.Budget.USD = &b.USD
		}
	}
	if p.Canary.Tasks > 0 {
		o.Canary = &canaryObject{p.Canary.Tasks, p.Canary.Pass}
	}
	if p.Halt.Failures != nil {
		o.Halt = &haltObject{p.Halt.Failures, p.Halt.Min, p.Halt.PerGroup}
	}
	return o
}
