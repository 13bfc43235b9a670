package batch

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bench is a batch of n tasks with a fake service and ledger.
func bench(t *testing.T, n int) (*memory, *service, Config) {
	t.Helper()
	all := tasks(t, n)
	l := newMemory(all)
	s := newService(t, l)
	return l, s, Config{Provider: s, Ledger: l, Tasks: sequence(all), Concurrency: 3}
}

func wantOutcomes(t *testing.T, l *memory, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, l.outcomes()); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestEveryTaskIsBoughtOnceAndTheBatchClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 7)
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "passed", "passed", "passed", "passed")
		for text, n := range s.creates {
			if n != 1 {
				t.Errorf("%q was bought %d times, want 1", text, n)
			}
		}
		if s.most != 3 {
			t.Errorf("%d runs in flight at once, want 3", s.most)
		}
		want := []Kind{AttemptIntended, AttemptStarted, RunObserved, AttemptEnded, TaskJudged}
		if diff := cmp.Diff(want, l.kinds(0)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if !l.closed {
			t.Error("the batch is not closed")
		}
	})
}

func TestARefusedKeyHaltsAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 5)
		s.start = func(_ int, spec Spec) (Observed, error) {
			if spec.Task == "do t3" {
				time.Sleep(5 * time.Second)
				return Observed{}, &RefusedError{401, "bad key"}
			}
			return Observed{}, nil
		}
		err := Run(t.Context(), c)
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Fatalf("got error %v, want a refusal", err)
		}
		wantOutcomes(t, l, "(running)", "(running)", "(pending)", "(pending)", "(pending)")

		// With a good key the same batch is carried on, and nothing is bought twice.
		s.start = nil
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "passed", "passed")
		if s.creates["do t1"] != 1 || s.creates["do t2"] != 1 || s.creates["do t3"] != 2 {
			t.Errorf("creates %v, want t1 and t2 once and t3 twice", s.creates)
		}
	})
}

func TestDrainingWaitsForWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := bench(t, 9)
		drain := make(chan struct{})
		c.Drain = drain
		time.AfterFunc(30*time.Second, func() { close(drain) })
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "(pending)", "(pending)", "(pending)", "(pending)", "(pending)", "(pending)")
	})
}

func TestDetachingLeavesRunsAndTheNextProcessCollectsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 5)
		ctx, cancel := context.WithCancel(t.Context())
		var at time.Time
		time.AfterFunc(30*time.Second, func() { at = time.Now(); cancel() })
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if d := time.Since(at); d > time.Second {
			t.Errorf("detached after %s, want a second at most", d)
		}
		wantOutcomes(t, l, "(running)", "(running)", "(running)", "(pending)", "(pending)")
		c.Concurrency = 1 // fewer than are in flight
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "passed", "passed")
		for text, n := range s.creates {
			if n != 1 {
				t.Errorf("%q was bought %d times, want 1", text, n)
			}
		}
	})
}

func TestAPanicIsTheTasksOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		s.start = func(_ int, spec Spec) (Observed, error) {
			if spec.Task == "do t1" {
				panic("in the middle of a create")
			}
			return Observed{}, nil
		}
		c.Notify = func(e Event) {
			if e.Kind == RunObserved && e.Position == 1 {
				panic("while a run is watched")
			}
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "unknown", "failed", "passed")
		if v := l.verdict(1); v.Reason != Panicked || !strings.Contains(v.Message, "run_test.go") {
			t.Errorf("verdict %+v, want a panic with its trace", v)
		}
	})
}

func TestABrokenLedgerEndsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 9)
		full := errors.New("disk full")
		s.start = func(n int, _ Spec) (Observed, error) {
			if n == 2 {
				l.mu.Lock()
				l.broken = full
				l.mu.Unlock()
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); !errors.Is(err, full) {
			t.Fatalf("got %v, want %v", err, full)
		}
		if s.n > 3 {
			t.Errorf("%d creates were sent, want none after the ledger broke", s.n)
		}
	})
}

func TestATaskThatChangedStopsNewStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 4)
		all := tasks(t, 4)
		all[2].Spec.Task = "do another thing"
		c.Tasks = sequence(all)
		var changed *ChangedError
		if err := Run(t.Context(), c); !errors.As(err, &changed) || changed.ID != "t3" {
			t.Fatalf("got %v, want a ChangedError of t3", err)
		}
		wantOutcomes(t, l, "passed", "passed", "(pending)", "(pending)")
		if s.n != 2 {
			t.Errorf("%d creates, want 2", s.n)
		}
		if err := Same(sequence(all), l); !errors.As(err, &changed) {
			t.Errorf("Same: got %v, want a ChangedError", err)
		}
		if err := Same(sequence(tasks(t, 4)), l); err != nil {
			t.Errorf("Same: got %v, want nil", err)
		}
		if err := Same(sequence(tasks(t, 3)), l); !errors.As(err, &changed) || changed.ID != "t4" {
			t.Errorf("Same: got %v, want a ChangedError of t4", err)
		}
	})
}

func TestAnAgentsOwnSchemaJudges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := tasks(t, 3)
		for i := range all {
			all[i].Schema, all[i].Spec.ResultSchema = nil, nil
			all[i].Spec.AgentID = []string{"strict", "free", "gone"}[i]
		}
		l := newMemory(all)
		s := newService(t, l)
		reads := 0
		s.agent = func(id string) (json.RawMessage, error) {
			reads++
			switch id {
			case "strict":
				return json.RawMessage(`{"type":"object","required":["price"]}`), nil
			case "free":
				return nil, nil
			}
			return nil, ErrNotFound
		}
		if err := Run(t.Context(), Config{Provider: s, Ledger: l, Tasks: sequence(all)}); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "invalid", "passed", "failed")
		if v := l.verdict(2); v.Reason != Rejected || s.creates["do t3"] != 0 {
			t.Errorf("verdict %+v after %d creates, want nothing bought for an agent that is not there", v, s.creates["do t3"])
		}
		if reads != 3 {
			t.Errorf("%d reads of agents, want 3", reads)
		}
	})
}

func TestSecretsAreMaskedAndTheirResultsFlagged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Secrets = Secrets{"TOKEN": "hunter2-hunter2", "PIN": "1234"}
		s.get = func(id string, run *fakeRun) (Observed, error) {
			if run.spec.Task == "do t1" {
				return completed(id, `{"ok":"hunter2-hunter2 1234"}`), nil
			}
			return Observed{ID: id, Status: StatusFailed, Cause: &Cause{Code: "X", Message: "typed hunter2-hunter2"}}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "invalid", "failed")
		if got, want := l.verdict(1).Message, "X: typed ***TOKEN***"; got != want {
			t.Errorf("message %q, want %q", got, want)
		}
		if diff := cmp.Diff([]string{"TOKEN"}, l.verdict(0).Leaked); diff != "" {
			t.Errorf("leaked (-want +got):\n%s", diff)
		}
		for _, e := range l.events {
			if e.Run != nil {
				r := *e.Run
				r.Result = Result{}
				e.Run = &r
			}
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "hunter2") {
				t.Errorf("the secret stands in event %s", text)
			}
		}
	})
}

func TestABatchThatIsGivenUpIsCollectedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 5)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Second, cancel)
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		c.Tasks = nil
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "(pending)", "(pending)")
		if !l.closed || s.n != 3 {
			t.Errorf("closed %v after %d creates, want it closed after 3", l.closed, s.n)
		}
	})
}
