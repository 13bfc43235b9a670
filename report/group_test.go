package report

import (
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// A repetition is decided as soon as no member can change it.
func TestTheVerdictOfARepetition(t *testing.T) {
	for members, want := range map[string]string{
		"pp...": "passed", "p....": "undecided", "ff...": "undecided", "fff..": "undecided", "ffff.": "failed",
		"pffff": "failed", "ppfff": "passed", "pfffn": "failed", "pfff.": "undecided", "fffpl": "failed", "s....": "undecided",
	} {
		g := Group{}
		for _, c := range members {
			m := batch.Record{State: batch.StateDone, Repeat: &batch.Repetition{Times: len(members), Pass: 2}}
			switch c {
			case 'p':
				m.Outcome = batch.Passed
			case 'f':
				m.Outcome = batch.Failed
			case 's':
				m.Outcome = batch.Skipped
			case 'l': // left after it had passed
				m.Outcome, m.Left = batch.Passed, true
			case 'n':
				m.State, m.Outcome = batch.StatePending, batch.NotStarted
			default:
				m.State, m.Outcome = batch.StatePending, batch.Pending
			}
			g.Members = append(g.Members, m)
		}
		if got := g.verdict(); got != want {
			t.Errorf("%s: got %s, want %s", members, got, want)
		}
	}
}

func TestDollarsForPeople(t *testing.T) {
	for m, want := range map[batch.Money]string{
		0: "$0.00", 1: "$0.000001", 28_000: "$0.028", 500_000: "$0.50", 1_004_999: "$1.00", 1_005_000: "$1.01", 1_204_500_000: "$1,204.50",
	} {
		if got := Dollars(m); got != want {
			t.Errorf("%d: got %s, want %s", m, got, want)
		}
	}
}
