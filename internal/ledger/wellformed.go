package ledger

import (
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// wellFormed refuses an event that lacks what its kind needs. That is a bug of
// the caller's, never a conflict.
func wellFormed(e batch.Event) error {
	if missing := lacks(e); missing != "" {
		return fmt.Errorf("a %s event: %s", e.Kind, missing)
	}
	return nil
}

func lacks(e batch.Event) string {
	if !nanos(e.At).Valid {
		return "no time"
	}
	switch e.Kind {
	case batch.BatchContinued, batch.BatchClosed:
		return ""
	case batch.BatchHalted:
		if e.Message == "" {
			return "no message" // an empty one would mean that the batch goes on
		}
		return ""
	case batch.AgentRead:
		if e.Agent == "" {
			return "no agent"
		}
		return ""
	case batch.BatchOpened, batch.TaskAdded:
		return "written by Begin alone"
	case batch.TaskChanged, batch.TaskLeft:
		return "written by Continue alone"
	}
	if e.Position < 0 {
		return "no position"
	}
	switch e.Kind {
	case batch.TaskJudged:
		return lacksVerdict(e.Verdict)
	case batch.TaskSkipped:
		if e.Verdict == nil || e.Verdict.Outcome != batch.Skipped {
			return "no verdict that skips"
		}
		return ""
	case batch.TaskReused:
		if e.Reuse == nil {
			return "no reuse"
		}
		return lacksVerdict(e.Verdict)
	case batch.TaskRetried:
		return ""
	}
	if e.Attempt < 1 {
		return "no attempt"
	}
	switch e.Kind {
	case batch.AttemptIntended, batch.AttemptUnknown, batch.AttemptRejected, batch.StopIntended:
		return ""
	case batch.AttemptStarted, batch.AttemptAdopted:
		if e.Run == nil || e.Run.ID == "" {
			return "no run id"
		}
		return ""
	case batch.RunObserved, batch.AttemptEnded:
		if e.Run == nil {
			return "no run"
		}
		return ""
	}
	return "not a kind of event"
}

func lacksVerdict(v *batch.Verdict) string {
	if v == nil {
		return "no verdict"
	}
	switch v.Outcome {
	case batch.Passed, batch.Invalid, batch.Wrong, batch.Failed, batch.Unknown:
		return ""
	}
	return fmt.Sprintf("%q is no final outcome", v.Outcome)
}
