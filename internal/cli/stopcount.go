package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// A stopCount counts what becomes of the runs that are stopped by order. It
// remembers those whose end is not known yet. The zero value is ready.
type stopCount struct {
	mu       sync.Mutex
	asked    map[int]bool // by position: told to stop, not heard of since
	sent     int
	stopped  int
	finished int // had come to an end of their own
	told     time.Time
}

// stopsTold is how often, at most, a person hears how far the stopping is. Who is
// killed in the middle of it has said that much.
const stopsTold = 2 * time.Second

// event takes note of an event, and now and then says how far it is.
func (c *stopCount) event(e batch.Event, say func(format string, args ...any)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.Kind == batch.StopIntended && e.Why == batch.StopOrder:
		if c.asked == nil {
			c.asked, c.told = map[int]bool{}, time.Now()
		}
		if !c.asked[e.Position] {
			c.asked[e.Position] = true
			c.sent++
		}
	case !c.asked[e.Position]:
		return
	case e.Kind == batch.TaskRetried:
		c.stopped++
		delete(c.asked, e.Position)
	case e.Kind == batch.TaskJudged:
		c.finished++
		delete(c.asked, e.Position)
	default:
		return
	}
	if time.Since(c.told) >= stopsTold {
		c.told = time.Now()
		say("stopping: %s sent, %s confirmed", plural(c.sent, "stop"), report.Count(c.stopped))
	}
}

// ends says what became of the runs that were told to stop, "" when none was.
func (c *stopCount) ends() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == 0 {
		return ""
	}
	line := fmt.Sprintf("stopped %s of %s", report.Count(c.stopped), plural(c.sent, "run"))
	if c.stopped > 0 {
		line += "; the next apply runs what was stopped anew"
	}
	if c.finished > 0 {
		line += fmt.Sprintf("; %s had finished, and what came of it is kept", report.Count(c.finished))
	}
	return line
}

// leftovers are what may still be running of a batch.
type leftovers struct {
	running int // runs that are in flight as far as the ledger knows
	unsure  int // creates of unknown fate
}

func leftoversOf(b *ledger.Batch) (l leftovers, err error) {
	for row, err := range b.Open(batch.StateStarting, batch.StateUnsure, batch.StateRunning) {
		if err != nil {
			return l, err
		}
		if row.State == batch.StateRunning {
			l.running++
		} else {
			l.unsure++
		}
	}
	return l, nil
}

// warn tells of what may still be running.
func (l leftovers) warn(warn func(text string)) {
	if l.running > 0 {
		warn(fmt.Sprintf("%s not known to have ended and may go on: bbbatch stop tries again, the next apply collects what ends", isOrAre(l.running, "run")))
	}
	if l.unsure > 0 {
		warn(fmt.Sprintf("%s without an answer and may have made a run: bbbatch stop and the next apply look for it", isOrAre(l.unsure, "create")))
	}
}

func isOrAre(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return plural(n, noun) + " are"
}

// tellStops says what came of an order to stop; nothing when there was none.
func (a *application) tellStops(b *ledger.Batch) error {
	select {
	case <-a.stop:
	default:
		return nil
	}
	if line := a.show.stops.ends(); line != "" {
		a.show.say("%s", line)
	}
	if a.show.local {
		return nil // its runs end with this process
	}
	l, err := leftoversOf(b)
	if err == nil {
		l.warn(a.show.warn)
	}
	return err
}
