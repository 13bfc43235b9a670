package batch

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
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

func TestWhatIsSurelyNotCreatedIsSentAgain(t *testing.T) {
	for name, refusal := range map[string]error{
		"throttled":   &ThrottledError{RetryAfter: 7 * time.Second, Message: "slow down"},
		"not reached": &NotCreatedError{errors.New("connection refused")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, c := bench(t, 1)
				var sent []time.Time
				s.start = func(n int, _ Spec) (Observed, error) {
					sent = append(sent, time.Now())
					if n == 1 {
						return Observed{}, refusal
					}
					return Observed{}, nil
				}
				if err := Run(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				wantOutcomes(t, l, "passed")
				want := []Kind{AttemptIntended, AttemptRejected, AttemptIntended, AttemptStarted, RunObserved, AttemptEnded, TaskJudged}
				if diff := cmp.Diff(want, l.kinds(0)); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				var throttled *ThrottledError
				if gap := sent[1].Sub(sent[0]); errors.As(refusal, &throttled) && gap < throttled.RetryAfter {
					t.Errorf("sent again after %s, want at least %s", gap, throttled.RetryAfter)
				}
			})
		})
	}
}

func TestAnUnknownCreateIsNeverSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		c.Settle, c.Concurrency = 30*time.Second, 1
		var lost time.Time
		s.start = func(_ int, spec Spec) (Observed, error) {
			if spec.Task == "do t2" {
				lost = time.Now()
				return Observed{}, errReset
			}
			return Observed{}, nil
		}
		s.list = func(since time.Time) ([]Observed, error) {
			if d := time.Since(lost); d < c.Settle {
				t.Errorf("listed %s after the create, want at least %s", d, c.Settle)
			}
			if since.After(lost.Add(-2 * time.Minute)) {
				t.Errorf("listed since %s, want two minutes before %s", since, lost)
			}
			return []Observed{
				{ID: "run-1", Task: "do t2"}, // ours already: another task's run
				{ID: "stranger", Task: "do t2"},
				{ID: "other", Task: "do something else"},
			}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "unknown", "passed")
		if n := s.creates["do t2"]; n != 1 {
			t.Errorf("sent %d times, want 1", n)
		}
		if diff := cmp.Diff([]string{"stranger"}, l.verdict(1).Candidates); diff != "" {
			t.Errorf("candidates (-want +got):\n%s", diff)
		}
	})
}

func TestCreatesWithoutAnswersHaltTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 200)
		s.start = func(int, Spec) (Observed, error) { return Observed{}, errReset }
		var unreachable *UnreachableError
		began := time.Now()
		if err := Run(t.Context(), c); !errors.As(err, &unreachable) {
			t.Fatalf("got %v, want an UnreachableError", err)
		}
		if s.n < unsureMost || s.n > unsureMost+c.Concurrency {
			t.Errorf("%d creates were sent, want some %d", s.n, unsureMost)
		}
		if d := time.Since(began); d < 30*time.Second {
			t.Errorf("sent them within %s, want them held back", d)
		}
		// The service is well again: the rest is bought, and those are unknown.
		s.start = nil
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		unknown := 0
		for _, o := range l.outcomes() {
			switch o {
			case "unknown":
				unknown++
			case "passed":
			default:
				t.Errorf("outcome %s, want passed or unknown", o)
			}
		}
		for text, n := range s.creates {
			if n != 1 {
				t.Errorf("%q was sent %d times, want 1", text, n)
			}
		}
		if unknown != s.n-(200-unknown) {
			t.Errorf("%d unknown of %d creates", unknown, s.n)
		}
	})
}

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

func TestARejectedRequestFailsItsTaskAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		s.start = func(_ int, spec Spec) (Observed, error) {
			if spec.Task == "do t1" {
				return Observed{}, &RejectedError{400, "body.task is too long"}
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed", "passed")
		if v := l.verdict(0); v.Reason != Rejected || !strings.Contains(v.Message, "body.task is too long") {
			t.Errorf("verdict %+v, want the service's words", v)
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

func TestACreateOnItsWayIsAwaitedWhenDetaching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		s.start = func(int, Spec) (Observed, error) {
			cancel()
			time.Sleep(500 * time.Millisecond)
			return Observed{}, nil
		}
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "(running)")
	})
}

func TestAnIntentWithoutAnAnswerIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		l.rows[0].State, l.rows[0].Attempt, l.rows[0].IntendedAt = StateStarting, 1, time.Now() // a crash
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "unknown", "passed")
		if n := s.creates["do t1"]; n != 0 {
			t.Errorf("t1 was sent %d times again, want 0", n)
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

func TestARunIDIsOwnedByOneTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Concurrency = 1
		s.start = func(int, Spec) (Observed, error) { return Observed{ID: "same", Status: StatusPending}, nil }
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "unknown")
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
			if run.text == "do t1" {
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
