package batch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCanariesRunFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 10, func(t *Task) { t.Retry = Retry{Max: 1} })
		c.Concurrency = 10
		c.Policy.Canary = Canary{Tasks: 3}
		var order []string
		began := time.Now()
		var first time.Duration
		s.start = func(_ int, spec Spec) (Observed, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if order = append(order, strings.TrimPrefix(spec.Task, "do ")); len(order) == 5 {
				first = time.Since(began)
			}
			return Observed{}, nil
		}
		failed := false
		s.get = func(id string, run *fakeRun) (Observed, error) {
			if run.spec.Task == "do t4" && !failed && time.Since(run.began) >= s.length {
				failed = true
				return Observed{ID: id, Status: StatusFailed}, nil
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		slices.Sort(order[:3])
		if diff := cmp.Diff([]string{"t1", "t4", "t7", "t4"}, order[:4]); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if first < 2*time.Minute {
			t.Errorf("the first other one started after %s, want the canary's retry over", first)
		}
		for i, o := range l.outcomes() {
			if o != "passed" {
				t.Errorf("t%d: got %s, want passed", i+1, o)
			}
		}
	})
}

func TestADeadCanaryHalts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 9, func(*Task) {})
		c.Policy.Canary = Canary{Tasks: 3, Pass: share(t, "70%")}
		s.fails("t7")
		want := []string{"passed", "(pending)", "(pending)", "passed", "(pending)", "(pending)", "failed", "(pending)", "(pending)"}
		for range 2 { // also after a restart
			wantHalted(t, Run(t.Context(), c), "canary", "canary: 2 of 3 tasks passed, and 70% must")
			wantOutcomes(t, l, want...)
		}
		if s.n != 3 {
			t.Errorf("%d creates, want 3", s.n)
		}
		s.fails()
		if err := l.Append(Event{Kind: TaskRetried, Position: 6}); err != nil {
			t.Fatal(err)
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if s.n != 10 || !l.closed {
			t.Errorf("%d creates, closed %v, want all bought", s.n, l.closed)
		}
	})
}

// A batch that was past its canary does not run one again, whatever has become
// of its tasks since.
func TestACanaryIsRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 30, func(*Task) {})
		c.Policy.Canary = Canary{Tasks: 3}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Minute, cancel)
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if s.n < 6 {
			t.Fatalf("%d creates, want it past the canary", s.n)
		}
		l.rows[0].Outcome = Failed // as after an edit that moved another task there
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if s.n != 30 {
			t.Errorf("%d creates, want 30", s.n)
		}
	})
}

// Canaries are spread over the manifest; a task that is skipped is none, and
// others stand in for it.
func TestCanaryPlaces(t *testing.T) {
	for _, c := range []struct {
		tasks  int
		skips  string // one letter for each task, s for one that is skipped
		places []int
	}{
		{3, "..........", []int{0, 3, 6}},
		{1, ".", []int{0}},
		{4, "....", []int{0, 1, 2, 3}},
		{7, "...", []int{0, 1, 2}},
		{9, "..........", []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{1, "s....", []int{1}},
		{3, "s..ss.s...", []int{1, 5, 7}},
		{2, "...sssssss", []int{0, 1}},
		{3, "....ssssss", []int{0, 1, 3}},
		{3, ".sssssssss", []int{0}},
		{2, "ssss", nil},
	} {
		l, _, config := custom(t, len(c.skips), func(*Task) {})
		for i, skip := range c.skips {
			if skip == 's' {
				l.rows[i].Skip, l.rows[i].State, l.rows[i].Outcome = "if is false", StateDone, Skipped
			}
		}
		config.Policy.Canary.Tasks, config.Total = c.tasks, len(c.skips)
		r := &runner{Config: config}
		got, err := r.pickCanaries()
		if err != nil || !slices.Equal(got, c.places) {
			t.Errorf("%d of %s: got %v and %v, want %v", c.tasks, c.skips, got, err, c.places)
		}
	}
}
