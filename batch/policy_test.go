package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// custom is a batch of tasks that change has changed.
func custom(t *testing.T, n int, change func(*Task)) (*memory, *service, Config) {
	t.Helper()
	all := tasks(t, n)
	for i := range all {
		change(&all[i])
	}
	l := newMemory(all)
	s := newService(t, l)
	return l, s, Config{Provider: s, Ledger: l, Tasks: sequence(all), Concurrency: 3, Total: n, OpenedAt: time.Now()}
}

// fails makes every run of some tasks fail.
func (s *service) fails(ids ...string) {
	s.get = func(id string, run *fakeRun) (Observed, error) {
		if time.Since(run.began) >= s.length && slices.Contains(ids, strings.TrimPrefix(run.spec.Task, "do ")) {
			return Observed{ID: id, Status: StatusFailed}, nil
		}
		return Observed{}, nil
	}
}

func share(t *testing.T, text string) *Share {
	t.Helper()
	s, err := ParseShare(text)
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

// wantHalted checks that Run ended by a policy.
func wantHalted(t *testing.T, err error, policy, message string) {
	t.Helper()
	var halted *HaltedError
	if !errors.As(err, &halted) || halted.Policy != policy || !strings.Contains(halted.Message, message) {
		t.Errorf("got error %v (%#v), want one of %s that says %q", err, halted, policy, message)
	}
}

func TestATaskIsTriedAgainAfterItsBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 6, func(t *Task) { t.Retry = Retry{Max: 2, Backoff: 10 * time.Minute} })
		c.Concurrency = 1
		s.fails("t1")
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed", "passed", "passed", "passed", "passed", "passed")
		if got := s.creates["do t1"]; got != 3 {
			t.Errorf("t1 was bought %d times, want 3", got)
		}
		once := []Kind{AttemptIntended, AttemptStarted, RunObserved, AttemptEnded}
		want := slices.Concat(once, []Kind{TaskRetried}, once, []Kind{TaskRetried}, once, []Kind{TaskJudged})
		if diff := cmp.Diff(want, l.kinds(0)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if row := l.rows[0]; row.Attempt != 3 {
			t.Errorf("attempt %d, want 3", row.Attempt)
		}
		// 1 m, 10 m of backoff in which the others run, 1 m, 20 m, 1 m.
		if d := time.Since(began); d < 33*time.Minute || d > 34*time.Minute {
			t.Errorf("took %s, want 33m", d)
		}
	})
}

func TestWhatIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		on   []string
		v    Verdict
		want bool
	}{
		{nil, Verdict{Outcome: Failed, Reason: RunFailed}, true},
		{nil, Verdict{Outcome: Failed, Reason: Rejected}, false},
		{nil, Verdict{Outcome: Invalid}, false},
		{[]string{"failed"}, Verdict{Outcome: Failed, Reason: Rejected}, false},
		{[]string{"failed", "rejected"}, Verdict{Outcome: Failed, Reason: Rejected}, true},
		{[]string{"timed_out"}, Verdict{Outcome: Failed, Reason: TimedOut}, true},
		{[]string{"timed_out"}, Verdict{Outcome: Failed, Reason: RunFailed}, false},
		{[]string{"invalid"}, Verdict{Outcome: Invalid}, true},
		{[]string{"unknown", "failed"}, Verdict{Outcome: Unknown}, false},
		{[]string{"passed"}, Verdict{Outcome: Passed}, false},
	} {
		if got := (Retry{Max: 1, On: c.on}).wants(c.v); got != c.want {
			t.Errorf("%v of %s %s: got %v, want %v", c.on, c.v.Outcome, c.v.Reason, got, c.want)
		}
	}
	for n, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 8: time.Hour, 500: time.Hour} {
		if got := (Retry{}).wait(n); got != want {
			t.Errorf("wait %d: got %s, want %s", n, got, want)
		}
	}
}

