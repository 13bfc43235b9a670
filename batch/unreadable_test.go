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
			if run.spec.Task == "do t2" {
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

// What the service says to the question whether it is well decides: a refusal
// halts as one, a 429 only asks for patience.
func TestTheCheckOfASickRunIsHeard(t *testing.T) {
	for name, c := range map[string]struct {
		answers []error
		want    string
	}{
		"refused":   {[]error{&RefusedError{Status: 401}}, "(running)"},
		"throttled": {[]error{&ThrottledError{}, &ThrottledError{}, nil}, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, config := bench(t, 1)
				s.get = func(string, *fakeRun) (Observed, error) { return Observed{}, errCut }
				checks := 0
				s.checked = func() error { checks++; return c.answers[min(checks, len(c.answers))-1] }
				err := Run(t.Context(), config)
				var refused *RefusedError
				if errors.As(err, &refused) != (name == "refused") || name != "refused" && err != nil {
					t.Errorf("got %v", err)
				}
				wantOutcomes(t, l, c.want)
			})
		})
	}
}

// An outage is not the run's fault, however its last answer came.
func TestOneUnreadableAnswerAfterAnOutageGivesNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		cut := false
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			switch {
			case time.Since(run.began) < silenceMost-time.Second:
				return Observed{}, errReset
			case time.Since(run.began) < silenceMost+2*time.Second || !cut:
				cut = true
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
