package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// cells are the columns of a table up to the results, without the times.
func (s *story) cells(o Options) string {
	s.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(renderedAs(s.t, CSV, o, s))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.Join(append(row[:6:6], row[9:]...), ",") + "\n")
	}
	return b.String()
}

func TestATableTellsMoneyRepetitionsAndReuse(t *testing.T) {
	s := newStory(t)
	s.first()
	waiting := "tried,pending,,FAILED,1,run-1-1,4,0.028000,,,,E: gone\n"
	if got := s.cells(Options{}); !strings.Contains(got, waiting) {
		t.Errorf("got\n%s, want the row %s", got, waiting)
	}
	s.edit()
	s.last()
	want := `id,outcome,reason,status,attempts,run_id,minutes,usd,passes,title,result.passes,error
odd,passed,,COMPLETED,1,run-9-1,,0.020000,,odd,,
new,failed,rejected,,1,,,,,,,400 Bad Request
plain,passed,,COMPLETED,1,run-0-1,2,0.024000,,a,,
tried,passed,,COMPLETED,2,run-1-2,5,0.050000,,d,,
flaky,failed,run_failed,FAILED,1,run-2-1,1,0.022000,,,,E: gone
rep,passed,,COMPLETED,3,run-3-1,3,0.066000,2/3,b,,
reused,passed,,,0,run-0-9,,,,early,,
stale,passed,,COMPLETED,1,run-8-1,1,0.022000,,old,,
leaving,passed,,COMPLETED,1,run-7-1,1,0.022000,,gone,,
`
	if diff := cmp.Diff(want, s.cells(Options{})); diff != "" {
		t.Error(diff)
	}
	want = strings.Replace(want, `rep,passed,,COMPLETED,3,run-3-1,3,0.066000,2/3,b,,
`, `rep#1,passed,,COMPLETED,1,run-3-1,1,0.022000,2/3,b,,
rep#2,failed,run_failed,FAILED,1,run-4-1,1,0.022000,2/3,,,E: gone
rep#3,passed,,COMPLETED,1,run-5-1,1,0.022000,2/3,c,1,
`, 1)
	if diff := cmp.Diff(want, s.cells(Options{Repetitions: true})); diff != "" {
		t.Errorf("a row for each member: %s", diff)
	}
}

// The rows of a table add up to what the ledger's own sums say.
func TestATableAddsUpToTheSummary(t *testing.T) {
	s := newStory(t)
	s.first()
	s.edit()
	s.last()
	var sum charge
	for rec, err := range s.Records(0) {
		if err != nil {
			t.Fatal(err)
		}
		c := chargeOfAll(rec)
		sum.paid, sum.usd = sum.paid+c.paid, sum.usd+c.usd
	}
	if got := s.summary(); got.Paid != sum.paid || got.Cost != sum.usd || got.Cost == 0 {
		t.Errorf("the ledger has %v and %v, the rows %v and %v", got.Paid, got.Cost, sum.paid, sum.usd)
	}
}

func TestRecordsTellAttemptsAndEdits(t *testing.T) {
	s := newStory(t)
	s.first()
	check := func(text string, want ...string) {
		t.Helper()
		valid(t, ResultSchema(), text)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("got\n%s, want %s", text, w)
			}
		}
	}
	failed := `"endedAt":"2026-03-01T12:03:20.000Z","sessionId":null,"cause":null,"outcome":"failed","reason":"run_failed","minutes":4,"usd":"0.028000","message":"E: gone"}`
	check(rendered(t, JSONL, s),
		`{"id":"tried","outcome":"pending","status":"FAILED","errors":[],"attempts":[{"runId":"run-1-1",`, failed+`],"run"`,
		`"group":"shop","tags":["flaky","slow"],"attempts"`,
		`"repeat":{"group":"rep","number":2,"times":3,"pass":2},"attempts"`,
		`{"id":"reused","outcome":"passed","status":null,"result":{"title":"early"},"errors":[],"reused":{"batch":"`,
		`","runId":"run-0-9","endedAt":"2026-03-01T11:00:00.000Z"},"attempts":[],"run"`)
	s.edit()
	s.last()
	check(rendered(t, JSONL, s),
		failed+`,{"runId":"run-1-2",`, `"outcome":"passed","minutes":1,"usd":"0.022000"}]`,
		`"stale":true,"attempts"`, `"left":true,"attempts"`,
		`{"id":"odd","outcome":"passed","status":"COMPLETED","result":{"title":"odd"},"errors":[],"attempts":[{"runId":"run-9-1",`, `"cause":null,"outcome":"passed","usd":"0.020000"}]`)
}

// A result that was judged and found wanting is not that of a task which waits
// for its next attempt.
func TestATaskToBeTriedAgainHasNoResult(t *testing.T) {
	s := newStory(t)
	invalid := batch.Verdict{Outcome: batch.Invalid, Message: "no"}
	s.run(0, 1, "COMPLETED", time.Minute, `{"title":"WANTING"}`)
	s.append(batch.Event{Kind: batch.TaskRetried, Position: 0, Attempt: 1, Retries: 1, Of: 1, Verdict: &invalid})
	for _, f := range []Format{CSV, JSONL} {
		if text := rendered(t, f, s); strings.Contains(text, "WANTING") {
			t.Errorf("got %s", text)
		}
	}
}