// A run that an earlier process left in flight is tried again by the one that
// sees it fail, and a backoff goes on where it was.
func TestRetriesGoOnAcrossProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 3, func(t *Task) { t.Retry = Retry{Max: 2, Backoff: time.Hour} })
		s.fails("t2")
		detach := func(after time.Duration) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(after, cancel)
			if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("got %v, want ErrInterrupted", err)
			}
		}
		began := time.Now()
		detach(30 * time.Second)
		wantOutcomes(t, l, "(running)", "(running)", "(running)")
		detach(10 * time.Minute)
		wantOutcomes(t, l, "passed", "(pending)", "passed")
		if row := l.rows[1]; row.Retries != 1 || !row.Spent {
			t.Errorf("got %+v, want its first retry to wait", row)
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "failed", "passed")
		if got := s.creates["do t2"]; got != 3 {
			t.Errorf("t2 was bought %d times, want 3", got)
		}
		if d := time.Since(began); d < 2*time.Hour || d > 2*time.Hour+5*time.Minute {
			t.Errorf("took %s, want about 2h", d)
		}
	})
}

// A clock that is put back does not make a backoff longer than any is.
func TestABackoffHasABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := custom(t, 1, func(*Task) {})
		l.rows[0].After = time.Now().Add(1000 * time.Hour)
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < time.Hour || d > 2*time.Hour {
			t.Errorf("took %s, want an hour", d)
		}
	})
}

// What went wrong before a create is tried again too.
func TestAPanicIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 2, func(t *Task) { t.Retry = Retry{Max: 1}; t.Schema = nil; t.Spec.AgentID = "agent" })
		calls := 0
		s.agent = func(string) (json.RawMessage, error) {
			if calls++; calls == 1 {
				panic("before anything was sent")
			}
			return nil, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed")
		if s.n != 2 {
			t.Errorf("%d creates, want 2", s.n)
		}
	})
}

// A later pass over the manifest sees rows as they were when their page was
// read: a task that was started and has ended since is not started again.
func TestAnOldRowStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 4, func(t *Task) { t.Retry = Retry{Max: 1, Backoff: time.Second} })
		c.Concurrency = 1
		s.fails("t1")
		now := time.Now()
		s.add("run-0", Spec{Task: "do t1"})
		l.rows[0].State, l.rows[0].Attempt, l.rows[0].RunID, l.rows[0].StartedAt = StateRunning, 1, "run-0", now
		for i, after := range []time.Duration{0, 60500 * time.Millisecond, 62 * time.Second, 63 * time.Second} {
			l.rows[i].After = now.Add(after)
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed", "passed", "passed", "passed")
		if s.n != 4 {
			t.Errorf("%d creates, want 4", s.n)
		}
	})
}

func TestADrainLeavesARetryPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 1, func(t *Task) { t.Retry = Retry{Max: 1} })
		s.fails("t1")
		drain := make(chan struct{})
		c.Drain = drain
		time.AfterFunc(time.Minute+10*time.Second, func() { close(drain) })
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "(pending)")
		if s.n != 1 {
			t.Errorf("%d creates, want 1", s.n)
		}
	})
}

// A lost answer is settled while retries wait for a long time.
func TestSettlingDoesNotWaitForABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 2, func(t *Task) { t.Retry = Retry{Max: 1, Backoff: time.Hour} })
		c.Settle, c.Batch = 30*time.Second, "01234567"
		s.fails("t1")
		s.start = func(n int, spec Spec) (Observed, error) {
			if spec.Task == "do t2" {
				s.add("lost", spec)
				return Observed{}, errReset
			}
			return Observed{}, nil
		}
		var adopted atomic.Int64
		began := time.Now()
		c.Notify = func(e Event) {
			if e.Kind == AttemptAdopted {
				adopted.Store(int64(time.Since(began)))
			}
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed", "passed")
		if d := time.Duration(adopted.Load()); d == 0 || d > 5*time.Minute {
			t.Errorf("adopted after %s, want soon after the round", d)
		}
	})
}

