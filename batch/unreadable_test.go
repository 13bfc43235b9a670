package batch

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var errCut = &UnreadableError{Err: errors.New("the JSON ends at byte 7")}

// One run whose answers can't be read is given up after a while, and the batch
// goes on: nothing is bought again.
func TestARunThatCanNotBeReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			if run.text == "do t2" {
				return Observed{}, errCut
			}
			return Observed{}, nil
		}
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "failed", "passed")
		v := l.verdict(1)
		if v.Reason != Lost || !strings.Contains(v.Message, "run-") || !strings.Contains(v.Message, errCut.Error()) {
			t.Errorf("got %+v, want lost, with the run and the cause", v)
		}
		if d := time.Since(began); d < silenceMost || d > silenceMost+2*time.Minute {
			t.Errorf("given up after %s, want a little more than %s", d, silenceMost)
		}
		if s.n != 3 {
			t.Errorf("got %d creates, want 3", s.n)
		}
	})
}

// Where the service is not well otherwise either, the run is not the reason:
// the batch is halted and loses nothing.
func TestAServiceThatCanNotBeReadHalts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.get = func(string, *fakeRun) (Observed, error) { return Observed{}, errCut }
		s.check = errCut
		var unreachable *UnreachableError
		if err := Run(t.Context(), c); !errors.As(err, &unreachable) {
			t.Errorf("got %v, want an UnreachableError", err)
		}
		wantOutcomes(t, l, "(running)")
	})
}

// An answer that can be read in between is all that is needed.
func TestARunThatIsReadAtLastIsJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			if time.Since(run.began) < 9*time.Minute {
				return Observed{}, errCut
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed")
	})
}
