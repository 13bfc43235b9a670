package batch

import (
	"sync"
	"time"
)

// How much of what can't start yet is held: so many tasks, and about so many
// bytes. What is more is found by another pass over the manifest.
const (
	lineMost  = 1000
	lineBytes = 16 << 20
)

// A line is where the tasks of a round wait that were passed over: for the end
// of their backoff, for their group, for a browser context. It is safe for
// concurrent use; one goroutine dispatches.
type line struct {
	wake chan struct{} // rings when something ended

	mu      sync.Mutex
	lanes   lanes
	live    int          // tasks of this round that have not come to their end
	here    map[int]bool // positions that are live or wait
	waiting []waiter
	bytes   int
	changed bool      // one that waits may be ready
	due     time.Time // else when the next one's backoff ends; zero for never

	missed bool      // some could not be held
	again  time.Time // when the first of those may be ready
}

// A waiter is a task that was passed over.
type waiter struct {
	task     Task
	position int // of its row
	after    time.Time
	lanes    []lane
}

func (w waiter) size() int {
	n := len(w.task.Spec.Task) + len(w.task.Row)
	for _, v := range w.task.Spec.Variables {
		n += len(v.Value) + len(v.Masked)
	}
	return n
}

func newLine(l lanes) *line {
	return &line{wake: make(chan struct{}, 1), lanes: l, here: make(map[int]bool)}
}

// occupy takes lanes for a run that may be in flight and that this round does
// not carry on.
func (l *line) occupy(need []lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lanes.take(need)
}

// begin makes a task live, in its lanes.
func (l *line) begin(position int, need []lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live++
	l.here[position] = true
	l.lanes.take(need)
}

// end is told when a live task came to its end, for now at least. Its lanes are
// not given back while its run may be in flight and nobody knows it. A task that
// is to be tried again waits; missed says so of one that only the manifest can
// tell of.
func (l *line) end(position int, need []lane, inDoubt bool, again *waiter, missed time.Time) {
	l.mu.Lock()
	l.live--
	delete(l.here, position)
	if !inDoubt {
		l.lanes.give(need)
	}
	if again != nil {
		l.hold(*again)
	}
	if !missed.IsZero() {
		l.miss(missed)
	}
	l.changed = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// idle reports whether no task is live.
func (l *line) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live == 0
}

// has reports whether a task is live or waits.
func (l *line) has(position int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.here[position]
}

// pass reports whether a task may start now; else it waits.
func (l *line) pass(w waiter, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !w.after.After(now) && l.lanes.free(w.lanes) {
		return true
	}
	l.hold(w)
	if w.after.After(now) && (l.due.IsZero() || w.after.Before(l.due)) {
		l.due = w.after
	}
	return false
}

func (l *line) hold(w waiter) {
	if len(l.waiting) < lineMost && l.bytes < lineBytes {
		l.waiting = append(l.waiting, w)
		l.bytes += w.size()
		l.here[w.position] = true
		return
	}
	l.miss(w.after)
}

func (l *line) miss(after time.Time) {
	if !l.missed || after.Before(l.again) {
		l.missed, l.again = true, after
	}
}

// next takes the first that waits and may start now. Those that give is true of
// are given up.
func (l *line) next(now time.Time, give func(Task) bool) (w waiter, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.changed && (l.due.IsZero() || now.Before(l.due)) {
		return w, false
	}
	l.due = time.Time{}
	kept := l.waiting[:0]
	for _, each := range l.waiting {
		switch {
		case give(each.task):
			l.drop(each)
			continue
		case ok:
		case each.after.After(now):
			if l.due.IsZero() || each.after.Before(l.due) {
				l.due = each.after
			}
		case l.lanes.free(each.lanes):
			w, ok = each, true
			l.drop(each)
			continue
		}
		kept = append(kept, each)
	}
	clear(l.waiting[len(kept):])
	l.waiting, l.changed = kept, ok
	return w, ok
}

func (l *line) drop(w waiter) {
	l.bytes -= w.size()
	delete(l.here, w.position)
}

// roomy reports whether another pass over the manifest is worth it: whoever was
// missed is not missed again at once.
func (l *line) roomy() bool { return len(l.waiting) <= lineMost/2 && l.bytes <= lineBytes/2 }

// A rest is what a dispatcher that has passed over the whole manifest does.
type rest struct {
	over  bool          // nothing is left to be waited for
	again bool          // pass over the manifest again
	idle  bool          // nothing is live
	wait  time.Duration // until something may be ready; less than 0 where only an end can change that
}

func (l *line) rest(now time.Time) rest {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := rest{idle: l.live == 0, wait: -1}
	if l.missed && l.roomy() && !l.again.After(now) {
		l.missed = false
		return rest{again: true}
	}
	if len(l.waiting) == 0 && !l.missed {
		r.over = r.idle
		return r
	}
	until := func(at time.Time) {
		if d := max(at.Sub(now), 0); !at.IsZero() && (r.wait < 0 || d < r.wait) {
			r.wait = d
		}
	}
	if l.changed {
		r.wait = 0
		return r
	}
	until(l.due)
	if l.missed && l.roomy() {
		until(l.again)
	}
	return r
}
