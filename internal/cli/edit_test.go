package cli

import (
	"errors"
	"slices"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// A data file may be written between the counting and the transaction.
func TestOnlyWhatWasAskedForIsBoughtAgain(t *testing.T) {
	passed := batch.Row{State: batch.StateDone, Outcome: batch.Passed}
	again := batch.Change{Class: batch.ClassRerun, Row: passed}
	kept := batch.Change{Class: batch.ClassKept, Row: passed}
	for _, c := range []struct {
		changes []batch.Change
		asked   int
		good    bool
	}{
		{[]batch.Change{kept, again, kept}, 1, true},
		{[]batch.Change{again, again}, 1, false},
		{[]batch.Change{kept, {Class: batch.ClassContinued, Wait: true}}, 9, false},
	} {
		var err error
		n := 0
		for _, err = range guard(func(yield func(batch.Change, error) bool) {
			for change := range slices.Values(c.changes) {
				if !yield(change, nil) {
					return
				}
			}
		}, c.asked) {
			n++
		}
		var changed *batch.ChangedError
		if got := !errors.As(err, &changed); got != c.good || n != len(c.changes) {
			t.Errorf("%v, %d asked for: good %v after %d, want %v", c.changes, c.asked, got, n, c.good)
		}
	}
}
