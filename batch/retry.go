package batch

import (
	"slices"
	"time"
)

// The wait before a task is tried again: where its Retry does not say, and the
// most that doubling makes of it.
const (
	retryFirst = 30 * time.Second
	retryMost  = time.Hour
)

// wants reports whether an attempt that ended so is to be followed by another.
// A request that the service refused would be refused again, so that failed
// does not mean rejected; of an unknown one a run may exist, and it is never
// bought again.
func (r Retry) wants(v Verdict) bool {
	switch v.Outcome {
	case Passed, Skipped, Unknown:
		return false
	}
	on := r.On
	if on == nil {
		on = []string{string(Failed)}
	}
	if v.Reason != "" && slices.Contains(on, string(v.Reason)) {
		return true
	}
	return v.Reason != Rejected && slices.Contains(on, string(v.Outcome))
}

// wait is how long the retry with a number, from 1, waits.
func (r Retry) wait(number int) time.Duration {
	first := r.Backoff
	if first <= 0 {
		first = retryFirst
	}
	return backoff(number, first, retryMost)
}

// conclusion is the event that follows an attempt's verdict: that it is the
// task's, or that the task is tried again.
func (r *runner) conclusion(row Row, v Verdict) Event {
	v.Message = r.hides(row).texts.Mask(v.Message)
	e := Event{Kind: TaskJudged, Position: row.Position, Place: row.Place, ID: row.ID, Attempt: row.Attempt, Verdict: &v}
	retry := r.termsOf(row.Position).retry
	if row.Retries >= retry.Max || !retry.wants(v) {
		return e
	}
	e.Kind, e.Retries, e.Of, e.At = TaskRetried, row.Retries+1, retry.Max, time.Now().UTC()
	e.After = e.At.Add(retry.wait(e.Retries))
	return e
}
