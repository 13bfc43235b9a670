package batch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestABudgetOfRunsIsNotPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 6, func(t *Task) { t.Retry = Retry{Max: 5, Backoff: time.Second} })
		c.Policy.Budget.Runs = 4
		s.fails("t1")
		began := time.Now()
		var at atomic.Int64
		c.Notify = func(e Event) {
			if e.Kind == BatchHalted {
				at.Store(int64(time.Since(began)))
			}
		}
		wantHalted(t, Run(t.Context(), c), "budget-runs", "the budget of 4 runs is used up")
		if s.n != 4 {
			t.Errorf("%d creates, want 4", s.n)
		}
		if d := time.Duration(at.Load()); d > 90*time.Second {
			t.Errorf("halted after %s, want it told while the last ones run", d)
		}
		if slices.Contains(l.outcomes(), "(running)") {
			t.Errorf("got %v, want nothing in flight", l.outcomes())
		}
		wantHalted(t, Run(t.Context(), c), "budget-runs", "4 runs")
		c.Policy.Budget.Runs = 5
		wantHalted(t, Run(t.Context(), c), "budget-runs", "5 runs")
		if s.n != 5 {
			t.Errorf("%d creates, want 5", s.n)
		}
	})
}

// A create that surely made no run gives its share back; one of unknown fate
// does not.
func TestWhichCreatesABudgetCounts(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		runs int
	}{
		"throttled": {&ThrottledError{RetryAfter: time.Second}, 4},
		"rejected":  {&RejectedError{Status: 422}, 4},
		"lost":      {errReset, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s, cfg := custom(t, 9, func(*Task) {})
				cfg.Concurrency, cfg.Policy.Budget.Runs = 1, 4
				s.repeat = chain(dropSchema, rewriteText) // what is lost is not found
				s.start = func(n int, _ Spec) (Observed, error) {
					if n == 2 {
						return Observed{}, c.err
					}
					return Observed{}, nil
				}
				wantHalted(t, Run(t.Context(), cfg), "budget-runs", "4 runs")
				if len(s.runs) != c.runs {
					t.Errorf("%d runs, want %d", len(s.runs), c.runs)
				}
			})
		})
	}
}

func TestABudgetOfTimeReservesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Runs take 1 m of a timeout of 10: two of them are let in together at
		// first, then as many as the median says.
		l, s, c := custom(t, 50, func(*Task) {})
		c.Concurrency = 10
		c.Policy.Budget.Time = 25 * time.Minute
		var early atomic.Int64
		time.AfterFunc(30*time.Second, func() { early.Store(s.bought()) })
		wantHalted(t, Run(t.Context(), c), "budget-minutes", "25 minutes")
		if n := early.Load(); n != 2 {
			t.Errorf("%d runs at first, want the 2 whose timeouts fit", n)
		}
		if s.most != 10 {
			t.Errorf("%d runs in flight at once, want 10 once their length is known", s.most)
		}
		used, err := l.Usage(Price{})
		if err != nil {
			t.Fatal(err)
		}
		if s.n < 22 || s.n > 25 {
			t.Errorf("%d runs of a minute (%+v), want 25 minutes nearly used and not passed", s.n, used)
		}
	})
}

func TestABudgetOfMoney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 50, func(*Task) {})
		l.typical = 70 * time.Second // as two minutes
		c.Concurrency = 10
		c.Policy.Price = &Price{PerRun: 100_000, PerMinute: 50_000, RoundUp: time.Minute}
		c.Policy.Budget.USD = 1_000_000
		wantHalted(t, Run(t.Context(), c), "budget-usd", "the budget of $1.00")
		if s.n != 5 {
			t.Errorf("%d runs of $0.20, want 5", s.n)
		}
	})
}

