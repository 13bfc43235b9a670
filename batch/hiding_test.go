package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// password is the secret cell of a task of these tests.
func password(id string) string { return "hunter-of-" + id }

// hiding makes a batch whose tasks each have a secret cell, and a service that
// repeats it wherever it can.
func hidingBatch(t *testing.T, n int) (*memory, *service, Config) {
	l, s, c := custom(t, n, func(task *Task) {
		task.Hidden = map[string]string{"password": password(task.ID)}
		task.Checks = expect("ok")
	})
	c.Checker, _, _ = asking()
	s.get = func(id string, run *fakeRun) (Observed, error) {
		word := password(strings.TrimPrefix(run.spec.Task, "do "))
		o := Observed{ID: id, Status: Status("ODD " + word), SessionID: "s-" + word}
		if time.Since(run.began) < s.length {
			return o, nil
		}
		o.Status = StatusCompleted
		o.Result.Raw = json.RawMessage(`{"ok":"` + word + `"}`)
		switch run.spec.Task {
		case "do t2":
			o.Status, o.Cause = StatusFailed, &Cause{Code: "E", Message: "wrong password " + word}
		case "do t3":
			o.Result.Raw = json.RawMessage(`{"ok":false,"said":"` + word + `"}`)
		}
		o.Result.Size = int64(len(o.Result.Raw))
		return o, nil
	}
	return l, s, c
}

// wantHidden checks that no event and no warning holds a secret cell, but for the
// raw results.
func wantHidden(t *testing.T, l *memory, warned []string) {
	t.Helper()
	for _, e := range l.events {
		run := Observed{}
		if e.Run != nil {
			run = *e.Run
			run.Result = Result{}
		}
		var verdict Verdict
		var cause Cause
		if e.Verdict != nil {
			verdict = *e.Verdict
		}
		if run.Cause != nil {
			cause = *run.Cause
		}
		e.Run, e.Verdict = nil, nil
		problems, _ := json.Marshal(verdict.Problems)
		if text := fmt.Sprintf("%+v %+v %+v %+v %s", e, run, cause, verdict, problems); strings.Contains(text, "hunter-of-") {
			t.Errorf("%s of %s holds the cell: %s", e.Kind, e.ID, text)
		}
	}
	for _, w := range warned {
		if strings.Contains(w, "hunter-of-") {
			t.Errorf("a warning holds the cell: %s", w)
		}
	}
}

// A secret cell of a task's row is hidden in what the task says as a secret is,
// and a result that holds it is flagged by its column.
func TestSecretCellsAreHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := hidingBatch(t, 3)
		var warned []string
		c.Warn = func(m string) { warned = append(warned, m) }
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "invalid", "failed", "wrong")
		wantHidden(t, l, warned)
		for i := range 3 {
			if got := l.verdict(i).Leaked; !slices.Equal(got, []string{"row.password"}) {
				t.Errorf("task %d: leaked %v, want row.password", i, got)
			}
		}
		if got := l.verdict(1).Message; got != "E: wrong password ***row.password***" {
			t.Errorf("got %q", got)
		}
		if len(warned) == 0 {
			t.Error("nothing was warned of, so that no warning was looked at")
		}
	})
}

// Of a run that an earlier process left, the cells are in the manifest; where they
// are no longer, nothing of what the service says is repeated, and nothing is lost.
func TestSecretCellsOfRunsOfAnEarlierProcess(t *testing.T) {
	for name, forget := range map[string]func(*Config){
		"known":     func(*Config) {},
		"collected": func(c *Config) { c.Terms, c.Tasks = c.Tasks, nil },
		"gone":      func(c *Config) { c.Tasks = nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			l, s, c := hidingBatch(t, 4)
			for i := range l.rows {
				id := fmt.Sprint("r", i)
				s.add(id, Spec{Task: l.rows[i].Text})
				l.owned[id] = true
				l.rows[i].State, l.rows[i].Attempt, l.rows[i].RunID, l.rows[i].StartedAt = StateRunning, 1, id, time.Now()
			}
			// The last one has ended, and nobody came to judge it.
			l.rows[3].State, l.rows[3].Status = StateEnded, StatusCompleted
			raw := json.RawMessage(`{"ok":"` + password("t4") + `"}`)
			l.results[3] = Result{Raw: raw, Size: int64(len(raw))}
			forget(&c)
			var warned []string
			c.Warn = func(m string) { warned = append(warned, m) }
			if err := Run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			wantOutcomes(t, l, "invalid", "failed", "wrong", "invalid")
			wantHidden(t, l, warned)
			for i := range 4 {
				if got := l.verdict(i).Leaked; !slices.Equal(got, []string{"row.password"}) {
					t.Errorf("%s: task %d: leaked %v, want row.password", name, i, got)
				}
				if name == "gone" && l.results[i].Size == 0 {
					t.Errorf("the result of task %d is lost", i)
				}
			}
			if got := l.verdict(2).Message; (name == "gone") != strings.Contains(got, "what is hidden may hold a secret") {
				t.Errorf("%s: got %q", name, got)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(slices.Collect(maps.Keys(s.creates))) > 0 {
				t.Errorf("%s: something was bought", name)
			}
		})
	}
}

// Who only stops runs has no manifest: what ended is left to the next apply, which
// knows the cells.
func TestAStopLeavesSecretCellsToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := hidingBatch(t, 2)
		for i := range l.rows {
			id := fmt.Sprint("r", i)
			s.add(id, Spec{Task: l.rows[i].Text})
			l.owned[id] = true
			l.rows[i].State, l.rows[i].Attempt, l.rows[i].RunID, l.rows[i].StartedAt = StateRunning, 1, id, time.Now().Add(-time.Hour)
		}
		l.rows[1].State, l.rows[1].Status = StateEnded, StatusCompleted
		s.runs["r0"].began = time.Now().Add(-time.Hour)
		order := make(chan struct{})
		close(order)
		again := c
		c.Tasks, c.Stop = nil, order
		if err := Run(t.Context(), c); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		wantOutcomes(t, l, "(running)", "(ended)")
		wantHidden(t, l, nil)
		if err := Run(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "invalid", "invalid")
		wantHidden(t, l, nil)
	})
}

// Of secret cells a fingerprint has the names alone: an earlier result might be
// that of another row.
func TestSecretCellsTakeNothingOver(t *testing.T) {
	all := tasks(t, 1)
	o := CompareOptions{Reuse: func(string) (*Reuse, error) { return &Reuse{Batch: "b", RunID: "r"}, nil }}
	if got := compared(t, all, nil, o); got[0] != "t1 reused" {
		t.Fatalf("got %s, want it reused", got)
	}
	all[0].Hidden = map[string]string{"password": "hunter2"}
	if got := compared(t, all, nil, o); got[0] != "t1 new" {
		t.Errorf("got %s, want a run to be bought", got)
	}
	if got := compared(t, all, newMemory(all), o); got[0] != "t1 to run" {
		t.Errorf("got %s, want a run to be bought", got)
	}
}
