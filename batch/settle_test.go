package batch

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAListingThatFailsOnceIsMadeAgain(t *testing.T) {
	for name, failure := range map[string]error{"throttled": &ThrottledError{RetryAfter: 2 * time.Second}, "reset": errReset} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, c := bench(t, 1)
				s.start = func(int, Spec) (Observed, error) { return Observed{}, errReset }
				n := 0
				s.list = func(time.Time) ([]Observed, error) {
					if n++; n == 1 {
						return nil, failure
					}
					return []Observed{{ID: "theirs", Task: "do t1"}}, nil
				}
				if err := Run(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				if v := l.verdict(0); len(v.Candidates) != 1 {
					t.Errorf("got %+v, want the candidate of the second listing", v)
				}
			})
		})
	}
}

func TestAnIntentOfAClockThatRanAheadIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := bench(t, 1)
		c.Settle = 30 * time.Second
		began := time.Now()
		l.rows[0].State, l.rows[0].Attempt, l.rows[0].IntendedAt = StateStarting, 1, began.Add(48*time.Hour)
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d > time.Minute {
			t.Errorf("settled after %s, want a minute at most", d)
		}
	})
}
