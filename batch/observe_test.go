package batch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSilenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c := bench(t, 3)
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			if time.Since(run.began) < 2*time.Minute {
				return Observed{}, errReset
			}
			return Observed{}, nil
		}
		var warned []string
		var mu sync.Mutex
		c.Warn = func(m string) { mu.Lock(); defer mu.Unlock(); warned = append(warned, m) }
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if len(warned) < 1 || len(warned) > 3 || !strings.Contains(warned[0], "nothing is heard of run run-") {
			t.Errorf("warnings %q, want one a minute", warned)
		}
	})
}

func TestTheDeadlineStopsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.length = time.Hour
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if v := l.verdict(0); v.Outcome != Failed || v.Reason != Deadline {
			t.Errorf("verdict %+v, want failed by its deadline", v)
		}
		if diff := cmp.Diff([]string{"run-1"}, s.stops); diff != "" {
			t.Errorf("stops (-want +got):\n%s", diff)
		}
		if d := time.Since(began); d < 10*time.Minute || d > 11*time.Minute {
			t.Errorf("stopped after %s, want just after 10m", d)
		}
	})
}

func TestAResultThatCameBeforeTheStopWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.length = 10*time.Minute + time.Second
		s.get = func(id string, run *fakeRun) (Observed, error) {
			if age := time.Since(run.began); age > 9*time.Minute+50*time.Second && age < 10*time.Minute+20*time.Second {
				run.began = time.Time{} // it ends before the stop arrives: 409
				return Observed{ID: id, Status: StatusRunning}, nil
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed")
	})
}

func TestARunThatWillNotStopIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.get = func(id string, _ *fakeRun) (Observed, error) { return Observed{ID: id, Status: "STOPPING"}, nil }
		var warned []string
		c.Warn = func(m string) { warned = append(warned, m) }
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if v := l.verdict(0); v.Reason != Deadline {
			t.Errorf("verdict %+v, want deadline", v)
		}
		if d := time.Since(began); d < 13*time.Minute || d > 14*time.Minute {
			t.Errorf("given up after %s, want 13m", d)
		}
		if len(warned) != 1 || !strings.Contains(warned[0], "STOPPING") {
			t.Errorf("warnings %q, want one of the unknown status", warned)
		}
	})
}

func TestStatusesNeverGoBackwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.get = func(id string, run *fakeRun) (Observed, error) {
			if run.looks == 3 {
				return Observed{ID: id, Status: StatusPending}, nil
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		var seen []Status
		for _, e := range l.events {
			if e.Kind == RunObserved {
				seen = append(seen, e.Run.Status)
			}
		}
		if diff := cmp.Diff([]Status{StatusRunning}, seen); diff != "" {
			t.Errorf("statuses (-want +got):\n%s", diff)
		}
	})
}

func TestARunThatIsGoneIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		var first time.Time
		s.get = func(string, *fakeRun) (Observed, error) {
			if first.IsZero() {
				first = time.Now()
			}
			return Observed{}, ErrNotFound
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if v := l.verdict(0); v.Reason != Lost {
			t.Errorf("verdict %+v, want lost", v)
		}
		if d := time.Since(first); d < time.Minute {
			t.Errorf("lost after %s of 404, want a minute at least", d)
		}
	})
}

func TestReadsThatFailAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			switch run.looks % 3 {
			case 0:
				return Observed{}, errReset
			case 1:
				return Observed{}, &ThrottledError{}
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed")
	})
}

func TestAServiceOutOfReachHaltsAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 4)
		s.length = time.Hour
		s.get = func(string, *fakeRun) (Observed, error) { return Observed{}, errReset }
		var unreachable *UnreachableError
		if err := Run(t.Context(), c); !errors.As(err, &unreachable) {
			t.Fatalf("got %v, want an UnreachableError", err)
		}
		wantOutcomes(t, l, "(running)", "(running)", "(running)", "(pending)")
		if len(s.stops) != 0 {
			t.Errorf("stopped %v, want nothing decided while nothing was heard", s.stops)
		}
	})
}

func TestAPanicOfTheProviderIsTheTasksOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			if run.spec.Task == "do t2" {
				panic("a run that nobody can read")
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "failed", "passed")
	})
}

func TestAThrottledStopIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.length = time.Hour
		c.Provider = &throttledStops{service: s, left: 2}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed")
		if len(s.stops) != 1 {
			t.Errorf("stops that arrived: %v, want one", s.stops)
		}
	})
}

type throttledStops struct {
	*service
	left int
}

func (p *throttledStops) Stop(ctx context.Context, id string) error {
	if p.left--; p.left >= 0 {
		return &ThrottledError{RetryAfter: 5 * time.Second}
	}
	return p.service.Stop(ctx, id)
}

func TestAFileOfARunThatGoesOnIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		dir := t.TempDir()
		s.get = func(id string, run *fakeRun) (Observed, error) {
			if time.Since(run.began) >= s.length {
				return Observed{}, nil
			}
			path := filepath.Join(dir, "part-"+time.Now().Format("150405.000"))
			if err := os.WriteFile(path, []byte("1"), 0o600); err != nil {
				return Observed{}, err
			}
			return Observed{ID: id, Status: StatusRunning, Result: Result{File: path, Size: 1}}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed")
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("%d files are left, want none: %v", len(left), err)
		}
	})
}
