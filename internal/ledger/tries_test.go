package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// attempt is a run of a task that has ended, without its verdict.
func attempt(position, number int, status batch.Status, took time.Duration) []batch.Event {
	at := ledgertest.Start()
	id := string(rune('a'+position)) + string(rune('0'+number))
	return []batch.Event{
		{Kind: batch.AttemptIntended, Position: position, Attempt: number},
		{Kind: batch.AttemptStarted, Position: position, Attempt: number, Run: &batch.Observed{ID: id}},
		{Kind: batch.AttemptEnded, Position: position, Attempt: number, Run: &batch.Observed{ID: id, Status: status, StartedAt: at, EndedAt: at.Add(took)}},
	}
}

func continued(t *testing.T, b *Batch, changes ...batch.Change) {
	t.Helper()
	err := b.Continue(Continuation{At: ledgertest.Start()}, func(yield func(batch.Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A task is one of those that passed at once, that took more than one run, or
// that bought none, also when an edit let it take over a result after runs of its
// own. One that left the manifest is none.
func TestTriesAreCountedOnce(t *testing.T) {
	tasks := ledgertest.Tasks(4)
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	failed := &batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed}
	passed := &batch.Verdict{Outcome: batch.Passed}
	mustAppend(t, b, attempt(0, 1, batch.StatusCompleted, time.Minute)...)
	mustAppend(t, b, batch.Event{Kind: batch.TaskJudged, Position: 0, Attempt: 1, Verdict: passed})
	for position := 1; position <= 2; position++ {
		mustAppend(t, b, attempt(position, 1, batch.StatusFailed, time.Minute)...)
		mustAppend(t, b, batch.Event{Kind: batch.TaskRetried, Position: position, Attempt: 1, Verdict: failed, Retries: 1})
		mustAppend(t, b, attempt(position, 2, batch.StatusCompleted, time.Minute)...)
	}
	mustAppend(t, b,
		batch.Event{Kind: batch.TaskJudged, Position: 1, Attempt: 2, Verdict: passed},
		batch.Event{Kind: batch.TaskJudged, Position: 2, Attempt: 2, Verdict: failed},
		batch.Event{Kind: batch.TaskReused, Position: 3, Verdict: passed, Reuse: &batch.Reuse{Batch: "00000000"}})
	var rows []batch.Row
	for row, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	edited := tasks[2]
	edited.Spec.Task = "ask something else"
	continued(t, b,
		batch.Change{Class: batch.ClassKept, Task: tasks[0], Row: rows[0]}, batch.Change{Class: batch.ClassKept, Task: tasks[1], Row: rows[1]},
		batch.Change{Class: batch.ClassChanged, Task: edited, Row: rows[2]}, batch.Change{Class: batch.ClassLeft, Row: rows[3]})
	mustAppend(t, b, batch.Event{Kind: batch.TaskReused, Position: 2, Verdict: passed, Reuse: &batch.Reuse{Batch: "00000000"}})
	s, err := b.Summary()
	if err != nil {
		t.Fatal(err)
	}
	type counts struct{ Passed, FirstTry, Retried, Reused, Left int }
	want := counts{Passed: 3, FirstTry: 1, Retried: 2, Reused: 1, Left: 1}
	if diff := cmp.Diff(want, counts{s.Counts[batch.Passed], s.FirstTry, s.Retried, s.Reused, s.Left}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Of the failures it is told how many are excused: by their tags, or by what the
// others of their repetition came to. Those that left decide nothing.
func TestFailuresTellWhatIsExcused(t *testing.T) {
	tasks := ledgertest.Tasks(6)
	for i, task := range []*batch.Task{&tasks[1], &tasks[2], &tasks[3]} {
		task.Repeat = &batch.Repetition{Group: "g", Number: i + 1, Times: 3, Pass: 2}
	}
	tasks[4].Tags = []string{"slow", "flaky"}
	s := openStore(t, t.TempDir())
	b, err := s.Begin(batch.Info{Name: "main", Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: ledgertest.Start(),
		ManifestPath: "tasks.yaml", Policy: batch.Policy{AllowFail: []string{"flaky"}}}, sequence(tasks))
	if err != nil {
		t.Fatal(err)
	}
	failed := batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "gone"}
	for i, v := range []batch.Verdict{failed, failed, {Outcome: batch.Passed}, {Outcome: batch.Passed}, failed, {Outcome: batch.Passed}} {
		mustAppend(t, b, attempt(i, 1, batch.StatusCompleted, time.Minute)...)
		mustAppend(t, b, batch.Event{Kind: batch.TaskJudged, Position: i, Attempt: 1, Verdict: &v})
	}
	check := func(excused int) {
		t.Helper()
		sum, err := b.Summary()
		if err != nil {
			t.Fatal(err)
		}
		want := []batch.Failure{{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "gone", Count: 3, Example: "task-0", Excused: excused}}
		if diff := cmp.Diff(want, sum.Failures); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := sum.Excused[batch.Failed]; got != excused {
			t.Errorf("got %d excused, want %d", got, excused)
		}
	}
	check(2)
	if got := records(t, b)[3]; got.Passed != 2 {
		t.Errorf("got %d members that passed, want 2", got.Passed)
	}
	var left batch.Row
	var changes []batch.Change
	for row, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Position == 3 {
			left = row
			continue
		}
		changes = append(changes, batch.Change{Class: batch.ClassKept, Task: tasks[row.Position], Row: row})
	}
	continued(t, b, append(changes, batch.Change{Class: batch.ClassLeft, Row: left})...)
	mustAppend(t, b, batch.Event{Kind: batch.BatchContinued, Position: -1, Policy: &batch.Policy{AllowFail: []string{"flaky"}}})
	check(1)
	if got := records(t, b)[1]; got.Passed != 1 {
		t.Errorf("without the one that left: got %d members that passed, want 1", got.Passed)
	}
}
