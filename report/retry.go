package report

import (
	"github.com/bbbatch/bbbatch/batch"
)

// again says which try of a task follows a task.retried, and when: "retry 1 of 2
// in 30s". One that nobody's retry asked for is pending again.
func again(e batch.Event) string {
	if e.Of == 0 && e.After.IsZero() {
		return "pending again"
	}
	words := "retry " + Count(e.Retries)
	if e.Of > 0 {
		words += " of " + Count(e.Of)
	}
	if wait := e.After.Sub(e.At); !e.After.IsZero() && wait > 0 {
		words += " in " + Duration(wait)
	}
	return words
}

// changed says what a task.changed does with the task.
func changed(e batch.Event) string {
	switch {
	case e.Stale:
		return "stale input"
	case e.Then == batch.StatePending:
		return "to run anew"
	case e.Then == batch.StateEnded:
		return "to be judged anew"
	}
	return ""
}
