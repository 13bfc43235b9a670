package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
		// The service is well again, and shows nothing that a run would be found
		// by: the rest is bought, and those are unknown.
		s.start, s.repeat = nil, chain(dropSchema, rewriteText)
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

// Being told to end while creates are on their way is an interruption, however
// many there are: it says nothing of the service, and the next process finds
// their runs.
func TestCreatesCutShortByDetachingAreFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3 * unsureMost
		l, s, c := bench(t, n)
		c.Batch, c.Concurrency = "01234567", n
		ctx, cancel := context.WithCancel(t.Context())
		s.sent = func(ctx context.Context, k int, spec Spec) (Observed, error) {
			if k == n {
				cancel()
			}
			s.add(fmt.Sprintf("run-%d", k), spec) // accepted, and answered late
			<-ctx.Done()
			return Observed{}, ctx.Err()
		}
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		s.sent = nil
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for i, o := range l.outcomes() {
			if o != "passed" {
				t.Errorf("t%d: got %s, want passed", i+1, o)
			}
		}
		if s.n != n {
			t.Errorf("got %d creates, want %d", s.n, n)
		}
	})
}

func TestAnIntentThatCantBeLookedForIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		s.repeat = chain(dropSchema, rewriteText)
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

// An answer that was cut short says nothing of what the service repeats.
func TestACutAnswerIsNotCompared(t *testing.T) {
	r := &runner{}
	sent := Spec{Task: "do t1"}
	if e := r.echo(sent, "", Observed{ID: "r1", Partial: true}); e != nil {
		t.Errorf("cut short: got %+v, want no comparison", *e)
	}
	if e := r.echo(sent, "", Observed{ID: "r1", Task: "do t1"}); e == nil || !e.Text {
		t.Errorf("whole: got %+v, want one that repeats the text", e)
	}
}
