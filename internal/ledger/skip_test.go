package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// states writes where each task stands, in the manifest's order.
func states(t *testing.T, b *Batch) (all []string) {
	t.Helper()
	for r, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		left := ""
		if r.Left {
			left = " left"
		}
		all = append(all, fmt.Sprintf("%s %s %s%s", r.ID, r.State, r.Outcome, left))
	}
	return all
}

func wantStates(t *testing.T, b *Batch, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, states(t, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkFold(t, b)
}

// An edited manifest that skips tasks, and has them again, is merged: what was
// bought stays.
func TestSkippingIsMerged(t *testing.T) {
	tasks := ledgertest.Tasks(6)
	tasks[4].Skip = "if is false: a"
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Passed})
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: 1, Attempt: 1, Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Position: 1, Attempt: 1, Run: &batch.Observed{ID: "flying"}})
	judgeRun(t, b, 5, 1, batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "boom"})
	mustAppend(t, b, batch.Event{Kind: batch.TaskRetried, Position: 5, Attempt: 1})
	wantStates(t, b, "task-0 done passed", "task-1 running ", "task-2 pending ", "task-3 pending ", "task-4 done skipped", "task-5 pending ")

	now := slices.Clone(tasks)
	for i := range now {
		now[i].Skip, now[i].Spec = "if is false: b", batch.Spec{Task: "other"}
	}
	now[3] = tasks[3]
	now = append(now, batch.Task{ID: "new-1", Skip: "if is false: b"}, batch.Task{ID: "new-2"}, batch.Task{ID: "new-3", Skip: "if is false: b"})
	edit(t, b, batch.CompareOptions{}, now...)
	wantStates(t, b, "task-0 done passed", "task-1 running ", "task-2 done skipped", "task-3 pending ", "task-4 done skipped",
		"task-5 done skipped", "new-1 done skipped", "new-2 pending ", "new-3 done skipped")
	for _, r := range records(t, b) {
		if r.Outcome == batch.Skipped && r.Verdict.Message != "if is false: b" {
			t.Errorf("%s: got %q, want the words of now", r.ID, r.Verdict.Message)
		}
	}
	if r := row(t, b, 1); r.Text != tasks[1].Spec.Task || r.Skip == "" {
		t.Errorf("in flight: got %q, skip %q, want what was bought, and that it is skipped", r.Text, r.Skip)
	}
	sum, err := b.Summary()
	if err != nil {
		t.Fatal(err)
	}
	want := map[batch.Outcome]int{batch.Passed: 1, batch.Running: 1, batch.Pending: 2, batch.Skipped: 5}
	if diff := cmp.Diff(want, sum.Counts); diff != "" || sum.Left != 0 || sum.Info.Total != 9 {
		t.Errorf("left %d of %d, counts (-want +got):\n%s", sum.Left, sum.Info.Total, diff)
	}
	same, err := b.Unedited(sequence(now))
	if err != nil || !same {
		t.Errorf("the same manifest: got %v, %v, want it unedited", same, err)
	}
	seq := len(eventsOf(t, b))
	edit(t, b, batch.CompareOptions{}, now...)
	if n := len(eventsOf(t, b)) - seq; n != 1 {
		t.Errorf("the same manifest once more: %d events, want batch.continued alone", n)
	}

	edit(t, b, batch.CompareOptions{}, tasks[:5]...) // the last four left
	wantStates(t, b, "task-0 done passed", "task-1 running ", "task-2 pending ", "task-3 pending ", "task-4 done skipped",
		"task-5 done skipped left", "new-1 done skipped left", "new-2 done skipped left", "new-3 done skipped left")
	edit(t, b, batch.CompareOptions{}, append(slices.Clone(tasks[:4]), now[4:]...)...)
	wantStates(t, b, "task-0 done passed", "task-1 running ", "task-2 pending ", "task-3 pending ", "task-4 done skipped",
		"task-5 done skipped", "new-1 done skipped", "new-2 pending ", "new-3 done skipped")

	// What was tried keeps the verdict that it had, however often it is skipped.
	all := slices.Clone(tasks)
	all[4].Skip = ""
	edit(t, b, batch.CompareOptions{}, all...)
	recs := records(t, b)
	if got := recs[5].Attempts[0]; recs[5].State != batch.StatePending || got.Outcome != batch.Failed || got.Message != "boom" {
		t.Errorf("task-5: %s, attempt %+v, want it pending and its attempt failed", recs[5].State, got)
	}
	checkFold(t, b)
}

func eventsOf(t *testing.T, b *Batch) (all []batch.Event) {
	t.Helper()
	for e, err := range b.Events() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// A repetition that is skipped as a whole has not fallen short.
func TestASkippedRepetition(t *testing.T) {
	tasks := ledgertest.Tasks(4)
	for i := range tasks {
		group := fmt.Sprint("g", i/2)
		tasks[i].Repeat = &batch.Repetition{Group: group, Number: i%2 + 1, Times: 2, Pass: 2}
		if i < 2 {
			tasks[i].Skip = "if is false: a"
		}
	}
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	judgeRun(t, b, 2, 1, batch.Verdict{Outcome: batch.Passed})
	judgeRun(t, b, 3, 1, batch.Verdict{Outcome: batch.Passed})
	mustAppend(t, b, batch.Event{Kind: batch.BatchClosed, Position: -1})
	sum, err := b.Summary()
	if err != nil || sum.Short != 0 || !sum.Enough() {
		t.Errorf("got %d short, enough %v, %v", sum.Short, sum.Enough(), err)
	}
	tallies, err := b.Tallies()
	if err != nil || !cmp.Equal(tallies, []batch.Tally{{Outcome: batch.Passed, Tasks: 1}}) {
		t.Errorf("got %+v, %v, want the one that was run", tallies, err)
	}
}

func TestUneditedSeesWhatJudges(t *testing.T) {
	all := ledgertest.Tasks(2)
	all[1].Hidden, all[1].Matrix = map[string]string{"pw": "a"}, json.RawMessage(`{"m":1}`)
	all[1].Checks = &batch.Checks{Path: "a"}
	b := begin(t, openStore(t, t.TempDir()), "main", all...)
	for name, change := range map[string]func(*batch.Task){
		"nothing":            func(*batch.Task) {},
		"a cell's value":     func(t *batch.Task) { t.Hidden = map[string]string{"pw": "another"} },
		"matrix":             func(t *batch.Task) { t.Matrix = json.RawMessage(`{"m":2}`) },
		"path":               func(t *batch.Task) { t.Checks = &batch.Checks{Path: "b"} },
		"a secret column":    func(t *batch.Task) { t.Hidden = map[string]string{"pw": "a", "pin": "b"} },
		"that it is skipped": func(t *batch.Task) { t.Skip = "if is false" },
	} {
		edited := slices.Clone(all)
		change(&edited[1])
		same, err := b.Unedited(sequence(edited))
		if want := name == "nothing" || name == "a cell's value"; err != nil || same != want {
			t.Errorf("%s: got unedited %v, %v", name, same, err)
		}
	}
}
