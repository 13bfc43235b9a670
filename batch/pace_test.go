package batch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

func TestThePacerSpacesCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(10, 0)
		began := time.Now()
		for range 31 {
			if err := p.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(began); d < 2900*time.Millisecond || d > 3100*time.Millisecond {
			t.Errorf("31 calls at 10/s took %s, want 3s", d)
		}
	})
}

func TestA429SlowsAllCallsAndTheyRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(10, 0)
		p.throttled()
		p.throttled() // within the cooldown: the same burst
		if got := p.limiter.Limit(); got != 5 {
			t.Fatalf("rate %v after a 429, want 5", got)
		}
		time.Sleep(5 * time.Minute)
		_ = p.wait(t.Context())
		if got := p.limiter.Limit(); got != rate.Limit(10*paceCeiling) {
			t.Errorf("rate %v five minutes later, want %v", got, 10*paceCeiling)
		}
		time.Sleep(6 * time.Minute)
		_ = p.wait(t.Context())
		if got := p.limiter.Limit(); got != 10 {
			t.Errorf("rate %v eleven minutes later, want 10", got)
		}
	})
}

// A service that answers 429 for another reason than the rate does not bring
// the rate down for good.
func TestA429BelowTheCeilingDoesNotLowerIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(10, 0)
		for range 60 { // one every ten seconds, whatever the rate
			p.throttled()
			time.Sleep(10 * time.Second)
			_ = p.wait(t.Context())
		}
		if got := p.limiter.Limit(); got < 3 {
			t.Errorf("rate %v after ten minutes of 429s now and then, want some 5", got)
		}
		for range 60 { // and without a pause
			p.throttled()
			time.Sleep(paceCooldown)
		}
		if got := p.limiter.Limit(); got < 0.5 {
			t.Errorf("rate %v after five minutes of nothing but 429s, want a tenth of what was refused at least", got)
		}
	})
}

func TestCreatesAreHeldBackAndGiveUpWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(0, 0)
		p.holdCreates(time.Minute)
		began := time.Now()
		if err := p.wait(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("a read waited %s (%v), want none", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.waitCreate(ctx); err == nil {
			t.Error("a create passed, want it held")
		}
		if err := p.waitCreate(t.Context()); err != nil || time.Since(began) != time.Minute {
			t.Errorf("a create waited %s (%v), want 1m", time.Since(began), err)
		}
	})
}

func TestNextLookIsAnEighthOfTheAge(t *testing.T) {
	for _, c := range []struct{ age, first, want time.Duration }{
		{0, 2 * time.Second, lookLeast},
		{300 * time.Millisecond, 2 * time.Second, 300 * time.Millisecond},
		{3 * time.Second, 2 * time.Second, 2 * time.Second},
		{40 * time.Second, 2 * time.Second, 5 * time.Second},
		{time.Hour, 2 * time.Second, 10 * time.Second},
		{time.Hour, time.Minute, time.Minute},
	} {
		if got := nextLook(c.age, c.first); got != c.want {
			t.Errorf("nextLook(%s, %s): got %s, want %s", c.age, c.first, got, c.want)
		}
	}
}

func TestTheFirstLookFollowsHowLongRunsTake(t *testing.T) {
	p := newPoller(nil, nil, 2*time.Second)
	if got := p.firstLook(); got != p.first {
		t.Errorf("first look at %s before anything is known, want %s", got, p.first)
	}
	now := time.Now()
	run := Observed{CreatedAt: now, EndedAt: now.Add(100 * time.Millisecond)}
	p.learn(run, 3*time.Second)
	if got, want := p.firstLook(), 75*time.Millisecond; got != want {
		t.Errorf("first look at %s after a run of 100ms, want %s", got, want)
	}
	absurd := Observed{CreatedAt: now, EndedAt: now.Add(-time.Hour)}
	for range 100 {
		p.learn(absurd, time.Hour)
	}
	if got := p.firstLook(); got < 1400*time.Millisecond || got > p.first {
		t.Errorf("first look at %s after long runs, want 1.5s", got)
	}
}