// What is in flight when a process takes the batch up is reserved too.
func TestABudgetHoldsAcrossProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c := custom(t, 9, func(*Task) {})
		c.Policy.Budget.Time = 35 * time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Second, cancel)
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if s.n != 3 {
			t.Fatalf("%d creates, want 3", s.n)
		}
		c.Concurrency, c.Policy.Budget.Time = 9, 39*time.Minute
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if s.n != 3 {
			t.Errorf("%d creates, want none while three timeouts are reserved", s.n)
		}
	})
}

// A create in doubt from before may be a run that takes as long as any, and uses
// the context that others wait for.
func TestWhatIsInDoubtFromBeforeCounts(t *testing.T) {
	for name, bound := range map[string]func(*Config){
		"budget":  func(c *Config) { c.Policy.Budget.Time = 15 * time.Minute },
		"context": func(*Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, c := custom(t, 2, func(t *Task) {
					if name == "context" {
						t.Spec.BrowserSettings = []byte(`{"context":{"id":"ctx_1","persist":true}}`)
					}
				})
				bound(&c)
				c.Settle = 30 * time.Second
				l.rows[0].State, l.rows[0].Attempt, l.rows[0].IntendedAt = StateUnsure, 1, time.Now()
				l.events = append(l.events, Event{Kind: AttemptIntended, Position: 0})
				s.list = func(time.Time) ([]Observed, error) { return nil, nil }
				began := time.Now()
				err := Run(t.Context(), c)
				if name == "budget" {
					wantHalted(t, err, "budget-minutes", "")
					wantOutcomes(t, l, "unknown", "(pending)")
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				wantOutcomes(t, l, "unknown", "passed")
				if at := l.rows[1].StartedAt.Sub(began); at < c.Settle {
					t.Errorf("t2 began after %s, want what is in doubt settled first", at)
				}
			})
		})
	}
}

// A run that may take longer than the whole budget is never begun.
func TestABudgetThatNothingFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c := custom(t, 2, func(*Task) {})
		c.Policy.Budget.Time = 5 * time.Minute
		wantHalted(t, Run(t.Context(), c), "budget-minutes", "its timeout lets it take 10 minutes")
		if s.n != 0 {
			t.Errorf("%d creates, want 0", s.n)
		}
	})
}

func TestGroupsAreBoundAndDoNotBlockOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c := custom(t, 9, func(t *Task) {
			t.Group = "slow"
			if t.Position >= 6 {
				t.Group = []string{"", "other"}[t.Position%2]
			}
		})
		c.PerGroup, c.Concurrency = 2, 9
		var flight, most, early atomic.Int64
		s.start = func(_ int, spec Spec) (Observed, error) {
			if slow(spec) {
				most.Store(max(most.Load(), flight.Add(1)))
			}
			return Observed{}, nil
		}
		time.AfterFunc(30*time.Second, func() { early.Store(s.bought()) })
		c.Notify = func(e Event) {
			if e.Kind == TaskJudged && e.Position < 6 {
				flight.Add(-1)
			}
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if n := most.Load(); n != 2 {
			t.Errorf("%d runs of a group in flight, want 2", n)
		}
		if n := early.Load(); n != 5 {
			t.Errorf("%d runs at first, want 2 of the group and the 3 others", n)
		}
	})
}

// bought is how many creates were sent.
func (s *service) bought() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.n)
}

func slow(s Spec) bool {
	return slices.Contains([]string{"do t1", "do t2", "do t3", "do t4", "do t5", "do t6"}, s.Task)
}

