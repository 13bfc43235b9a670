package ledger

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

func changes(all ...batch.Change) iter.Seq2[batch.Change, error] {
	return func(yield func(batch.Change, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// passTask takes a task from pending to a verdict of its next attempt.
func judgeRun(t *testing.T, b *Batch, position, attempt int, v batch.Verdict) {
	t.Helper()
	run := fmt.Sprintf("run-%d-%d", position, attempt)
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: position, Attempt: attempt, Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Position: position, Attempt: attempt, Run: &batch.Observed{ID: run, CreatedAt: ledgertest.Start()}},
		batch.Event{Kind: batch.AttemptEnded, Position: position, Attempt: attempt, Run: &batch.Observed{
			ID: run, Status: batch.StatusCompleted, EndedAt: ledgertest.Start().Add(90 * time.Second), Result: batch.Result{Raw: []byte(`{"n": 1}`)}}},
		batch.Event{Kind: batch.TaskJudged, Position: position, Attempt: attempt, Verdict: &v})
}

func row(t *testing.T, b *Batch, position int) batch.Row {
	t.Helper()
	r, err := b.Task(position)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func checkFold(t *testing.T, b *Batch) {
	t.Helper()
	folded, err := Fold(b.Events())
	if err != nil {
		t.Fatal(err)
	}
	byPosition := make([]Standing, len(folded))
	for r, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		byPosition[r.Position] = Standing{State: r.State, Outcome: r.Outcome, Attempt: r.Attempt, RunID: r.RunID, Status: r.Status,
			Spent: r.Spent, Left: r.Left, Stale: r.Stale, Reused: r.Reused}
	}
	if diff := cmp.Diff(folded, byPosition); diff != "" {
		t.Errorf("(-events +rows):\n%s", diff)
	}
}

// engine.md, "Identity and fingerprints": an edited manifest is merged in one
// step. What passed stays, what did not is run anew under a new number, rows and
// records come in the new order, and what left comes last and counts no more.
func TestAnEditedManifestIsMerged(t *testing.T) {
	tasks := ledgertest.Tasks(6)
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Passed})
	judgeRun(t, b, 1, 1, batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "boom"})
	judgeRun(t, b, 2, 1, batch.Verdict{Outcome: batch.Invalid, Message: "too small"})
	judgeRun(t, b, 3, 1, batch.Verdict{Outcome: batch.Passed})
	mustAppend(t, b, batch.Event{Kind: batch.BatchClosed, Position: -1})

	edited := tasks[1]
	edited.Spec.Task = "Look up something else."
	added := batch.Task{ID: "new", Template: "tasks[1]", Spec: batch.Spec{Task: "New."}, Tags: []string{"a", "b"}, Group: "g"}
	policy := batch.Policy{FailFast: true}
	err := b.Continue(Continuation{At: ledgertest.Start(), Policy: policy, ManifestPath: "other.yaml", Manifest: []byte("version: 1")}, changes(
		batch.Change{Class: batch.ClassNew, Task: added},
		batch.Change{Class: batch.ClassChanged, Why: "text", Task: edited, Row: row(t, b, 1)},
		batch.Change{Class: batch.ClassRejudged, Task: tasks[2], Row: row(t, b, 2)},
		batch.Change{Class: batch.ClassStale, Task: edited, Row: row(t, b, 0)},
		batch.Change{Class: batch.ClassLeft, Row: row(t, b, 3)},
		batch.Change{Class: batch.ClassLeft, Row: row(t, b, 4)},
		batch.Change{Class: batch.ClassLeft, Row: row(t, b, 5)},
	))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %s %s left=%v stale=%v spent=%v", r.Place, r.ID, r.State, r.Outcome, r.Left, r.Stale, r.Spent))
	}
	want := []string{
		"0 new pending  left=false stale=false spent=false",
		"1 task-1 pending  left=false stale=false spent=true",
		"2 task-2 ended  left=false stale=false spent=false",
		"3 task-0 done passed left=false stale=true spent=false",
		"4 task-3 done passed left=true stale=false spent=false",
		"5 task-4 done skipped left=true stale=false spent=false",
		"6 task-5 done skipped left=true stale=false spent=false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var ids []string
	for _, r := range records(t, b) {
		ids = append(ids, r.ID)
		if r.ID == "task-1" && (len(r.Attempts) != 1 || r.Attempts[0].Outcome != batch.Failed || r.Attempts[0].Message != "boom") {
			t.Errorf("task-1: attempts %+v, want one that failed", r.Attempts)
		}
		if r.ID == "new" && (r.Group != "g" || strings.Join(r.Tags, " ") != "a b") {
			t.Errorf("new: group %q, tags %q", r.Group, r.Tags)
		}
	}
	if want := []string{"new", "task-1", "task-2", "task-0", "task-3", "task-4", "task-5"}; !cmp.Equal(want, ids) {
		t.Errorf("records: got %v, want %v", ids, want)
	}
	sum, err := b.Summary()
	if err != nil {
		t.Fatal(err)
	}
	if sum.Info.Total != 4 || sum.Left != 3 || sum.Stale != 1 || sum.Counts[batch.Passed] != 1 || !sum.Info.ClosedAt.IsZero() ||
		!sum.Info.Policy.FailFast || sum.Info.ManifestPath != "other.yaml" {
		t.Errorf("summary: %+v", sum)
	}
	if err := b.Append(batch.Event{Kind: batch.AttemptIntended, Position: 1, Attempt: 1, At: ledgertest.Start()}); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("an intent with the number of an attempt that was judged: got %v, want %v", err, batch.ErrConflict)
	}
	checkFold(t, b)

	// Two come back, in the old order; what had not started may start again.
	err = b.Continue(Continuation{At: ledgertest.Start()}, changes(
		batch.Change{Class: batch.ClassKept, Task: tasks[0], Row: row(t, b, 0)},
		batch.Change{Class: batch.ClassToRun, Task: edited, Row: row(t, b, 1)},
		batch.Change{Class: batch.ClassContinued, Task: tasks[2], Row: row(t, b, 2)},
		batch.Change{Class: batch.ClassKept, Task: tasks[3], Row: row(t, b, 3)},
		batch.Change{Class: batch.ClassToRun, Task: tasks[4], Row: row(t, b, 4)},
		batch.Change{Class: batch.ClassLeft, Row: row(t, b, 5)},
		batch.Change{Class: batch.ClassLeft, Row: row(t, b, 6)},
	))
	if err != nil {
		t.Fatal(err)
	}
	if r := row(t, b, 4); r.State != batch.StatePending || r.Left || r.Place != 4 {
		t.Errorf("task-4 is back as %+v", r)
	}
	if r := row(t, b, 0); r.Stale {
		t.Error("task-0 asks what it asked, and is stale")
	}
	checkFold(t, b)
}

