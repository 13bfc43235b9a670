// Package ledgertest is the conformance suite of [batch.Ledger]: what the
// engine relies on, and what every implementation must pass.
package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// An Opener makes a new, empty ledger that has the tasks.
type Opener func(t *testing.T, tasks ...batch.Task) batch.Ledger

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"a task's whole way", wholeWay},
		{"which event follows which state", transitions},
		{"an attempt that is not the newest", staleAttempt},
		{"a rejected attempt's number is free", rejectedNumber},
		{"a run belongs to one attempt", oneOwner},
		{"a conflict writes nothing", conflictIsEmpty},
		{"several events together", together},
		{"a malformed event is no conflict", malformed},
		{"nothing after the end", nothingAfterClose},
		{"small, large and spilled results", results},
		{"a spilled result survives a conflict", spilledConflict},
		{"rows in order, from a position, by state", rows},
		{"rows may be changed while they are read", rowsWhileWriting},
		{"agents", agents},
		{"checks and what they ask", checks},
		{"tasks that are skipped", skippedTasks},
		{"what a service repeats of requests", echoes},
		{"attempts in doubt", doubts},
		{"absurd times and bytes", absurd},
		{"many writers", manyWriters},
		{"one of many wins", oneWins},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// Tasks makes n tasks, task-0 and so on.
func Tasks(n int) []batch.Task {
	tasks := make([]batch.Task, n)
	for i := range tasks {
		tasks[i] = batch.Task{
			Position: i,
			ID:       fmt.Sprintf("task-%d", i),
			Template: "tasks[0]",
			Row:      fmt.Appendf(nil, `{"sku":"%d"}`, i),
			Spec:     batch.Spec{Task: fmt.Sprintf("Look up product %d.", i)},
			Timeout:  time.Duration(i+1) * time.Minute,
		}
	}
	return tasks
}

// Start is the time of the suite's first events.
func Start() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 890123456, time.UTC) }

// The events of attempt 1 of a task, at second sec after [Start].
func at(sec int) time.Time { return Start().Add(time.Duration(sec) * time.Second) }

func intended(position, attempt int) batch.Event {
	return batch.Event{
		Kind: batch.AttemptIntended, Position: position, Attempt: attempt, At: at(attempt),
		Digest: "d", Offset: 3 * time.Second,
	}
}

func started(position, attempt int, run string) batch.Event {
	return batch.Event{
		Kind: batch.AttemptStarted, Position: position, Attempt: attempt, At: at(10 + attempt),
		Run: &batch.Observed{ID: run, Status: batch.StatusPending, CreatedAt: at(9)},
	}
}

func adopted(position, attempt int, run string) batch.Event {
	e := started(position, attempt, run)
	e.Kind, e.Message = batch.AttemptAdopted, "found in a listing"
	return e
}

func ended(position, attempt int, r batch.Result) batch.Event {
	return batch.Event{
		Kind: batch.AttemptEnded, Position: position, Attempt: attempt, At: at(60),
		Run: &batch.Observed{Status: batch.StatusCompleted, Result: r, EndedAt: at(59)},
	}
}

func judged(position, attempt int, o batch.Outcome) batch.Event {
	v := &batch.Verdict{Outcome: o}
	if o != batch.Passed {
		v.Message = "it went wrong"
	}
	if o == batch.Failed {
		v.Reason = batch.Lost
	}
	return batch.Event{Kind: batch.TaskJudged, Position: position, Attempt: attempt, At: at(61), Verdict: v}
}

func of(kind batch.Kind, position, attempt int) batch.Event {
	return batch.Event{Kind: kind, Position: position, Attempt: attempt, At: at(20), Message: "because"}
}

func ofBatch(kind batch.Kind) batch.Event { return of(kind, -1, 0) }

func appendAll(t *testing.T, l batch.Ledger, events ...batch.Event) {
	t.Helper()
	for _, e := range events {
		if err := l.Append(e); err != nil {
			t.Fatalf("%s of task %d: %v", e.Kind, e.Position, err)
		}
	}
}

func row(t *testing.T, l batch.Ledger, position int) batch.Row {
	t.Helper()
	r, err := l.Task(position)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
