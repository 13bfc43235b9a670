package report

import (
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A tally folds events into numbers. It remembers the tasks in flight and
// nothing of the others, so that it does not grow with the batch.
type tally struct {
	total  int
	done   map[batch.Outcome]int
	since  int // tasks that came to their end under our eyes
	halted bool
	price  *batch.Price // nil when there is none
	cost   batch.Money  // of the runs that ended

	flight map[int]flight
	// Tasks that are running, but by which position is not known here: those
	// that an earlier process left, until an event names them, and those whose
	// create is of unknown fate, of which there may be very many.
	nameless int
}

// A flight is a task between its intent and its verdict.
type flight struct {
	since time.Time     // of the intent; zero when an earlier process made it
	took  time.Duration // the run's length by the service's clock; 0 if unknown, 1 if none
}

func newTally(total int, started map[batch.Outcome]int) *tally {
	t := &tally{total: total, done: map[batch.Outcome]int{}, flight: map[int]flight{}}
	for outcome, n := range started {
		switch outcome {
		case batch.Running:
			t.nameless = n
		case batch.Pending:
		default:
			t.done[outcome] = n
		}
	}
	return t
}

// add folds one event. For a task that has come to its end it returns how long
// the task took, 0 when that is not known.
func (t *tally) add(e batch.Event) time.Duration {
	switch e.Kind {
	case batch.AttemptIntended:
		t.flight[e.Position] = flight{since: e.At}
	case batch.AttemptRejected:
		t.board(e.Position)
		delete(t.flight, e.Position)
	case batch.AttemptUnknown:
		t.board(e.Position)
		delete(t.flight, e.Position)
		t.nameless++
	case batch.AttemptStarted, batch.AttemptAdopted, batch.RunObserved, batch.StopIntended:
		t.board(e.Position)
	case batch.AttemptEnded:
		f := t.board(e.Position)
		if r := e.Run; r != nil && !r.StartedAt.IsZero() && !r.EndedAt.Before(r.StartedAt) {
			f.took = max(r.EndedAt.Sub(r.StartedAt), 1)
			if f.took > batch.LongestRun {
				f.took = 0 // the service's times are absurd, ours are used
			}
			t.flight[e.Position] = f
		}
		t.charge(e.Run)
	case batch.TaskJudged, batch.TaskSkipped, batch.TaskReused:
		return t.land(e)
	case batch.TaskRetried:
		if e.Verdict != nil { // else it was done before this process looked
			return t.leave(e)
		}
	case batch.BatchHalted:
		t.halted = true
	case batch.BatchContinued:
		t.halted = false
	}
	return 0
}

// board returns the flight at a position, and makes one for a task that was
// nameless until now.
func (t *tally) board(position int) flight {
	f, ok := t.flight[position]
	if !ok {
		t.flight[position] = f
		t.nameless = max(t.nameless-1, 0)
	}
	return f
}

// charge adds what a run that ended has cost.
func (t *tally) charge(run *batch.Observed) {
	if t.price == nil || run == nil {
		return
	}
	length, _ := runLength(run.CreatedAt, run.StartedAt, run.EndedAt)
	t.cost = addCapped(t.cost, t.price.Of(length))
}

// land counts a task that has come to its end.
func (t *tally) land(e batch.Event) time.Duration {
	var outcome batch.Outcome
	if v := e.Verdict; v != nil {
		outcome = v.Outcome
	}
	t.done[outcome]++
	t.since++
	return t.leave(e)
}

// leave forgets the flight of a task that has its verdict, or is to be tried
// again, and returns how long it took.
func (t *tally) leave(e batch.Event) time.Duration {
	pending := e.Kind == batch.TaskSkipped || e.Kind == batch.TaskReused // whether it may have waited for its turn
	if v := e.Verdict; v != nil {
		pending = pending || v.Outcome == batch.NotStarted || v.Reason == batch.Rejected
	}
	f, ok := t.flight[e.Position]
	if !ok {
		if !pending {
			t.nameless = max(t.nameless-1, 0)
		}
		return 0
	}
	delete(t.flight, e.Position)
	if f.took == 0 && !f.since.IsZero() && !e.At.IsZero() {
		f.took = max(e.At.Sub(f.since), 0)
	}
	return f.took
}

// finished counts the tasks that have come to their end.
func (t *tally) finished() int {
	n := 0
	for _, k := range t.done {
		n += k
	}
	return n
}

func (t *tally) running() int { return len(t.flight) + t.nameless }

// left estimates the time to the end from what this process has seen; 0 when it
// cannot.
func (t *tally) left(elapsed time.Duration) time.Duration {
	rest := t.total - t.finished()
	if t.since == 0 || rest <= 0 || t.halted {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(t.since) * float64(rest))
}
