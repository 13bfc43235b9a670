package batch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/schema"
)

// compared applies tasks to a ledger, and writes each as "id class", in order.
func compared(t *testing.T, all []Task, l Ledger, o CompareOptions) []string {
	t.Helper()
	var got []string
	for c, err := range Compare(sequence(all), l, o) {
		if err != nil {
			t.Fatal(err)
		}
		id := c.Task.ID
		if id == "" {
			id = c.Row.ID
		}
		wait := ""
		if c.Wait {
			wait = " waits"
		}
		got = append(got, id+" "+string(c.Class)+wait)
	}
	return got
}

func otherSchema(t *testing.T, text string) func(*Task) {
	t.Helper()
	s, err := schema.Compile([]byte(text), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return func(task *Task) { task.Schema, task.Spec.ResultSchema = s, s.Text() }
}

// Each row is where a task stands and what was edited of it.
func TestWhatBecomesOfATask(t *testing.T) {
	text := func(task *Task) { task.Spec.Task = "do another thing" }
	corrected := otherSchema(t, `{"type":"object"}`)
	both := func(task *Task) { text(task); corrected(task) }
	without := func(task *Task) { task.Schema, task.Spec.ResultSchema = nil, nil }
	byAgent := func(task *Task) { without(task); task.Spec.AgentID = "a" }
	nothing := func(*Task) {}
	done := func(o Outcome) Row {
		return Row{State: StateDone, Outcome: o, Attempt: 1, RunID: "r", Status: StatusCompleted}
	}
	stale, left, back := done(Passed), done(Skipped), done(Skipped)
	stale.Stale, left.Left = true, true
	for _, c := range []struct {
		row   Row
		edit  func(*Task)
		rerun bool
		want  string
	}{
		{Row{State: StatePending}, nothing, false, "to run"},
		{Row{State: StatePending}, text, false, "changed"},
		{Row{State: StatePending}, corrected, false, "changed"},
		{Row{State: StateStarting, Attempt: 1}, nothing, false, "reconciled"},
		{Row{State: StateUnsure, Attempt: 1}, nothing, false, "reconciled"},
		{Row{State: StateUnsure, Attempt: 1}, corrected, false, "reconciled waits"},
		{Row{State: StateRunning, Attempt: 1}, nothing, false, "continued"},
		{Row{State: StateRunning, Attempt: 1}, text, true, "continued waits"},
		{Row{State: StateEnded, Attempt: 1}, text, false, "continued waits"},
		{done(Passed), nothing, true, "kept"},
		{done(Passed), text, false, "stale"},
		{done(Passed), text, true, "rerun"},
		{done(Passed), corrected, true, "rejudged"},
		{done(Passed), without, false, "rejudged"},
		{done(Passed), byAgent, false, "stale"},
		{done(Passed), both, false, "stale"},
		{stale, text, false, "stale"},
		{stale, nothing, false, "kept"},
		{done(Invalid), nothing, false, "kept"},
		{done(Invalid), corrected, false, "rejudged"},
		{done(Invalid), both, false, "changed"},
		{done(Failed), nothing, false, "kept"},
		{done(Failed), corrected, false, "changed"},
		{done(Unknown), nothing, false, "kept"},
		{done(Unknown), text, false, "changed"},
		{left, nothing, false, "to run"},
		{left, text, false, "changed"},
		{back, nothing, false, "kept"},
	} {
		all := tasks(t, 1)
		l := newMemory(all)
		was := l.rows[0]
		c.row.ID, c.row.Run, c.row.Judge, c.row.Schema, c.row.Text = was.ID, was.Run, was.Judge, was.Schema, was.Text
		l.rows[0] = c.row
		c.edit(&all[0])
		if got := compared(t, all, l, CompareOptions{RerunChanged: c.rerun}); !slices.Equal(got, []string{"t1 " + c.want}) {
			t.Errorf("%s %s, rerun %v: got %q, want %q", c.row.State, c.row.Outcome, c.rerun, got, c.want)
		}
	}
}

// Whatever is cut out, put in and moved, each task and each row is there once.
func TestComparingFindsEachTaskOnce(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		before := tasks(t, r.IntN(40))
		l := newMemory(before)
		after := slices.Clone(before)
		for range r.IntN(4) {
			switch at := r.IntN(len(after) + 1); r.IntN(3) {
			case 0:
				after = slices.Insert(after, at, tasks(t, 100)[60+r.IntN(40)])
			case 1:
				after = slices.Delete(after, at, min(at+r.IntN(5), len(after)))
			case 2:
				r.Shuffle(len(after), func(i, j int) { after[i], after[j] = after[j], after[i] })
			}
		}
		if repeats(after) {
			continue
		}
		var want []string
		has := map[string]bool{}
		for _, task := range after {
			has[task.ID] = true
			class := "to run"
			if _, ok, _ := l.Named(task.ID); !ok {
				class = "new"
			}
			want = append(want, task.ID+" "+class)
		}
		for _, task := range before {
			if !has[task.ID] {
				want = append(want, task.ID+" left")
			}
		}
		if diff := cmp.Diff(want, compared(t, after, l, CompareOptions{})); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func repeats(all []Task) bool {
	seen := map[string]bool{}
	for _, task := range all {
		if seen[task.ID] {
			return true
		}
		seen[task.ID] = true
	}
	return false
}

func TestTwoTasksOfOneIDAreNotApplied(t *testing.T) {
	all := tasks(t, 2)
	twice := append(slices.Clone(all), all[0])
	var changed *ChangedError
	for _, err := range Compare(sequence(twice), newMemory(all), CompareOptions{}) {
		if errors.As(err, &changed) {
			return
		}
	}
	t.Error("no error")
}

func TestReuseIsOfTasksThatNothingWasBoughtFor(t *testing.T) {
	all := tasks(t, 5)
	l := newMemory(all[:4])
	l.rows[1].Attempt = 1 // its create was refused once
	l.rows[2].State, l.rows[2].Outcome = StateDone, Failed
	all[3].Repeat = &Repetition{Group: "t4", Number: 1, Times: 2, Pass: 1}
	l.rows[3].Repeat = all[3].Repeat
	o := CompareOptions{Reuse: func(run string) (*Reuse, error) { return &Reuse{Batch: "b", RunID: run}, nil }}
	want := []string{"t1 reused", "t2 to run", "t3 kept", "t4 to run", "t5 reused"}
	if diff := cmp.Diff(want, compared(t, all, l, o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := compared(t, all[:1], nil, o); !slices.Equal(got, want[:1]) {
		t.Errorf("without a batch: got %q, want %q", got, want[:1])
	}
}

// What is in flight is collected, and the batch stays open; a task that the
// manifest no longer has is never started.
func TestCollectingLeavesTheBatchOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		c.Concurrency = 1
		l.rows[0].State, l.rows[0].Attempt, l.rows[0].RunID = StateRunning, 1, "r"
		l.rows[0].StartedAt = time.Now()
		s.add("r", c.spec(t))
		collect := c
		collect.Tasks, collect.Collect = nil, true
		if err := Run(t.Context(), collect); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "(pending)", "(pending)")
		if l.closed {
			t.Error("the batch is closed")
		}
		l.rows[2].Left = true
		c.Tasks = sequence(tasks(t, 2))
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "skipped")
		if !l.closed || s.n != 1 {
			t.Errorf("closed %v after %d creates, want true after 1", l.closed, s.n)
		}
	})
}

