package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
)

// What a flag says replaces what the manifest does, and nothing else.
func TestPolicyFlagsReplaceTheManifests(t *testing.T) {
	share := func(text string) *batch.Share {
		s, err := batch.ParseShare(text)
		if err != nil {
			t.Fatal(err)
		}
		return &s
	}
	manifest := batch.Policy{
		Price:  &batch.Price{PerRun: 20_000},
		Budget: batch.Budget{Runs: 10, Time: time.Hour, USD: 5_000_000},
		Canary: batch.Canary{Tasks: 20, Pass: share("90%")},
		Halt:   batch.Halt{Failures: share("10%"), Min: 5, PerGroup: true},
		Accept: share("98%"),
	}
	for _, c := range []struct {
		from batch.Policy
		args []string
		want func(p *batch.Policy)
	}{
		{manifest, nil, func(*batch.Policy) {}},
		{manifest, []string{"--budget-runs=7"}, func(p *batch.Policy) { p.Budget.Runs = 7 }},
		{manifest, []string{"--budget-minutes=1.5"}, func(p *batch.Policy) { p.Budget.Time = 90 * time.Second }},
		{manifest, []string{"--budget-usd=0.5"}, func(p *batch.Policy) { p.Budget.USD = 500_000 }},
		{manifest, []string{"--max-time=2h", "--fail-fast"}, func(p *batch.Policy) { p.MaxTime, p.FailFast = 2*time.Hour, true }},
		{manifest, []string{"--halt=20%"}, func(p *batch.Policy) { p.Halt.Failures = share("20%") }},
		{manifest, []string{"--halt=3"}, func(p *batch.Policy) { p.Halt.Failures, p.Halt.Min = share("3"), 0 }},
		{batch.Policy{}, []string{"--halt=20%"}, func(p *batch.Policy) { p.Halt = batch.Halt{Failures: share("20%"), Min: haltMin} }},
		{manifest, []string{"--canary=3"}, func(p *batch.Policy) { p.Canary = batch.Canary{Tasks: 3} }},
		{manifest, []string{"--accept=0"}, func(p *batch.Policy) { p.Accept = share("0") }},
		{manifest, []string{"--allow-fail=b", "--allow-fail=a", "--allow-fail=b"}, func(p *batch.Policy) { p.AllowFail = []string{"a", "b"} }},
	} {
		var f policyFlags
		flags := pflag.NewFlagSet("apply", pflag.ContinueOnError)
		f.define(flags)
		if err := flags.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		got, err := f.resolve(c.from)
		if err != nil {
			t.Fatal(err)
		}
		want := c.from
		c.want(&want)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(batch.Share{})); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.args, diff)
		}
	}
}
