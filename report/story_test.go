package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/schema"
)

// A story is a batch in a real ledger to which everything happens that a report
// can tell.
type story struct {
	t     *testing.T
	store *ledger.Store
	*ledger.Batch
	at    time.Time
	tasks []batch.Task
}

var storyPolicy = batch.Policy{
	Price:     &batch.Price{PerRun: 20_000, PerMinute: 2_000, RoundUp: time.Minute},
	AllowFail: []string{"flaky"},
}

func newStory(t *testing.T) *story {
	t.Helper()
	store, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &story{t: t, store: store, at: noon}
	judge, err := schema.Compile([]byte(`{"properties":{"title":{},"passes":{}}}`), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"plain", "tried", "flaky", "rep#1", "rep#2", "rep#3", "reused", "leaving", "stale", "odd"} {
		task := batch.Task{Position: len(s.tasks), ID: id, Template: "tasks[0]", Schema: judge, Spec: batch.Spec{Task: "do " + id}}
		if id == "flaky" {
			task.Tags, task.Group = []string{"flaky", "slow"}, "shop"
		}
		if _, n, ok := strings.Cut(id, "#"); ok {
			task.Repeat = &batch.Repetition{Group: "rep", Number: int(n[0] - '0'), Times: 3, Pass: 2}
		}
		s.tasks = append(s.tasks, task)
	}
	s.Batch, err = store.Begin(batch.Info{Name: "story", Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: noon,
		ManifestPath: "tasks.yaml", Policy: storyPolicy}, all(s.tasks))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func all(tasks []batch.Task) func(func(batch.Task, error) bool) {
	return func(yield func(batch.Task, error) bool) {
		for _, task := range tasks {
			if !yield(task, nil) {
				return
			}
		}
	}
}

func (s *story) append(events ...batch.Event) {
	s.t.Helper()
	for _, e := range events {
		s.at = s.at.Add(time.Second)
		e.At = s.at
		if e.Kind == batch.TaskRetried && e.Retries > 0 {
			e.After = s.at.Add(30 * time.Second)
		}
		if err := s.Append(e); err != nil {
			s.t.Fatal(err)
		}
	}
}

// run is an attempt at a task until its run has ended, after so long.
func (s *story) run(position, attempt int, status batch.Status, took time.Duration, result string) {
	s.t.Helper()
	id := fmt.Sprintf("run-%d-%d", position, attempt)
	run := &batch.Observed{ID: id, Status: status, CreatedAt: noon, StartedAt: noon, EndedAt: noon.Add(took),
		Result: batch.Result{Raw: []byte(result), Size: int64(len(result))}}
	if took == 0 {
		run.StartedAt = noon.Add(time.Hour) // an absurd clock
	}
	s.append(
		batch.Event{Kind: batch.AttemptIntended, Position: position, Attempt: attempt, Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Position: position, Attempt: attempt, Run: &batch.Observed{ID: id, Status: batch.StatusPending}},
		batch.Event{Kind: batch.AttemptEnded, Position: position, Attempt: attempt, Run: run},
	)
}

func (s *story) judge(position, attempt int, v batch.Verdict) {
	s.t.Helper()
	s.append(batch.Event{Kind: batch.TaskJudged, Position: position, Attempt: attempt, Verdict: &v})
}

func (s *story) summary() batch.Summary {
	s.t.Helper()
	sum, err := s.Summary()
	if err != nil {
		s.t.Fatal(err)
	}
	return sum
}

var (
	runPassed = batch.Verdict{Outcome: batch.Passed}
	runFailed = batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "E: gone"}
)

