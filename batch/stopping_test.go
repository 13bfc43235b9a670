package batch

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// orderAfter is a channel that orders the runs to be stopped after a while.
func orderAfter(d time.Duration) <-chan struct{} {
	order := make(chan struct{})
	time.AfterFunc(d, func() { close(order) })
	return order
}

func TestAnOrderedStopMakesTasksPendingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 5)
		c.Stop = orderAfter(30 * time.Second)
		began := time.Now()
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if d := time.Since(began); d > 35*time.Second {
			t.Errorf("the stop took until %s after the beginning, want 35s at most", d)
		}
		wantOutcomes(t, l, "(pending)", "(pending)", "(pending)", "(pending)", "(pending)")
		if len(s.stops) != 3 || s.n != 3 {
			t.Errorf("%d stops of %d runs, want 3 of 3", len(s.stops), s.n)
		}
		want := []Kind{AttemptIntended, AttemptStarted, RunObserved, StopIntended, AttemptEnded, TaskRetried}
		if diff := cmp.Diff(want, l.kinds(0)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}

		// The next process runs them anew, each as an attempt of its own.
		c.Stop = nil
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "passed", "passed")
		if row := l.rows[0]; row.Attempt != 2 || row.Retries != 0 || s.creates["do t1"] != 2 || s.creates["do t5"] != 1 {
			t.Errorf("attempt %d, %d retries, creates %v", row.Attempt, row.Retries, s.creates)
		}
	})
}

func TestWhatCompletedBeforeTheOrderedStopIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		s.get = func(id string, run *fakeRun) (Observed, error) {
			if run.spec.Task == "do t2" && time.Since(run.began) > 25*time.Second {
				run.began = time.Time{} // the stop is answered 409
				return completed(id, `{"ok":true}`), nil
			}
			return Observed{}, nil
		}
		c.FirstLook = 29 * time.Second
		c.Stop = orderAfter(28 * time.Second)
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "(pending)", "passed", "(pending)")
		if s.creates["do t2"] != 1 || len(s.stops) != 3 {
			t.Errorf("creates %v, stops %v", s.creates, s.stops)
		}
	})
}

// A process that dies after a stop was sent leaves the intent; the next one sees
// what became of the run, whichever it is.
func TestTheNextProcessSeesWhatAnOrderedStopDid(t *testing.T) {
	for _, landed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l, s, c := bench(t, 1)
			ctx, cancel := context.WithCancel(t.Context())
			c.Stop = orderAfter(30 * time.Second)
			s.get = func(id string, run *fakeRun) (Observed, error) {
				if len(s.stops) == 1 && ctx.Err() == nil {
					cancel()
					run.stopped = landed
				}
				return Observed{}, nil
			}
			if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("got %v, want ErrInterrupted", err)
			}
			wantOutcomes(t, l, "(running)")
			c.Stop = nil
			if err := Run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			wantOutcomes(t, l, "passed")
			want := map[bool]int{true: 2, false: 1}[landed]
			if s.n != want || len(s.stops) != 1 {
				t.Errorf("landed %v: %d creates and %d stops, want %d and 1", landed, s.n, len(s.stops), want)
			}
		})
	}
}

func TestARunThatIgnoresAnOrderedStopIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		s.length = time.Hour
		s.get = func(id string, _ *fakeRun) (Observed, error) { return Observed{ID: id, Status: StatusRunning}, nil }
		c.Stop = orderAfter(30 * time.Second)
		var warned []string
		c.Warn = func(m string) { warned = append(warned, m) }
		began := time.Now()
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if d := time.Since(began); d < 3*time.Minute || d > 4*time.Minute {
			t.Errorf("let go after %s, want 3m30s", d)
		}
		wantOutcomes(t, l, "(running)")
		if len(warned) != 1 || !strings.Contains(warned[0], "has not ended within 3m") || len(s.stops) != 1 {
			t.Errorf("warnings %q after %d stops", warned, len(s.stops))
		}
	})
}

func TestAThrottledStopIsSentAgainAndALostOneIsNot(t *testing.T) {
	for answer, want := range map[error]int{&ThrottledError{RetryAfter: time.Second}: 2, &NotCreatedError{errReset}: 2, errReset: 1} {
		synctest.Test(t, func(t *testing.T) {
			l, s, c := bench(t, 1)
			sent := 0
			c.Provider = stopper{s, func() error {
				if sent++; sent == 1 {
					if want == 1 { // it arrived all the same
						s.mu.Lock()
						defer s.mu.Unlock()
						s.runs["run-1"].stopped = true
					}
					return answer
				}
				return nil
			}}
			c.Stop = orderAfter(30 * time.Second)
			if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("got %v, want ErrInterrupted", err)
			}
			wantOutcomes(t, l, "(pending)")
			if sent != want {
				t.Errorf("%v: %d stops were sent, want %d", answer, sent, want)
			}
		})
	}
}

// A stopper is a service whose stops are answered by a test.
type stopper struct {
	*service
	answer func() error
}

func (s stopper) Stop(ctx context.Context, id string) error {
	if err := s.answer(); err != nil {
		return err
	}
	return s.service.Stop(ctx, id)
}

