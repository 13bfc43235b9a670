package batch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestAPanicOfTheProviderIsTheTasksOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		s.get = func(_ string, run *fakeRun) (Observed, error) {
			if run.text == "do t2" {
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
