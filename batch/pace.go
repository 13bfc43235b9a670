package batch

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How a 429 slows all calls down and how they recover: the rate is halved, at
// most once in a cooldown and never below a tenth of the refused rate; it grows
// again by a twentieth of the refused rate a second, but for a while not above
// 95 % of it. A 429 at a lower rate than the one first refused halves again and
// leaves that ceiling alone: it may be about something else than the rate, such
// as the sessions in use, and would bring the rate down for good.
const (
	paceCooldown = 5 * time.Second
	paceMemory   = 10 * time.Minute
	paceCeiling  = 0.95
	paceGrowth   = 0.05
	paceFloor    = 0.1 // of the refused rate
)

// A pacer spaces all calls to the service. It is safe for concurrent use.
type pacer struct {
	limiter *rate.Limiter
	creates *rate.Limiter // of creates alone
	full    rate.Limit    // the rate that was asked for; rate.Inf for no limit

	mu      sync.Mutex
	refused rate.Limit // the rate at which a 429 came; 0 for never, or long ago
	at      time.Time  // when it came
	cut     time.Time  // when the rate was last halved
	grown   time.Time  // when the rate last grew
	hold    time.Time  // no create before this

	window time.Time // start of the count below
	calls  int
	seen   float64 // calls per second in the window before
}

// newPacer lets so many calls pass in a second, and so many creates in a minute,
// evenly; 0 is no limit.
func newPacer(perSecond, createsPerMinute float64) *pacer {
	full, creates := rate.Inf, rate.Inf
	if perSecond > 0 {
		full = rate.Limit(perSecond)
	}
	if createsPerMinute > 0 {
		creates = rate.Limit(createsPerMinute / 60)
	}
	return &pacer{full: full, limiter: rate.NewLimiter(full, 1), creates: rate.NewLimiter(creates, 1)}
}

// wait blocks until a call may be made.
func (p *pacer) wait(ctx context.Context) error {
	p.recover(time.Now())
	p.mu.Lock()
	limiter := p.limiter
	p.mu.Unlock()
	return limiter.Wait(ctx)
}

// forget lets nobody wait for the turns of those who waited until now. They are
// about to give up, and a turn that is given back late is lost.
func (p *pacer) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limiter = rate.NewLimiter(p.limiter.Limit(), 1)
}

// waitCreate blocks until a create may be sent: a 429 holds all creates back.
func (p *pacer) waitCreate(ctx context.Context) error {
	if err := p.creates.Wait(ctx); err != nil {
		return err
	}
	for {
		p.mu.Lock()
		left := time.Until(p.hold)
		p.mu.Unlock()
		if left <= 0 {
			return p.wait(ctx)
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// holdCreates lets no create pass for d.
func (p *pacer) holdCreates(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.hold) {
		p.hold = until
	}
}

// throttled is told of each 429.
func (p *pacer) throttled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.refused > 0 && now.Sub(p.cut) < paceCooldown {
		return
	}
	current := p.limiter.Limit()
	if current == rate.Inf {
		current = rate.Limit(max(p.seen, float64(p.calls), 1))
	}
	if p.refused == 0 {
		p.refused, p.at = current, now
	}
	p.cut, p.grown = now, now
	p.limiter.SetLimit(max(current/2, p.refused*paceFloor))
}

// recover counts a call and lets the rate grow again.
func (p *pacer) recover(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := now.Sub(p.window); d >= time.Second {
		p.seen, p.calls, p.window = float64(p.calls)/d.Seconds(), 0, now
	}
	p.calls++
	if p.refused == 0 {
		return
	}
	if now.Sub(p.at) > paceMemory {
		p.refused = 0
		p.limiter.SetLimit(p.full)
		return
	}
	grow := p.refused * paceGrowth * rate.Limit(now.Sub(p.grown).Seconds())
	p.grown = now
	p.limiter.SetLimit(min(p.limiter.Limit()+grow, p.refused*paceCeiling, p.full))
}

// backoff is the wait before try number n, from 1: first, doubled each time,
// at most most.
func backoff(n int, first, most time.Duration) time.Duration {
	for i := 1; i < n && first < most; i++ {
		first *= 2
	}
	return min(first, most)
}

// jitter picks a random wait up to d, never less than a tenth of it, so that
// many tasks do not come back together.
func jitter(d time.Duration) time.Duration {
	return d/10 + rand.N(d-d/10)
}