// Without the secrets nothing of what a run said is kept.
func TestABlindStopKeepsNothingThatARunSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Second, cancel)
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		s.get = func(id string, run *fakeRun) (Observed, error) {
			switch {
			case run.spec.Task == "do t1":
				return completed(id, `{"ok":"hunter2-hunter2"}`), nil
			case run.stopped:
				return Observed{ID: id, Status: StatusStopped, Cause: &Cause{Code: "hunter2-hunter2"}, SessionID: "hunter2-hunter2"}, nil
			}
			return Observed{}, nil
		}
		c.Tasks, c.Blind, c.Stop = nil, true, orderAfter(0)
		seen := len(l.events)
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "(running)", "(pending)")
		for _, e := range l.events[seen:] {
			if r := e.Run; r != nil && (r.Cause != nil || r.SessionID != "" || r.Result.Present()) {
				t.Errorf("%s keeps %+v", e.Kind, *r)
			}
		}
		if l.closed {
			t.Error("the batch is closed")
		}
	})
}

func TestStoppingABatchThatIsDoneClosesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := bench(t, 2)
		c.Stop = orderAfter(61 * time.Second) // while the last ones are looked at
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed")
		if !l.closed {
			t.Error("the batch is not closed")
		}
	})
}

func TestSubmitOnlyStartsAllAndTheNextProcessCollects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 7)
		c.SubmitOnly = true
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d > time.Second {
			t.Errorf("it took %s, want no wait for any run", d)
		}
		wantOutcomes(t, l, "(running)", "(running)", "(running)", "(running)", "(running)", "(running)", "(running)")
		if l.closed {
			t.Error("the batch is closed")
		}
		if err := Run(t.Context(), c); err != nil || s.n != 7 {
			t.Errorf("once more: %v after %d creates, want nil after 7", err, s.n)
		}
		c.SubmitOnly = false
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "passed", "passed", "passed", "passed")
		if s.n != 7 || !l.closed {
			t.Errorf("%d creates, closed %v, want 7 and closed", s.n, l.closed)
		}
	})
}

func TestSubmitOnlySettlesCreatesWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		c.SubmitOnly, c.Batch, c.Tracking, c.Settle = true, "0badcafe", TrackAuto, 30*time.Second
		s.sent = func(_ context.Context, n int, spec Spec) (Observed, error) {
			id := map[int]string{1: "run-a", 3: "run-c", 4: "run-b"}[n]
			switch n {
			case 1:
				s.add(id, spec)
				return s.echo(id, spec), nil
			case 2: // it never arrived
				return Observed{}, errReset
			case 3: // it arrived, and its answer did not
				s.add(id, spec)
				return Observed{}, errReset
			}
			s.add(id, spec)
			return s.echo(id, spec), nil
		}
		c.Concurrency = 1
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "(running)", "(running)", "(running)")
		if s.n != 4 || s.creates["do t3"] != 1 {
			t.Errorf("creates %v, want t2 sent twice and t3 once", s.creates)
		}
	})
}

func TestSubmitOnlyIsStoppedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 5)
		order := make(chan struct{})
		var once sync.Once
		s.start = func(n int, _ Spec) (Observed, error) {
			if n == 4 {
				once.Do(func() { close(order) })
			}
			return Observed{}, nil
		}
		c.SubmitOnly, c.Stop, c.Concurrency = true, order, 1
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "(pending)", "(pending)", "(pending)", "(pending)", "(pending)")
		if len(s.stops) != s.n || s.n < 4 || s.n > 5 {
			t.Errorf("%d stops of %d runs, want all of the 4 that were started", len(s.stops), s.n)
		}
	})
}

// Where the calls are slow, all stops come before the looks that confirm them,
// and no run is given up before it was looked at.
func TestManyStopsComeBeforeTheirConfirmations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const runs = 400
		all := tasks(t, runs)
		for i := range all {
			all[i].Timeout = 10 * time.Hour
		}
		l := newMemory(all)
		s := newService(t, l)
		s.length = 20 * time.Hour
		var last atomic.Int64
		p := stopper{s, func() error { last.Store(time.Now().UnixNano()); return nil }}
		c := Config{Provider: p, Ledger: l, Tasks: sequence(all), Concurrency: runs, RequestsPerSecond: 1}
		c.Stop = orderAfter(time.Hour)
		ordered := time.Now().Add(time.Hour)
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		for i, row := range l.rows {
			if row.State != StatePending || row.Attempt != 1 {
				t.Fatalf("task %d is %s after attempt %d, want pending after 1", i, row.State, row.Attempt)
			}
		}
		if d := time.Unix(0, last.Load()).Sub(ordered); len(s.stops) != runs || d > (runs+20)*time.Second {
			t.Errorf("%d stops, the last after %s, want %d within %ds", len(s.stops), d, runs, runs+20)
		}
	})
}

// What is not known when the order comes is not settled in a hurry.
func TestAnOrderLeavesCreatesWithoutAnAnswer(t *testing.T) {
	for range 8 {
		synctest.Test(t, func(t *testing.T) {
			l, s, c := bench(t, 1)
			s.start = func(int, Spec) (Observed, error) { return Observed{}, errReset }
			s.list = func(time.Time) ([]Observed, error) { return nil, nil }
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			c.Settle = time.Hour
			if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("got %v, want ErrInterrupted", err)
			}
			c.Tasks, c.Settle = nil, 0
			closed := make(chan struct{})
			close(closed)
			c.Stop = closed
			if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("got %v, want ErrInterrupted", err)
			}
			wantOutcomes(t, l, "(unsure)")
		})
	}
}