// Nothing of a merge stays when it can't be made as a whole.
func TestAMergeIsAllOrNothing(t *testing.T) {
	tasks := ledgertest.Tasks(3)
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: 1, Attempt: 1},
		batch.Event{Kind: batch.AttemptUnknown, Position: 1, Attempt: 1, Message: "EOF"})
	before := standings(t, b)
	edited := tasks[1]
	edited.Spec.Task = "Something else."
	bad := errors.New("the data file changed")
	for name, c := range map[string]struct {
		changes iter.Seq2[batch.Change, error]
		is      error
	}{
		"a sequence that fails": {func(yield func(batch.Change, error) bool) {
			_ = yield(batch.Change{Class: batch.ClassLeft, Row: row(t, b, 0)}, nil) && yield(batch.Change{}, bad)
		}, bad},
		"an edit of a task whose create is unsure": {changes(
			batch.Change{Class: batch.ClassLeft, Row: row(t, b, 0)},
			batch.Change{Class: batch.ClassReconciled, Task: edited, Row: row(t, b, 1)},
		), batch.ErrConflict},
		"two tasks of one id": {changes(
			batch.Change{Class: batch.ClassNew, Task: batch.Task{ID: "x"}}, batch.Change{Class: batch.ClassNew, Task: batch.Task{ID: "x"}},
		), nil},
	} {
		err := b.Continue(Continuation{At: ledgertest.Start()}, c.changes)
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
		if diff := cmp.Diff(before, standings(t, b)); diff != "" {
			t.Errorf("%s changed (-before +after):\n%s", name, diff)
		}
		checkFold(t, b)
	}
	mustAppend(t, b, batch.Event{Kind: batch.AttemptRejected, Position: 1, Attempt: 1, Message: "absent"}) // the ledger goes on
}

