package batch

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Nothing is bought for a task that the manifest skips, and it is no failure.
func TestSkippedTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 4, func(task *Task) {
			if task.ID == "t2" || task.ID == "t4" {
				task.Skip, task.Spec = "if is false: row.active", Spec{}
			}
		})
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "skipped", "passed", "skipped")
		if s.n != 2 {
			t.Errorf("%d runs were bought, want 2", s.n)
		}
	})
}

// A run that is in flight when its task is skipped comes to its end, and is not
// bought again; one that turns out not to exist is skipped.
func TestATaskThatIsSkippedInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 3, func(task *Task) { task.Retry = Retry{Max: 3} })
		s.fails("t1")
		for i, id := range []string{"r1", "r2"} {
			s.add(id, Spec{Task: l.rows[i].Text})
			l.owned[id] = true
			l.rows[i].State, l.rows[i].Attempt, l.rows[i].RunID, l.rows[i].StartedAt = StateRunning, 1, id, time.Now()
		}
		l.rows[2].State, l.rows[2].Attempt, l.rows[2].IntendedAt = StateUnsure, 1, time.Now()
		l.echoes = Echoes{Seen: 5, Text: true, Agent: true, Schema: true}
		s.list = func(time.Time) ([]Observed, error) { return nil, nil }
		now := tasks(t, 3)
		for i := range now {
			now[i].Skip, now[i].Spec, now[i].Schema, now[i].Retry = "if is false: row.active", Spec{}, nil, Retry{Max: 3}
		}
		want := []string{"t1 continued", "t2 continued", "t3 reconciled"}
		if got := compared(t, now, l, CompareOptions{}); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		c.Tasks = sequence(now)
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed", "passed", "skipped")
		if s.n != 0 {
			t.Errorf("%d runs were bought", s.n)
		}
	})
}

func TestWhatBecomesOfASkippedTask(t *testing.T) {
	const why = "if is false: row.active"
	for _, c := range []struct {
		name string
		row  Row
		skip string
		want string
	}{
		{"not started", Row{State: StatePending}, why, "skipped"},
		{"to be tried again", Row{State: StatePending, Attempt: 1, Spent: true}, why, "skipped"},
		{"in doubt", Row{State: StateUnsure, Attempt: 1}, why, "reconciled"},
		{"in flight", Row{State: StateRunning, Attempt: 1}, why, "continued"},
		{"passed", Row{State: StateDone, Outcome: Passed, Attempt: 1}, why, "kept"},
		{"failed", Row{State: StateDone, Outcome: Failed, Attempt: 1}, why, "kept"},
		{"skipped before", Row{State: StateDone, Outcome: Skipped, Skip: why}, why, "skipped"},
		{"left before", Row{State: StateDone, Outcome: Skipped, Left: true}, why, "skipped"},
		{"no longer skipped", Row{State: StateDone, Outcome: Skipped, Skip: why}, "", "to run"},
		{"no longer skipped, and left before", Row{State: StateDone, Outcome: Skipped, Skip: why, Left: true}, "", "to run"},
		{"no longer skipped, and it had passed", Row{State: StateDone, Outcome: Passed, Skip: why, Attempt: 1}, "", "kept"},
	} {
		all := tasks(t, 1)
		l := newMemory(all)
		was := l.rows[0]
		c.row.ID, c.row.Run, c.row.Judge, c.row.Schema, c.row.Text = was.ID, was.Run, was.Judge, was.Schema, was.Text
		l.rows[0] = c.row
		if all[0].Skip = c.skip; c.skip != "" {
			all[0].Spec.Task = "something else: nothing of it is sent"
		}
		if got := compared(t, all, l, CompareOptions{RerunChanged: true}); got[0] != "t1 "+c.want {
			t.Errorf("%s: got %s, want %s", c.name, got[0], c.want)
		}
	}
	all := tasks(t, 1)
	all[0].Skip = why
	reuse := CompareOptions{Reuse: func(string) (*Reuse, error) { return &Reuse{}, nil }}
	if got := compared(t, all, nil, reuse); got[0] != "t1 skipped" {
		t.Errorf("new: got %s, want it skipped", got[0])
	}
}
