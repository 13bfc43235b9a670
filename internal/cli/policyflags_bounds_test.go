package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
)

// The flags that are printed to go on with a batch bound it as it was bounded.
func TestBoundsAreReadBackAsTheyWerePrinted(t *testing.T) {
	share, err := batch.ParseShare("2.5%")
	if err != nil {
		t.Fatal(err)
	}
	want := batch.Policy{
		Price:  &batch.Price{PerRun: 20_000},
		Budget: batch.Budget{Runs: 5, Time: 90 * time.Second, USD: 1_250_000}, MaxTime: 90 * time.Minute, FailFast: true,
		Halt: batch.Halt{Failures: &share, Min: 20}, Canary: batch.Canary{Tasks: 3}, Accept: &share, AllowFail: []string{"a", "b c"},
	}
	var f policyFlags
	flags := pflag.NewFlagSet("apply", pflag.ContinueOnError)
	f.define(flags)
	if err := flags.Parse(boundWords(want)); err != nil {
		t.Fatal(err)
	}
	got, err := f.resolve(batch.Policy{Price: want.Price})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b batch.Share) bool { return a == b })); diff != "" {
		t.Errorf("(-printed +read):\n%s", diff)
	}
}