// reports.md: an attempt that another follows keeps its own verdict; cost counts
// every run, and what of it led to nothing.
func TestCostCountsEveryRun(t *testing.T) {
	s := openStore(t, t.TempDir())
	price := batch.Price{PerRun: 20_000, PerMinute: 2_000, RoundUp: time.Minute}
	b, err := s.Begin(batch.Info{Name: "main", Provider: "browserbase", BaseURL: "x", OpenedAt: ledgertest.Start(),
		Policy: batch.Policy{Price: &price}}, sequence(ledgertest.Tasks(3)))
	if err != nil {
		t.Fatal(err)
	}
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Passed})
	judgeRun(t, b, 1, 1, batch.Verdict{Outcome: batch.Invalid, Message: "bad"})
	mustAppend(t, b, batch.Event{Kind: batch.TaskRetried, Position: 1})
	judgeRun(t, b, 1, 2, batch.Verdict{Outcome: batch.Passed})
	mustAppend(t, b, batch.Event{Kind: batch.AttemptIntended, Position: 2, Attempt: 1})
	sum, err := b.Summary()
	if err != nil {
		t.Fatal(err)
	}
	if sum.Cost != 3*24_000 || sum.Wasted != 24_000 || sum.Paid != 6*time.Minute || sum.FirstTry != 1 || sum.Retried != 1 {
		t.Errorf("got cost %s, wasted %s, paid %s, first try %d, retried %d", sum.Cost, sum.Wasted, sum.Paid, sum.FirstTry, sum.Retried)
	}
	usage, err := b.Usage(price)
	if err != nil {
		t.Fatal(err)
	}
	if want := (batch.Usage{Runs: 4, Ended: 3, Time: 6 * time.Minute, USD: 72_000}); !cmp.Equal(usage, want) {
		t.Errorf("usage: got %+v, want %+v", usage, want)
	}
	median, err := b.Typical("tasks[0]")
	if err != nil || median != 90*time.Second {
		t.Errorf("typical: got %s, %v, want 1m30s", median, err)
	}
}

// A create that may have made a run stays in doubt, with what it asked, when the
// task is edited and run anew.
func TestAnEditedTaskKeepsItsDoubt(t *testing.T) {
	tasks := ledgertest.Tasks(1)
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: 0, Attempt: 1, Digest: "old"},
		batch.Event{Kind: batch.AttemptUnknown, Position: 0, Attempt: 1, Message: "EOF"},
		batch.Event{Kind: batch.TaskJudged, Position: 0, Attempt: 1, Verdict: &batch.Verdict{Outcome: batch.Unknown, Message: "nobody knows"}})
	edited := tasks[0]
	edited.Spec.Task = "Something else."
	if err := b.Continue(Continuation{At: ledgertest.Start()}, changes(batch.Change{Class: batch.ClassChanged, Task: edited, Row: row(t, b, 0)})); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, b, batch.Event{Kind: batch.AttemptIntended, Position: 0, Attempt: 2, Digest: "new"})
	var got []batch.Doubt
	for d, err := range b.Doubts(ledgertest.Start().Add(-time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d)
	}
	if want := []batch.Doubt{{Text: tasks[0].Spec.Task, Digest: "old"}}; !cmp.Equal(want, got) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A result that is taken over is a copy, and the record names where it came from.
func TestAResultIsTakenOver(t *testing.T) {
	s := openStore(t, t.TempDir())
	old := begin(t, s, "main", ledgertest.Tasks(1)...)
	judgeRun(t, old, 0, 1, batch.Verdict{Outcome: batch.Passed})
	b := begin(t, s, "main", ledgertest.Tasks(1)...)
	reuse := batch.Reuse{Batch: old.ID(), RunID: "run-0-1", EndedAt: ledgertest.Start(), Attempt: 1}
	mustAppend(t, b, batch.Event{Kind: batch.TaskReused, Position: 0, Reuse: &reuse, Verdict: &batch.Verdict{Outcome: batch.Passed}})
	got := records(t, b)[0]
	if got.Outcome != batch.Passed || string(got.Result.Raw) != `{"n": 1}` || got.Reuse == nil || got.Reuse.RunID != "run-0-1" || len(got.Attempts) != 0 {
		t.Errorf("got %+v", got)
	}
	checkFold(t, b)
	mustAppend(t, b, batch.Event{Kind: batch.TaskRetried, Position: 0})
	if got := records(t, b)[0]; got.Reuse != nil || got.Result.Present() {
		t.Errorf("after it was to run anew: got %+v", got)
	}
}

// A run that turns up late is not given to an attempt that has one: its id would
// be lost.
func TestASpentAttemptAdoptsNothing(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(1)...)
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed})
	mustAppend(t, b, batch.Event{Kind: batch.TaskRetried, Position: 0})
	adopted := batch.Event{Kind: batch.AttemptAdopted, Position: 0, Attempt: 1, At: ledgertest.Start(), Run: &batch.Observed{ID: "late"}}
	if err := b.Append(adopted); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("got %v, want %v", err, batch.ErrConflict)
	}
	if owned, err := b.Owns("run-0-1"); err != nil || !owned {
		t.Errorf("the run of attempt 1: owned %v, %v", owned, err)
	}
	adopted.Attempt = 2
	mustAppend(t, b, adopted)
}
