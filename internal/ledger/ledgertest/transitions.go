package ledgertest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

func wholeWay(t *testing.T, open Opener) {
	tasks := Tasks(2)
	l := open(t, tasks...)
	want := batch.Row{
		Position: 1, Place: 1, ID: "task-1", Template: "tasks[0]", Run: tasks[1].Spec.RunFingerprint(), Judge: tasks[1].JudgeFingerprint(),
		State: batch.StatePending, Timeout: 2 * time.Minute, Text: "Look up product 1.",
	}
	is := func(when string) {
		t.Helper()
		if diff := cmp.Diff(want, row(t, l, 1)); diff != "" {
			t.Fatalf("after %s (-want +got):\n%s", when, diff)
		}
	}
	is("adding")

	appendAll(t, l, intended(1, 1))
	want.State, want.Attempt, want.IntendedAt, want.Offset, want.Digest = batch.StateStarting, 1, at(1), 3*time.Second, "d"
	is("the intent")

	appendAll(t, l, started(1, 1, "run-1"))
	want.State, want.RunID, want.Status = batch.StateRunning, "run-1", batch.StatusPending
	want.CreatedAt, want.StartedAt = at(9), at(11)
	is("the start")

	appendAll(t, l, batch.Event{
		Kind: batch.RunObserved, Position: 1, Attempt: 1, At: at(12),
		Run: &batch.Observed{ID: "run-1", Status: "DREAMING", SessionID: "s", StartedAt: at(10)},
	})
	want.Status = "DREAMING"
	is("an observation")

	appendAll(t, l, of(batch.StopIntended, 1, 1))
	want.StopAt = at(20)
	is("the intent to stop")

	appendAll(t, l, ended(1, 1, batch.Result{Raw: []byte(`{"a": 1.0}`), Size: 10}))
	want.State, want.Status = batch.StateEnded, batch.StatusCompleted
	is("the end")

	appendAll(t, l, judged(1, 1, batch.Passed))
	want.State, want.Outcome = batch.StateDone, batch.Passed
	is("the verdict")

	if got := row(t, l, 0).State; got != batch.StatePending {
		t.Errorf("the other task is %s, want it untouched", got)
	}
}

// ways lead a task to each state, with attempt 1 and, where there is one, run
// "run".
func ways() map[batch.State][]batch.Event {
	running := []batch.Event{intended(0, 1), started(0, 1, "run")}
	return map[batch.State][]batch.Event{
		batch.StatePending:  {intended(0, 1), of(batch.AttemptRejected, 0, 1)},
		batch.StateStarting: {intended(0, 1)},
		batch.StateUnsure:   {intended(0, 1), of(batch.AttemptUnknown, 0, 1)},
		batch.StateRunning:  running,
		batch.StateEnded:    append(running[:2:2], ended(0, 1, batch.Result{})),
		batch.StateDone:     append(running[:2:2], judged(0, 1, batch.Failed)),
	}
}

