//go:build unix

package cli_test

import (
	"iter"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// made is a ledger with what takes long to come about: repetitions, retries that
// are waited for, orders to stop, edits and results that were taken over, at a
// price.
func made(t *testing.T) (state string) {
	t.Helper()
	state = t.TempDir()
	s, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	at := time.Now().UTC().Add(-time.Hour)
	price := &batch.Price{PerRun: 1000, PerMinute: 50_000, RoundUp: time.Minute}
	begin := func(name string, tasks ...batch.Task) *ledger.Batch {
		for i := range tasks {
			tasks[i].Position, tasks[i].Template = i, "tasks[0]"
			tasks[i].Spec.Task = "do " + tasks[i].ID
		}
		b, err := s.Begin(batch.Info{Name: name, Provider: "browserbase", BaseURL: "https://x.invalid", OpenedAt: at, ManifestPath: "tasks.yaml",
			Policy: batch.Policy{Price: price}}, all(tasks))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	add := func(b *ledger.Batch, events ...batch.Event) {
		for _, e := range events {
			if e.At.IsZero() {
				e.At = at
			}
			if err := b.Append(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := func(position, attempt int, id string, length time.Duration, status batch.Status) []batch.Event {
		began := batch.Observed{ID: id, Status: batch.StatusRunning, CreatedAt: at, StartedAt: at}
		ended := began
		ended.Status, ended.EndedAt, ended.Result = status, at.Add(length), batch.Result{Raw: []byte(`{"ok":true}`)}
		return []batch.Event{
			{Kind: batch.AttemptIntended, Position: position, Attempt: attempt}, {Kind: batch.AttemptStarted, Position: position, Attempt: attempt, Run: &began},
			{Kind: batch.AttemptEnded, Position: position, Attempt: attempt, Run: &ended},
		}
	}
	passed := &batch.Verdict{Outcome: batch.Passed}
	failed := &batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "BOOM"}
	member := func(n int) batch.Task {
		return batch.Task{ID: "rep#" + string(rune('0'+n)), Tags: []string{"nightly"}, Group: "eu", Repeat: &batch.Repetition{Group: "rep", Number: n, Times: 3, Pass: 2}}
	}
	old := begin("old", batch.Task{ID: "a"})
	add(old, run(0, 1, "run-old", 90*time.Second, batch.StatusCompleted)...)
	add(old, batch.Event{Kind: batch.TaskJudged, Position: 0, Attempt: 1, Verdict: passed}, batch.Event{Kind: batch.BatchClosed, Position: -1})

	b := begin("prices", member(1), member(2), member(3), batch.Task{ID: "waits"}, batch.Task{ID: "reused"}, batch.Task{ID: "stale"}, batch.Task{ID: "gone"})
	add(b, run(0, 1, "r0", 61*time.Second, batch.StatusCompleted)...)
	add(b, batch.Event{Kind: batch.TaskJudged, Position: 0, Attempt: 1, Verdict: passed})
	add(b, run(1, 1, "r1", 30*time.Second, batch.StatusFailed)...)
	add(b, batch.Event{Kind: batch.TaskJudged, Position: 1, Attempt: 1, Verdict: failed})
	stopped := run(3, 1, "r3", 10*time.Second, batch.StatusStopped)
	add(b, stopped[:2]...)
	add(b, batch.Event{Kind: batch.StopIntended, Position: 3, Attempt: 1, Why: batch.StopOrder}, stopped[2])
	add(b, batch.Event{Kind: batch.TaskRetried, Position: 3, Attempt: 1, Verdict: failed, Retries: 2, After: time.Now().Add(time.Hour)})
	add(b, batch.Event{Kind: batch.TaskReused, Position: 4, Verdict: passed, Reuse: &batch.Reuse{Batch: old.ID(), RunID: "run-old", EndedAt: at, Attempt: 1}})
	add(b, run(5, 1, "r5", time.Second, batch.StatusCompleted)...)
	add(b, batch.Event{Kind: batch.TaskJudged, Position: 5, Attempt: 1, Verdict: passed})
	var changes []batch.Change
	for row, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		class := map[string]batch.Class{"stale": batch.ClassStale, "gone": batch.ClassLeft}[row.ID]
		if class == "" {
			class = batch.ClassKept
		}
		task := batch.Task{ID: row.ID, Template: row.Template, Spec: batch.Spec{Task: row.Text}, Group: row.Group, Repeat: row.Repeat}
		if row.Repeat != nil {
			task.Tags = []string{"nightly"}
		}
		changes = append(changes, batch.Change{Class: class, Task: task, Row: row})
	}
	if err := b.Continue(ledger.Continuation{At: at, Policy: batch.Policy{Price: price}}, all(changes)); err != nil {
		t.Fatal(err)
	}
	return state
}

func all[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// cli.md "show", "list": everything known of a task, and what batches cost.
func TestWhatALedgerTells(t *testing.T) {
	state := made(t)
	for _, c := range []struct {
		args string
		want string
	}{
		{"show waits", `(?s)^waits: pending\n.*  retries       2 used up\n  next attempt  not before .*attempt 1: STOPPED\n.*  stopped       .* by us, as ordered\n  outcome       failed: run_failed\n  cost          \$0.051 estimated, for 1m0s\n`},
		{"show waits --json", `"state":"pending","retries":2,"nextAttemptAt":"20.*"event":"stop.intended","attempt":1,"why":"order"\}.*"event":"task.retried","attempt":1,.*"retries":2,"after":"20`},
		{"show reused", `  reused        the result of run run-old of batch [0-9a-f]{8}, which ended 20`},
		{"show stale", `  stale         it passed with an input that the manifest no longer has\n`},
		{"show gone", `(?s)^gone: skipped: the manifest no longer has it\n.*  place         left: the manifest no longer has it; it was from tasks\[0\] in tasks.yaml\n`},
		{"show rep#2", `(?s)  group         eu\n  tags          nightly\n  repetition    2 of 3 of rep, of which 2 must pass\n.*  outcome       failed: run_failed\n  cost          \$0.051 estimated, for 1m0s\n`},
		{"show rep#1", `  cost          \$0.101 estimated, for 2m0s\n`},
		{"show rep", `^rep: undecided: 1 of 3 passed, 2 must\n  batch [0-9a-f]{8} of prices, opened .*\n  rep#1: passed\n  rep#2: failed: run_failed: BOOM\n  rep#3: pending\n$`},
		{"show rep --json", `^\{"id":"rep","verdict":"undecided","passes":1,"pass":2,"times":3,"batch":"[0-9a-f]{8}","members":\[\{"id":"rep#1",.*\},\{"id":"rep#2",.*\},\{"id":"rep#3",.*\}\]\}\n$`},
		{"list", `(?m)^[0-9a-f]{8}  .*  prices\n.* 6 tasks; 4 runs, 1m42s of run time, 5m0s paid for, \$0.254 estimated,\s+\$0.102 of it on runs that did not pass$`},
		{"list", `\n2 batches: 4 of 7 tasks passed; 5 runs, 3m12s of run time, 7m0s paid for, \$0.355 estimated, \$0.102 of it on runs that did not pass\n$`},
		{"list --json", `"name":"prices",.*"runs":4,"runSeconds":102,"minutes":5,"usd":"0.254000","usdNotPassed":"0.102000"\}\n`},
		{"status", `  4 runs, 1m42s of run time, 5m0s paid for, \$0.254 estimated, \$0.102 of it on runs that did not pass\n`},
		{"status --json", `"usd":"0.254000","usdNotPassed":"0.102000","now":`},
	} {
		cmd := bbbatch("", strings.Fields(c.args+" --state "+state)...)
		out, err := cmd.Output()
		if exit, ok := err.(*exec.ExitError); ok {
			t.Errorf("%s: %v: %s", c.args, err, exit.Stderr)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("%s: got\n%s\nwant %s", c.args, out, c.want)
		}
	}
}
