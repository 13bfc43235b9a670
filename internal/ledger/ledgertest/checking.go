package ledgertest

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// problem is one that an expectation found.
func problem() schema.Problem {
	return schema.Problem{
		Kind: "expect", Keyword: "expect", Message: "is false", Expression: "result.a < row.b", Because: "<why>",
		Values: json.RawMessage(`{"result.a":1.0}`),
	}
}

func checks(t *testing.T, open Opener) {
	tasks := Tasks(3)
	one := &batch.Checks{Path: "data", Expect: []batch.Expectation{{That: "result.a < row.b", Because: "<why>"}}, Params: json.RawMessage(`{"n":1.0}`)}
	tasks[1].Checks, tasks[2].Checks = one, &batch.Checks{Path: "."}
	tasks[1].Matrix, tasks[1].Tags = json.RawMessage(`{"m":1.0}`), []string{"x", "y"}
	tasks[2].Hidden = map[string]string{"z": "secret-z", "a": "secret-a"}
	l := open(t, tasks...)
	for i, task := range tasks {
		r := row(t, l, i)
		if r.Checks != task.Checks.Digest() || r.Judge != task.JudgeFingerprint() {
			t.Errorf("task %d: got checks %q", i, r.Checks)
		}
		if r.Checks == "" {
			continue
		}
		got, err := l.Checks(r.Checks)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*task.Checks, got); diff != "" {
			t.Errorf("task %d (-want +got):\n%s", i, diff)
		}
	}
	if _, err := l.Checks("0123"); err == nil {
		t.Error("got no error for a digest that is not there")
	}
	if diff := cmp.Diff([]string{"a", "z"}, row(t, l, 2).Hidden); diff != "" {
		t.Errorf("secret cells (-want +got):\n%s", diff)
	}

	began := started(1, 1, "r")
	end := ended(1, 1, batch.Result{Raw: []byte("{}"), Size: 2})
	end.Run.StartedAt = at(30)
	appendAll(t, l, intended(1, 1), began, end)
	got, err := l.Facts(1)
	if err != nil {
		t.Fatal(err)
	}
	want := batch.Facts{
		Row: tasks[1].Row, Matrix: tasks[1].Matrix, Tags: []string{"x", "y"},
		CreatedAt: at(9), StartedAt: at(30), EndedAt: at(59),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if got, err := l.Facts(0); err != nil || got.Matrix != nil || got.Tags != nil || !got.EndedAt.IsZero() {
		t.Errorf("of a task that was not started: got %+v, %v", got, err)
	}
	if _, err := l.Facts(3); err == nil {
		t.Error("got no error for a task that is not there")
	}

	v := judged(1, 1, batch.Wrong)
	v.Verdict.Problems = append(v.Verdict.Problems, problem())
	appendAll(t, l, v)
	n := 0
	for r, err := range l.Records(0) {
		if err != nil {
			t.Fatal(err)
		}
		task := tasks[n]
		n++
		if r.ID != task.ID || !cmp.Equal(r.Checks, task.Checks) || string(r.Matrix) != string(task.Matrix) || string(r.Row) != string(task.Row) {
			t.Errorf("got %s with checks %+v, matrix %s, row %s", r.ID, r.Checks, r.Matrix, r.Row)
		}
		if n == 2 {
			if r.Outcome != batch.Wrong || !cmp.Equal(r.Verdict.Problems, v.Verdict.Problems) {
				t.Errorf("got %s with %+v", r.Outcome, r.Verdict.Problems)
			}
		}
	}
	if n != 3 {
		t.Errorf("got %d records", n)
	}
}

func skippedTasks(t *testing.T, open Opener) {
	tasks := Tasks(3)
	tasks[0].Skip, tasks[2].Skip = "if is false: row.a", "rows.csv:7: 2 cells, want 3"
	l := open(t, tasks...)
	for i, task := range tasks {
		r := row(t, l, i)
		want := batch.Row{State: batch.StatePending}
		if task.Skip != "" {
			want = batch.Row{State: batch.StateDone, Outcome: batch.Skipped}
		}
		if r.State != want.State || r.Outcome != want.Outcome || r.Skip != task.Skip {
			t.Errorf("task %d: got %s %s, %q", i, r.State, r.Outcome, r.Skip)
		}
	}
	for r, err := range l.Records(0) {
		if err != nil {
			t.Fatal(err)
		}
		if want := tasks[r.Position].Skip; r.Skip != want || r.Verdict.Message != want || (want != "") != (r.Outcome == batch.Skipped) {
			t.Errorf("%s: got %s, %q", r.ID, r.Outcome, r.Verdict.Message)
		}
	}
	if err := l.Append(intended(0, 1)); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("an intent of a task that is skipped: got %v, want a conflict", err)
	}
	if got := positions(t, l.Open(batch.StatePending)); !cmp.Equal(got, []int{1}) {
		t.Errorf("pending: got %v, want the task that is not skipped", got)
	}
}
