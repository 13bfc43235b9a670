package ledger

import (
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// A Standing is where a task stands: what decides which event may follow. The
// zero Standing is that of a task that was never added.
type Standing struct {
	State   batch.State
	Outcome batch.Outcome
	Attempt int // the newest, 0 before the first
	RunID   string
	Status  batch.Status
	Spent   bool // the newest attempt had its verdict, and the task goes on
	Left    bool // the manifest no longer has the task
	Stale   bool // it passed, and what would be sent is another request now
	Reused  bool // its result is that of an earlier batch's run
}

// after returns where the task stands once e has happened, and an error that
// is [batch.ErrConflict] when e may not follow. It is the one place that knows
// which event may follow which state; e is well formed.
func (s Standing) after(e batch.Event) (Standing, error) {
	if !s.admits(e) {
		return s, fmt.Errorf("%s of task %d, attempt %d, while it is %s, attempt %d: %w",
			e.Kind, e.Position, e.Attempt, orNone(s.State), s.Attempt, batch.ErrConflict)
	}
	switch e.Kind {
	case batch.TaskAdded:
		s.State = batch.StatePending
	case batch.TaskChanged:
		s.Left, s.Stale = false, e.Stale
		if e.Then != "" {
			s.State, s.Outcome = e.Then, ""
			s.Spent = e.Then == batch.StatePending && s.Attempt > 0
		}
		s.Reused = s.Reused && e.Then != batch.StatePending
	case batch.TaskLeft:
		s.Left = true
	case batch.TaskSkipped, batch.TaskReused:
		s.State, s.Outcome, s.Reused = batch.StateDone, e.Verdict.Outcome, e.Kind == batch.TaskReused
	case batch.TaskRetried:
		s.State, s.Outcome, s.Stale, s.Reused, s.Spent = batch.StatePending, "", false, false, s.Attempt > 0
	case batch.AttemptIntended:
		s.State, s.Attempt, s.RunID, s.Status, s.Spent = batch.StateStarting, e.Attempt, "", "", false
	case batch.AttemptStarted:
		s.State, s.RunID, s.Status = batch.StateRunning, e.Run.ID, e.Run.Status
	case batch.AttemptAdopted:
		s.State, s.Attempt, s.RunID, s.Status = batch.StateRunning, e.Attempt, e.Run.ID, e.Run.Status
	case batch.AttemptUnknown:
		s.State = batch.StateUnsure
	case batch.AttemptRejected:
		s.State = batch.StatePending
	case batch.RunObserved:
		s.Status = e.Run.Status
	case batch.AttemptEnded:
		s.State, s.Status = batch.StateEnded, e.Run.Status
	case batch.TaskJudged:
		s.State, s.Outcome = batch.StateDone, e.Verdict.Outcome
	}
	return s, nil
}

func (s Standing) admits(e batch.Event) bool {
	newest := e.Attempt == s.Attempt
	switch e.Kind {
	case batch.TaskAdded:
		return s.State == ""
	case batch.TaskChanged:
		return s.admitsChange(e)
	case batch.TaskLeft:
		return s.State != "" && !s.Left
	case batch.TaskSkipped, batch.TaskReused:
		return s.State == batch.StatePending
	case batch.TaskRetried:
		return s.admitsRetry(e)
	case batch.AttemptIntended:
		// The number of a pending task's newest attempt is free if that was
		// rejected, and keeps its verdict if it had one.
		return s.State == batch.StatePending && (newest && s.RunID == "" && !s.Spent || e.Attempt == s.Attempt+1)
	case batch.AttemptStarted:
		return newest && (s.State == batch.StateStarting || s.State == batch.StateUnsure)
	case batch.AttemptAdopted:
		// A pending task has a run where the ledger has lost the intent.
		return newest && s.State == batch.StateUnsure || s.State == batch.StatePending && (e.Attempt > s.Attempt || newest && s.RunID == "")
	case batch.AttemptUnknown:
		return newest && s.State == batch.StateStarting
	case batch.AttemptRejected:
		return newest && (s.State == batch.StateStarting || s.State == batch.StateUnsure)
	case batch.RunObserved, batch.StopIntended, batch.AttemptEnded:
		return newest && s.State == batch.StateRunning && s.owns(e.Run)
	case batch.TaskJudged:
		return s.admitsVerdict(e)
	}
	return false
}

// owns reports whether what was observed can be the attempt's run. An answer
// that speaks of another run says nothing about this one.
func (s Standing) owns(run *batch.Observed) bool {
	return run == nil || run.ID == "" || run.ID == s.RunID
}

// admitsVerdict holds the promise that nothing is believed without a check:
// only a run that has ended can have passed. While a create is under way there
// is no verdict at all, since a run may come of it.
func (s Standing) admitsVerdict(e batch.Event) bool {
	switch s.State {
	case batch.StatePending:
		if e.Attempt != s.Attempt && e.Attempt != 0 {
			return false
		}
	case batch.StateUnsure, batch.StateRunning, batch.StateEnded:
		if e.Attempt != s.Attempt {
			return false
		}
	default:
		return false
	}
	switch e.Verdict.Outcome {
	case batch.Passed, batch.Invalid, batch.Wrong:
		return s.State == batch.StateEnded
	}
	return true
}

// admitsChange holds that what a create may have been sent with is not changed
// while its run is not known, and that nothing in flight is forgotten.
func (s Standing) admitsChange(e batch.Event) bool {
	switch e.Then {
	case "":
		return s.State != ""
	case batch.StatePending:
		return s.State == batch.StateDone
	case batch.StateEnded:
		return s.State == batch.StateDone && (s.Attempt > 0 && s.Status.Ended() || s.Reused)
	}
	return false
}

// admitsRetry wants the verdict of an attempt that is to be followed by another,
// unless the task has been judged already.
func (s Standing) admitsRetry(e batch.Event) bool {
	if s.State == batch.StateDone {
		return e.Verdict == nil
	}
	if e.Verdict == nil || e.Attempt != s.Attempt {
		return false
	}
	switch s.State {
	case batch.StatePending, batch.StateUnsure, batch.StateRunning, batch.StateEnded:
		return true
	}
	return false
}

func orNone(s batch.State) batch.State {
	if s == "" {
		return "not there"
	}
	return s
}