func repetition(times, pass int, all bool) func(*Task) {
	return func(t *Task) {
		group := t.Position / times
		t.Repeat = &Repetition{Group: fmt.Sprint("g", group), Number: t.Position%times + 1, Times: times, Pass: pass, All: all}
	}
}

func TestAGroupStopsWhenItsVerdictIsCertain(t *testing.T) {
	for name, c := range map[string]struct {
		fails []string
		pass  int
		all   bool
		want  []string
	}{
		"won":        {nil, 2, false, []string{"passed", "passed", "skipped", "skipped", "skipped"}},
		"lost":       {[]string{"t1", "t2"}, 4, false, []string{"failed", "failed", "skipped", "skipped", "skipped"}},
		"undecided":  {[]string{"t1"}, 4, false, []string{"failed", "passed", "passed", "passed", "passed"}},
		"all of it":  {nil, 2, true, []string{"passed", "passed", "passed", "passed", "passed"}},
		"must all":   {[]string{"t1"}, 5, false, []string{"failed", "skipped", "skipped", "skipped", "skipped"}},
		"not stated": {[]string{"t2"}, 0, false, []string{"passed", "failed", "skipped", "skipped", "skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, cfg := custom(t, 5, repetition(5, c.pass, c.all))
				cfg.Concurrency = 1
				s.fails(c.fails...)
				if err := Run(t.Context(), cfg); err != nil {
					t.Fatal(err)
				}
				wantOutcomes(t, l, c.want...)
			})
		})
	}
}

// Members in flight when the verdict becomes certain go on.
func TestMembersInFlightGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := custom(t, 5, repetition(5, 1, false))
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "skipped", "skipped")
	})
}

// A process that ended between the verdict and the skipping left members that
// nothing depends on.
func TestADecidedGroupStaysDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 3, repetition(3, 1, false))
		l.rows[0].State, l.rows[0].Outcome, l.rows[0].Attempt = StateDone, Passed, 1
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "skipped", "skipped")
		if s.n != 0 {
			t.Errorf("%d creates, want 0", s.n)
		}
	})
}

func TestTooManyFailuresHalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 12, func(*Task) {})
		c.Concurrency = 1
		c.Policy.Halt = Halt{Failures: share(t, "40%"), Min: 5}
		s.fails("t1", "t2", "t3", "t12")
		err := Run(t.Context(), c)
		wantHalted(t, err, "halt", "3 of 5 tasks that ended did not pass (halt: 40%)")
		want := []string{"failed", "failed", "failed", "passed", "passed", "(pending)", "(pending)", "(pending)", "(pending)", "(pending)", "(pending)", "(pending)"}
		wantOutcomes(t, l, want...)
		if e := l.events[len(l.events)-1]; e.Kind != BatchHalted || e.Message != err.Error() || l.closed {
			t.Errorf("last event %+v, closed %v, want it halted and open", e, l.closed)
		}

		// Nothing has changed: the same again.
		wantHalted(t, Run(t.Context(), c), "halt", "3 of 5")
		wantOutcomes(t, l, want...)

		// Somebody had two of them tried again.
		s.fails("t12")
		for i := range 2 {
			if err := l.Append(Event{Kind: TaskRetried, Position: i}); err != nil {
				t.Fatal(err)
			}
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if s.creates["do t1"] != 2 || l.rows[0].Attempt != 2 {
			t.Errorf("t1: %d creates, %+v, want a second attempt", s.creates["do t1"], l.rows[0])
		}
		if !l.closed {
			t.Error("the batch is not closed")
		}
	})
}

func TestTheFirstFailureHaltsWhereThatIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 20, func(t *Task) { t.Retry = Retry{Max: 1} })
		c.Policy.FailFast = true
		s.fails("t2")
		wantHalted(t, Run(t.Context(), c), "fail-fast", "")
		if s.creates["do t2"] != 2 {
			t.Errorf("%d creates of t2, want its retry first", s.creates["do t2"])
		}
		if got := l.outcomes(); got[1] != "failed" || got[19] != "(pending)" || slices.Contains(got, "(running)") {
			t.Errorf("got %v, want t2 failed, the last pending and none in flight", got)
		}
	})
}

// A halt that comes when everything has started leaves nothing over.
func TestNothingIsHaltedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 3, func(*Task) {})
		c.Policy.FailFast, c.Policy.MaxTime = true, 30*time.Second
		s.fails("t2")
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "failed", "passed")
		if !l.closed || slices.ContainsFunc(l.events, func(e Event) bool { return e.Kind == BatchHalted }) {
			t.Error("halted, want it closed")
		}
	})
}

func TestAGroupHaltsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 8, func(t *Task) { t.Group = []string{"a", "b"}[t.Position%2] })
		c.Concurrency = 1
		c.Policy.Halt = Halt{Failures: share(t, "1"), PerGroup: true}
		s.fails("t1", "t3")
		var warned []string
		c.Warn = func(message string) { warned = append(warned, message) }
		want := []string{"failed", "passed", "(pending)", "passed", "(pending)", "passed", "(pending)", "passed"}
		for range 2 {
			wantHalted(t, Run(t.Context(), c), "halt", "group a: 1 of 1 task that ended")
			wantOutcomes(t, l, want...)
		}
		if len(warned) != 2 || !strings.Contains(warned[0], "group a: ") {
			t.Errorf("warned %q, want of group a, once a process", warned)
		}
	})
}

// One that waits for a slot does not start any more.
func TestAGroupHaltsBeforeItsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 3, func(t *Task) { t.Group = []string{"a", "a", "b"}[t.Position] })
		c.Concurrency = 1
		c.Policy.Halt = Halt{Failures: share(t, "1"), PerGroup: true}
		s.fails("t1")
		wantHalted(t, Run(t.Context(), c), "halt", "group a")
		wantOutcomes(t, l, "failed", "(pending)", "passed")
	})
}

// What starts next is not decided before the failure is written.
func TestAFailureIsWrittenBeforeTheNextStart(t *testing.T) {
	for name, policy := range map[string]Policy{
		"fail-fast":  {FailFast: true},
		"halt":       {Halt: Halt{Failures: share(t, "1")}},
		"repetition": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, c := custom(t, 3, func(task *Task) {
					if name == "repetition" {
						repetition(3, 3, false)(task)
					}
				})
				l.slow, c.Concurrency, c.Policy = time.Second, 1, policy
				s.fails("t1")
				_ = Run(t.Context(), c)
				if s.n != 1 {
					t.Errorf("%d creates, want 1", s.n)
				}
			})
		})
	}
}

// A repetition counts once, when it can pass no more.
func TestARepetitionFailsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 12, repetition(3, 2, true))
		c.Policy.Halt = Halt{Failures: share(t, "2")} // of which it is one
		s.fails("t1", "t2", "t3", "t4", "t7", "t10")
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		tallies, err := l.Tallies()
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(tallies, func(a, b Tally) int { return strings.Compare(string(a.Outcome), string(b.Outcome)) })
		if diff := cmp.Diff([]Tally{{"", Failed, 1}, {"", Passed, 3}}, tallies); diff != "" {
			t.Errorf("tallies (-want +got):\n%s", diff)
		}
	})
}

func TestTheLongestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 9, func(*Task) {})
		c.Policy.MaxTime = 90 * time.Second
		want := []string{"passed", "passed", "passed", "passed", "passed", "passed", "(pending)", "(pending)", "(pending)"}
		for range 2 {
			wantHalted(t, Run(t.Context(), c), "max-time", "1m30s")
			wantOutcomes(t, l, want...)
		}
		c.Policy.MaxTime = time.Hour
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if s.n != 9 {
			t.Errorf("%d creates, want 9", s.n)
		}
	})
}
