package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// The program writes of a stored batch, with a price, a repetition and a second
// try, the bytes that its ledger gives.
func TestReportsOfAPricedBatch(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	store, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := store.Begin(batch.Info{Name: "main", Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: at, ManifestPath: "tasks.yaml",
		Policy: batch.Policy{Price: &batch.Price{PerRun: 20_000, PerMinute: 2_000, RoundUp: time.Minute}}},
		func(yield func(batch.Task, error) bool) {
			for i, id := range []string{"a#1", "a#2"} {
				repeat := &batch.Repetition{Group: "a", Number: i + 1, Times: 2, Pass: 1}
				if !yield(batch.Task{Position: i, ID: id, Template: "tasks[0]", Spec: batch.Spec{Task: "do a"}, Repeat: repeat}, nil) {
					return
				}
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	failed, passed := &batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "gone"}, &batch.Verdict{Outcome: batch.Passed}
	run := func(id string, status batch.Status) *batch.Observed {
		return &batch.Observed{ID: id, Status: status, StartedAt: at, EndedAt: at.Add(200 * time.Second)}
	}
	err = b.Append(
		batch.Event{Kind: batch.AttemptIntended, At: at, Attempt: 1},
		batch.Event{Kind: batch.AttemptStarted, At: at, Attempt: 1, Run: run("r1", "RUNNING")},
		batch.Event{Kind: batch.AttemptEnded, At: at, Attempt: 1, Run: run("r1", "FAILED")},
		batch.Event{Kind: batch.TaskRetried, At: at, Attempt: 1, Retries: 1, Of: 1, Verdict: failed},
		batch.Event{Kind: batch.AttemptIntended, At: at, Attempt: 2},
		batch.Event{Kind: batch.AttemptStarted, At: at, Attempt: 2, Run: run("r2", "RUNNING")},
		batch.Event{Kind: batch.AttemptEnded, At: at, Attempt: 2, Run: run("r2", "COMPLETED")},
		batch.Event{Kind: batch.TaskJudged, At: at, Attempt: 2, Verdict: passed},
		batch.Event{Kind: batch.TaskSkipped, At: at, Position: 1, Verdict: &batch.Verdict{Outcome: batch.Skipped, Message: "a has passed"}},
		batch.Event{Kind: batch.BatchClosed, At: at, Position: -1},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := map[report.Format]string{}
	for _, f := range []report.Format{report.CSV, report.JSONL} {
		var out bytes.Buffer
		if err := report.Write(&out, f, report.Options{}, b); err != nil {
			t.Fatal(err)
		}
		want[f] = out.String()
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	table := "id,outcome,reason,status,attempts,run_id,started_at,ended_at,seconds,minutes,usd,passes,error\n" +
		"a,passed,,COMPLETED,2,r2,2026-03-04T05:06:07.000Z,2026-03-04T05:09:27.000Z,200.000,8,0.056000,1/2,\n"
	if want[report.CSV] != table {
		t.Errorf("got\n%s, want\n%s", want[report.CSV], table)
	}
	for f, text := range want {
		var stdout, stderr bytes.Buffer
		sys := Sys{Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Now: time.Now}
		if code := Main([]string{"report", "--state", dir, "-o", string(f) + ":-"}, sys); code != exitOK {
			t.Errorf("%s: exit code %d: %s", f, code, stderr.String())
		}
		if stdout.String() != text {
			t.Errorf("got\n%s, want\n%s", stdout.String(), text)
		}
	}
}