func transitions(t *testing.T, open Opener) {
	const (
		pending, starting, unsure = batch.StatePending, batch.StateStarting, batch.StateUnsure
		running, ended_, done     = batch.StateRunning, batch.StateEnded, batch.StateDone
	)
	for _, c := range []struct {
		name  string
		event batch.Event
		to    map[batch.State]batch.State // the states that it may follow
	}{
		{"intent", intended(0, 1), map[batch.State]batch.State{pending: starting}},
		{"intent of the next", intended(0, 2), map[batch.State]batch.State{pending: starting}},
		{"intent of one after", intended(0, 3), nil},
		{"start", started(0, 1, "new"), map[batch.State]batch.State{starting: running, unsure: running}},
		{"unknown", of(batch.AttemptUnknown, 0, 1), map[batch.State]batch.State{starting: unsure}},
		{"rejected", of(batch.AttemptRejected, 0, 1), map[batch.State]batch.State{starting: pending, unsure: pending}},
		{"adopted", adopted(0, 1, "new"), map[batch.State]batch.State{unsure: running, pending: running}},
		{"adopted with a later attempt", adopted(0, 2, "new"), map[batch.State]batch.State{pending: running}},
		{"observed", batch.Event{Kind: batch.RunObserved, Attempt: 1, At: at(30), Run: &batch.Observed{ID: "run", Status: "X"}},
			map[batch.State]batch.State{running: running}},
		{"observed as another", batch.Event{Kind: batch.RunObserved, Attempt: 1, At: at(30), Run: &batch.Observed{ID: "other", Status: "X"}}, nil},
		{"stop", of(batch.StopIntended, 0, 1), map[batch.State]batch.State{running: running}},
		{"end", ended(0, 1, batch.Result{}), map[batch.State]batch.State{running: ended_}},
		{"passed", judged(0, 1, batch.Passed), map[batch.State]batch.State{ended_: done}},
		{"invalid", judged(0, 1, batch.Invalid), map[batch.State]batch.State{ended_: done}},
		{"wrong", judged(0, 1, batch.Wrong), map[batch.State]batch.State{ended_: done}},
		{"failed", judged(0, 1, batch.Failed), map[batch.State]batch.State{pending: done, unsure: done, running: done, ended_: done}},
		{"unknown in the end", judged(0, 1, batch.Unknown), map[batch.State]batch.State{pending: done, unsure: done, running: done, ended_: done}},
	} {
		for state, way := range ways() {
			t.Run(c.name+" of a task that is "+string(state), func(t *testing.T) {
				l := open(t, Tasks(1)...)
				appendAll(t, l, way...)
				if got := row(t, l, 0).State; got != state {
					t.Fatalf("got %s, want %s before the event", got, state)
				}
				err := l.Append(c.event)
				want, allowed := c.to[state]
				if !allowed {
					want = state
				}
				if (err == nil) != allowed || !allowed && !errors.Is(err, batch.ErrConflict) {
					t.Errorf("got error %v, want it allowed: %v", err, allowed)
				}
				if got := row(t, l, 0).State; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
}

func wantConflict(t *testing.T, l batch.Ledger, events ...batch.Event) {
	t.Helper()
	for _, e := range events {
		if err := l.Append(e); !errors.Is(err, batch.ErrConflict) {
			t.Errorf("%s of task %d, attempt %d: got %v, want %v", e.Kind, e.Position, e.Attempt, err, batch.ErrConflict)
		}
	}
}

func staleAttempt(t *testing.T, open Opener) {
	l := open(t, Tasks(1)...)
	appendAll(t, l, intended(0, 1), of(batch.AttemptRejected, 0, 1), intended(0, 2))
	wantConflict(t, l, started(0, 1, "r"), of(batch.AttemptUnknown, 0, 1), of(batch.AttemptRejected, 0, 1))
	appendAll(t, l, started(0, 2, "r"))
	wantConflict(t, l, of(batch.StopIntended, 0, 1), ended(0, 1, batch.Result{}), judged(0, 1, batch.Failed), judged(0, 0, batch.Failed))
	appendAll(t, l, ended(0, 2, batch.Result{}))
	wantConflict(t, l, judged(0, 1, batch.Passed))
	if got := row(t, l, 0); got.State != batch.StateEnded || got.Attempt != 2 {
		t.Errorf("got %s, attempt %d, want ended, attempt 2", got.State, got.Attempt)
	}
}

func rejectedNumber(t *testing.T, open Opener) {
	l := open(t, Tasks(2)...)
	appendAll(t, l, intended(0, 1), of(batch.AttemptRejected, 0, 1))
	again := intended(0, 1)
	again.At, again.Offset = at(100), -time.Second
	appendAll(t, l, again)
	if got := row(t, l, 0); !got.IntendedAt.Equal(at(100)) || got.Offset != -time.Second || got.Attempt != 1 {
		t.Errorf("got attempt %d at %v, offset %v, want the times of the second intent", got.Attempt, got.IntendedAt, got.Offset)
	}
	wantConflict(t, l, intended(1, 0+2))
	appendAll(t, l, judged(1, 0, batch.Failed)) // never tried, and there is no attempt to name
}

func oneOwner(t *testing.T, open Opener) {
	l := open(t, Tasks(2)...)
	appendAll(t, l, intended(0, 1), intended(1, 1), started(0, 1, "r"))
	wantConflict(t, l, started(1, 1, "r"))
	lost := open(t, Tasks(2)...)
	appendAll(t, lost, intended(0, 1), started(0, 1, "r"))
	wantConflict(t, lost, adopted(1, 1, "r"))
	if got := row(t, l, 1).State; got != batch.StateStarting {
		t.Errorf("got %s, want the second task to be starting still", got)
	}
	for id, want := range map[string]bool{"r": true, "s": false, "": false} {
		if got, err := l.Owns(id); err != nil || got != want {
			t.Errorf("owns %q: got %v, %v, want %v", id, got, err, want)
		}
	}
}

func together(t *testing.T, open Opener) {
	l := open(t, Tasks(2)...)
	appendAll(t, l, intended(0, 1), intended(1, 1))
	if err := l.Append(started(0, 1, "r"), ended(0, 1, batch.Result{Raw: []byte("1"), Size: 1}), judged(0, 1, batch.Passed)); err != nil {
		t.Fatal(err)
	}
	if got := row(t, l, 0); got.State != batch.StateDone || got.Outcome != batch.Passed || got.RunID != "r" {
		t.Errorf("got %+v, want all three steps", got)
	}
	// What comes before a refusal is written, what comes after it is not.
	err := l.Append(started(1, 1, "s"), started(1, 1, "s"), ended(1, 1, batch.Result{}))
	if got := row(t, l, 1); !errors.Is(err, batch.ErrConflict) || got.State != batch.StateRunning {
		t.Errorf("got %v and state %s, want %v and %s", err, got.State, batch.ErrConflict, batch.StateRunning)
	}
}

func conflictIsEmpty(t *testing.T, open Opener) {
	l := open(t, Tasks(1)...)
	appendAll(t, l, intended(0, 1), started(0, 1, "r"), ended(0, 1, batch.Result{Raw: []byte(`1`), Size: 1}))
	before := row(t, l, 0)
	wantConflict(t, l,
		intended(0, 2), started(0, 1, "s"), ended(0, 1, batch.Result{Raw: []byte(`2`), Size: 1}),
		of(batch.StopIntended, 0, 1), intended(7, 1), judged(7, 0, batch.Failed))
	if diff := cmp.Diff(before, row(t, l, 0)); diff != "" {
		t.Errorf("the row changed (-before +after):\n%s", diff)
	}
	if r, err := l.Result(0, 1); err != nil || string(r.Raw) != "1" {
		t.Errorf("got result %q, %v, want the first one", r.Raw, err)
	}
	if owned, err := l.Owns("s"); err != nil || owned {
		t.Errorf("got %v, %v, want a run of a refused event not to be owned", owned, err)
	}
}

func malformed(t *testing.T, open Opener) {
	l := open(t, Tasks(1)...)
	appendAll(t, l, intended(0, 1))
	for _, e := range []batch.Event{
		{Kind: "attempt.dreamt", Attempt: 1, At: at(1)},
		{Kind: batch.AttemptUnknown, Attempt: 1},
		{Kind: batch.AttemptStarted, Attempt: 1, At: at(1)},
		{Kind: batch.AttemptStarted, Attempt: 1, At: at(1), Run: &batch.Observed{}},
		{Kind: batch.AttemptUnknown, At: at(1)},
		{Kind: batch.AttemptUnknown, Position: -1, Attempt: 1, At: at(1)},
		{Kind: batch.TaskJudged, Attempt: 1, At: at(1)},
		judged(0, 1, batch.Running),
		{Kind: batch.TaskAdded, Position: 1, Last: 9, At: at(1)},
		{Kind: batch.BatchHalted, Position: -1, At: at(1)},
	} {
		if err := l.Append(e); err == nil || errors.Is(err, batch.ErrConflict) {
			t.Errorf("%+v: got %v, want an error that is no conflict", e, err)
		}
	}
	appendAll(t, l, started(0, 1, "r")) // the ledger goes on
}

func nothingAfterClose(t *testing.T, open Opener) {
	l := open(t, Tasks(2)...)
	appendAll(t, l, intended(0, 1), ofBatch(batch.BatchHalted), ofBatch(batch.BatchHalted), ofBatch(batch.BatchContinued), ofBatch(batch.BatchClosed))
	wantConflict(t, l,
		started(0, 1, "r"), intended(1, 1), judged(1, 0, batch.Failed),
		ofBatch(batch.BatchClosed), ofBatch(batch.BatchHalted),
		batch.Event{Kind: batch.AgentRead, Position: -1, At: at(1), Agent: "a"})
	appendAll(t, l, ofBatch(batch.BatchContinued), started(0, 1, "r")) // taken up again
}
