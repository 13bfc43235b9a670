package batch

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A lasting provider's runs end when they are so old, by the test's clock.
type lasting struct {
	Provider
	began time.Time
	takes time.Duration
	looks atomic.Int64
}

func (l *lasting) Get(_ context.Context, id string) (Observed, error) {
	l.looks.Add(1)
	run := Observed{ID: id, Status: StatusRunning, CreatedAt: l.began}
	if time.Since(l.began) >= l.takes {
		run.Status, run.EndedAt = StatusCompleted, l.began.Add(l.takes)
		run.Result = Result{Raw: []byte("1"), Size: 1}
	}
	return run, nil
}

// While nothing is known one run alone is looked at early: short runs do not
// wait for the usual first look, and long ones cost few looks more.
func TestAScoutFindsShortRuns(t *testing.T) {
	for _, c := range []struct {
		takes, within time.Duration
		looks         int64 // at most
	}{
		{0, 50 * time.Millisecond, 20},
		{300 * time.Millisecond, 700 * time.Millisecond, 60},
		{time.Minute, 70 * time.Second, 20*20 + 10},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lasting{began: time.Now(), takes: c.takes}
			p := newPoller(l, newPacer(0, 0), 2*time.Second)
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					var last sight
					for last = range p.watch(t.Context(), fmt.Sprint(i), l.began) {
					}
					if last.run.Status != StatusCompleted {
						t.Errorf("got %+v, want a run that has ended", last)
					}
				})
			}
			all.Wait()
			if got := time.Since(l.began); got > c.within {
				t.Errorf("runs of %s: all seen after %s, want within %s", c.takes, got, c.within)
			}
			if got := l.looks.Load(); got > c.looks {
				t.Errorf("runs of %s: got %d looks, want at most %d", c.takes, got, c.looks)
			}
		})
	}
}