func (c Config) spec(t *testing.T) Spec {
	t.Helper()
	for task, err := range c.Tasks {
		if err != nil {
			t.Fatal(err)
		}
		return task.Spec
	}
	return Spec{}
}

// Any number of stored results is judged, holding few of them.
func TestStoredResultsAreJudgedWithoutSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 300)
		for i := range l.rows {
			l.rows[i].State, l.rows[i].Attempt, l.rows[i].Status = StateEnded, 1, StatusCompleted
			raw := fmt.Appendf(nil, `{"ok":%v}`, i%3 > 0)
			if i%2 == 0 {
				raw = []byte(`{"ok":1}`)
			}
			l.results[i] = Result{Raw: raw, Size: int64(len(raw))}
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for i, o := range l.outcomes() {
			want := "passed"
			if i%2 == 0 {
				want = "invalid"
			}
			if o != want {
				t.Errorf("task %d is %s, want %s", i, o, want)
			}
		}
		if s.n != 0 || !l.closed {
			t.Errorf("%d creates, closed %v", s.n, l.closed)
		}
	})
}

func TestOnlyWhatPassesIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		c.Reuse = func(row Row) (*Reuse, Result, error) {
			text := map[string]string{"t1": `{"ok":true}`, "t2": `{"ok":"no"}`}[row.ID]
			if text == "" {
				return nil, Result{}, nil
			}
			return &Reuse{Batch: "b", RunID: "r"}, Result{Raw: []byte(text), Size: int64(len(text))}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed")
		if diff := cmp.Diff([]Kind{TaskReused}, l.kinds(0)); diff != "" || s.n != 2 {
			t.Errorf("%d creates, want 2; events (-want +got):\n%s", s.n, diff)
		}
	})
}

// A counting ledger counts what is looked up by id.
type counting struct {
	*memory
	lookups int
}

func (c *counting) Named(id string) (Row, bool, error) {
	c.lookups++
	return c.memory.Named(id)
}

// Where rows were cut out or put in, the rest is read side by side again.
func TestComparingLooksFewTasksUp(t *testing.T) {
	all := tasks(t, 300)
	l := &counting{memory: newMemory(all[:250])}
	compared(t, slices.Concat(all[:50], all[290:292], all[50:100], all[110:250]), l, CompareOptions{})
	if l.lookups > 2+1+readOnAfter {
		t.Errorf("%d tasks were looked up, want the 2 new ones and some after the cut", l.lookups)
	}
}