// first is all that happens before the manifest is edited.
func (s *story) first() {
	s.t.Helper()
	s.run(0, 1, "COMPLETED", 90*time.Second, `{"title":"a"}`)
	s.judge(0, 1, runPassed)
	s.run(1, 1, "FAILED", 200*time.Second, "")
	s.append(batch.Event{Kind: batch.TaskRetried, Position: 1, Attempt: 1, Retries: 1, Of: 2, Verdict: &runFailed})
	s.run(2, 1, "FAILED", time.Minute, "")
	s.judge(2, 1, runFailed)
	s.run(3, 1, "COMPLETED", time.Minute, `{"title":"b"}`)
	s.judge(3, 1, runPassed)
	s.run(4, 1, "FAILED", time.Minute, "")
	s.judge(4, 1, runFailed)
	s.run(5, 1, "COMPLETED", time.Minute, `{"title":"c","passes":1}`)
	s.judge(5, 1, runPassed)
	s.append(batch.Event{Kind: batch.TaskReused, Position: 6, Verdict: &runPassed,
		Reuse: &batch.Reuse{Batch: s.earlier(), RunID: "run-0-9", EndedAt: noon.Add(-time.Hour), Attempt: 1}})
	s.run(7, 1, "COMPLETED", time.Minute, `{"title":"gone"}`)
	s.judge(7, 1, runPassed)
	s.run(8, 1, "COMPLETED", time.Minute, `{"title":"old"}`)
	s.judge(8, 1, runPassed)
	s.run(9, 1, "COMPLETED", 0, `{"title":"odd"}`)
	s.judge(9, 1, runPassed)
}

// earlier is the id of a batch whose first task has a result.
func (s *story) earlier() string {
	s.t.Helper()
	b, err := s.store.Begin(batch.Info{Name: "earlier", Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: noon, ManifestPath: "tasks.yaml"}, all(s.tasks[:1]))
	if err != nil {
		s.t.Fatal(err)
	}
	now := s.Batch
	s.Batch = b
	s.append(
		batch.Event{Kind: batch.AttemptIntended, Attempt: 1, Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Attempt: 1, Run: &batch.Observed{ID: "run-0-9"}},
		batch.Event{Kind: batch.AttemptEnded, Attempt: 1, Run: &batch.Observed{ID: "run-0-9", Status: "COMPLETED", Result: batch.Result{Raw: []byte(`{"title":"early"}`), Size: 17}}},
	)
	s.Batch = now
	return b.ID()
}

// edit moves the last task to the front, adds one, and takes one away.
func (s *story) edit() {
	s.t.Helper()
	var changes []batch.Change
	var left batch.Change
	for row, err := range s.Rows(0) {
		if err != nil {
			s.t.Fatal(err)
		}
		c := batch.Change{Class: batch.ClassKept, Task: s.tasks[row.Position], Row: row}
		switch row.ID {
		case "leaving":
			left = batch.Change{Class: batch.ClassLeft, Row: row}
			continue
		case "stale":
			c.Class, c.Task.Spec.Task = batch.ClassStale, "do something else"
		case "odd":
			added := s.tasks[0]
			added.ID, added.Spec.Task = "new", "do new"
			changes = append([]batch.Change{c, {Class: batch.ClassNew, Task: added}}, changes...)
			continue
		}
		changes = append(changes, c)
	}
	changes = append(changes, left)
	err := s.Continue(ledger.Continuation{At: s.at, Policy: storyPolicy, Message: "the manifest was edited"}, func(yield func(batch.Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// last is what happens then, to the end.
func (s *story) last() {
	s.t.Helper()
	s.run(1, 2, "COMPLETED", time.Minute, `{"title":"d"}`)
	s.judge(1, 2, runPassed)
	s.append(batch.Event{Kind: batch.AttemptIntended, Position: 10, Attempt: 1, Digest: "d"},
		batch.Event{Kind: batch.AttemptRejected, Position: 10, Attempt: 1, Message: "400 Bad Request"})
	s.judge(10, 1, batch.Verdict{Outcome: batch.Failed, Reason: batch.Rejected, Message: "400 Bad Request"})
	s.append(batch.Event{Kind: batch.BatchClosed, Position: -1})
}