// engine.md "Fan-out": runs that share a browser context with persist never
// overlap, those in flight from before and those in doubt included.
func TestRunsThatChangeAContextDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 6, func(t *Task) {
			if t.Position < 4 {
				t.Spec.BrowserSettings = []byte(`{"context":{"id":"ctx_1","persist":true}}`)
			} else {
				t.Spec.BrowserSettings = []byte(`{"context":{"id":"ctx_1","persist":false}}`)
			}
		})
		c.Settle, c.Concurrency, c.Batch = 30*time.Second, 6, "01234567"
		var began []time.Time
		s.start = func(n int, spec Spec) (Observed, error) {
			if strings.Contains(string(spec.BrowserSettings), "true") {
				s.mu.Lock()
				began = append(began, time.Now())
				second := len(began) == 2
				s.mu.Unlock()
				if second {
					s.add("lost", spec)
					return Observed{}, errReset
				}
			}
			return Observed{}, nil
		}
		for _, after := range []time.Duration{30 * time.Second, 0} {
			ctx, cancel := context.WithCancel(t.Context())
			if after > 0 {
				time.AfterFunc(after, cancel)
			}
			if err := Run(ctx, c); err != nil && !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			cancel()
			if after > 0 && s.n != 3 {
				t.Errorf("%d creates at first, want 1 of the context and the 2 others", s.n)
			}
		}
		wantOutcomes(t, l, "passed", "passed", "passed", "passed", "passed", "passed")
		for i := 1; i < len(began); i++ {
			if gap := began[i].Sub(began[i-1]); gap < time.Minute {
				t.Errorf("run %d began %s after the one before, which takes a minute", i+1, gap)
			}
		}
	})
}

// Far more tasks than are held of a group that is bound: memory is, and all run.
func TestALongLineIsPassedOverAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3 * lineMost
		l, s, c := custom(t, n, func(t *Task) {
			t.Group = "bound"
			if t.Position%100 == 99 {
				t.Group = "free"
			}
			t.Retry = Retry{Max: 1, Backoff: time.Second}
		})
		c.PerGroup, c.Concurrency = 20, 60
		s.length = time.Second
		s.fails("t1", "t2500", "t2999")
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for i, o := range l.outcomes() {
			if o == "failed" {
				failed++
			} else if o != "passed" {
				t.Fatalf("t%d: got %s, want passed", i+1, o)
			}
		}
		if failed != 3 || s.n != n+3 {
			t.Errorf("%d failed of %d creates, want 3 of %d", failed, s.n, n+3)
		}
	})
}

func TestCreatesPerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c := custom(t, 10, func(*Task) {})
		c.Concurrency, c.CreatesPerMinute = 10, 6
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < 150*time.Second || d > 160*time.Second {
			t.Errorf("took %s, want nine waits of 10s and the last run", d)
		}
		if s.n != 10 {
			t.Errorf("%d creates, want 10", s.n)
		}
	})
}

func TestALineBoundsWhatItHolds(t *testing.T) {
	l := newLine(newLanes(1))
	now := time.Now()
	big := strings.Repeat("x", lineBytes/4)
	for i := range 10 {
		w := waiter{task: Task{Spec: Spec{Task: big}}, position: i, lanes: l.lanes.of("g", terms{})}
		if l.pass(w, now) != (i == 0) {
			t.Errorf("task %d: passed %v", i, i != 0)
		}
		if i == 0 {
			l.begin(0, w.lanes)
		}
	}
	if len(l.waiting) != 4 || !l.missed {
		t.Errorf("%d wait, missed %v, want 4 and the rest missed", len(l.waiting), l.missed)
	}
	if r := l.rest(now); r.again || r.over || r.wait >= 0 {
		t.Errorf("rest: got %+v, want to wait for an end", r)
	}
	var got []int
	for position := 0; ; {
		l.end(position, []lane{{name: "g"}}, false, nil, time.Time{})
		w, ok := l.next(now, func(Task) bool { return false })
		if !ok {
			break
		}
		l.begin(w.position, w.lanes)
		position = w.position
		got = append(got, position)
	}
	if !slices.Equal(got, []int{1, 2, 3, 4}) || l.bytes != 0 || len(l.here) != 0 {
		t.Errorf("got %v, %d bytes, here %v, want 1 to 4 and nothing held", got, l.bytes, l.here)
	}
	if r := l.rest(now); !r.again {
		t.Errorf("rest: got %+v, want another pass", r)
	}
}