// What is streamed while members of a repetition are still at work is what is
// written at the end.
func TestStreamOfARepetition(t *testing.T) {
	s := newStory(t)
	var out bytes.Buffer
	stream := NewStream(&out, Options{}, s)
	for i := range s.tasks {
		s.run(i, 1, "COMPLETED", time.Minute, `{"title":"x"}`)
		s.judge(i, 1, runPassed)
		if err := stream.Advance(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "\n"); got != i+1 {
			t.Fatalf("got %d lines, want %d", got, i+1)
		}
	}
	s.append(batch.Event{Kind: batch.BatchClosed, Position: -1})
	if err := stream.Finish(true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rendered(t, JSONL, s), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestSummaryOfAStory(t *testing.T) {
	s := newStory(t)
	s.first()
	s.edit()
	s.last()
	var out strings.Builder
	if err := Summary(&out, s.summary(), SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	want := `not ok: 7 of 10 passed
  7 passed, 3 failed
  10 runs, 11m50s of run time, 13 minutes paid
  cost: $0.226 estimated, $0.072 of it on runs that did not pass
  first try: 5 of 10; 1 task took more than one run
  excused: 2 failed, allowed to fail by their tags (flaky) or of repetitions that passed as a whole
  stale input: 1 task passed with an input that the manifest no longer has (--rerun changed buys it anew)
  reused: 1 task has the result of an earlier batch; nothing was bought for it
  left: 1 task is no longer in the manifest; only runs and cost count it, and it comes last in the reports
  2 failed (excused): run_failed: E: gone, such as flaky
  1 failed: rejected: 400 Bad Request, such as new
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	var line bytes.Buffer
	if err := SummaryLine(&line, s.summary(), SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	objects(t, line.String())
	for _, w := range []string{
		`"excused":{"failed":2},"paidMinutes":13,"usd":"0.226000","wastedUsd":"0.072000","firstTry":5,"retried":1,"stale":1,"reused":1,"left":1`,
		`"example":"flaky","excused":2}`,
	} {
		if !strings.Contains(line.String(), w) {
			t.Errorf("got %s, want %s", line.String(), w)
		}
	}
}

// Every event that the ledger wrote is one that the schema describes.
func TestTheEventsOfAStoryAreDescribed(t *testing.T) {
	s := newStory(t)
	s.first()
	s.edit()
	s.append(batch.Event{Kind: batch.AttemptIntended, Position: 1, Attempt: 2, Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Position: 1, Attempt: 2, Run: &batch.Observed{ID: "r"}},
		batch.Event{Kind: batch.StopIntended, Position: 1, Attempt: 2, Why: batch.StopOrder, Message: "told"},
		batch.Event{Kind: batch.TaskRetried, Position: 1, Attempt: 2, Verdict: &batch.Verdict{Outcome: batch.Failed, Reason: batch.Stopped}},
		batch.Event{Kind: batch.TaskSkipped, Position: 1, Attempt: 2, Verdict: &batch.Verdict{Outcome: batch.Skipped, Message: "decided"}},
		batch.Event{Kind: batch.TaskRetried, Position: 2, Message: "ordered"})
	info, err := s.Info()
	if err != nil {
		t.Fatal(err)
	}
	var lines, words strings.Builder
	for e, err := range s.EventsAfter(0) {
		if err != nil {
			t.Fatal(err)
		}
		l := LoggedEvent{Seq: e.Seq, Batch: s.ID(), Task: e.Task, Event: e.Event, Info: info}
		lines.Write(l.Line())
		_, rest, _ := strings.Cut(l.Detail(), "  ")
		words.WriteString(rest + "\n")
	}
	objects(t, lines.String())
	for _, w := range []string{
		`"event":"task.retried","task":"tried","position":1,"attempt":1,"outcome":"failed","reason":"run_failed","message":"E: gone","retries":1,"of":2,"after":"2026-03-01T12:00:`,
		`"event":"task.changed","task":"stale","position":8,"attempt":1,"stale":true`,
		`"policy":{"price":{"perRun":"0.020000","perMinute":"0.002000","roundUpSeconds":60},"allowFail":["flaky"]}`,
		`"reused":{"batch":"`, `"why":"order"`,
	} {
		if !strings.Contains(lines.String(), w) {
			t.Errorf("got\n%s\nwant %s", lines.String(), w)
		}
	}
	for _, w := range []string{
		"task.retried  tried  attempt 1  pending  retry 1 of 2 in 30s: run_failed: E: gone\n",
		"task.retried  tried  attempt 2  pending  pending again: stopped\n",
		"task.retried  flaky  ordered\n",
		"task.skipped  tried  attempt 2  skipped  decided\n",
		"task.changed  stale  attempt 1  stale input\n",
		"task.left  leaving  attempt 1\n",
		"stop.intended  tried  attempt 2  order  told\n",
		"batch.continued  the manifest was edited\n",
	} {
		if !strings.Contains(words.String(), w) {
			t.Errorf("got\n%s\nwant %s", words.String(), w)
		}
	}
}
