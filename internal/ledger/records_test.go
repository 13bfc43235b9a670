package ledger

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
	"github.com/bbbatch/bbbatch/schema"
)

func records(t *testing.T, b *Batch) []batch.Record {
	t.Helper()
	var got []batch.Record
	for r, err := range b.Records(0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	return got
}

// What was appended comes back, whole: two attempts, a cause, a verdict with
// problems whose values are not even JSON.
func TestRecord(t *testing.T) {
	dir := t.TempDir()
	b := begin(t, openStore(t, dir), "main", ledgertest.Tasks(2)...)
	now := ledgertest.Start()
	cause := &batch.Cause{Code: "E<1>", Message: "went \u2028 wrong & how"}
	verdict := batch.Verdict{
		Outcome: batch.Invalid, Message: "price <must> be above 0",
		Problems: []schema.Problem{
			{Kind: "schema", InstancePath: "/price", Keyword: "exclusiveMinimum", Message: "must be above 0", Expected: []byte(`0`), Actual: []byte(`1.50e400`)},
			{Kind: "size", Message: "cut", Actual: []byte(`{"cut": "of`)},
		},
		Schema: "digest", Unwrapped: true, Leaked: []string{"PASSWORD"}, Candidates: []string{"r"},
	}
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: 1, Attempt: 1, At: now},
		batch.Event{Kind: batch.AttemptRejected, Position: 1, Attempt: 1, Message: "429"},
		batch.Event{Kind: batch.AttemptIntended, Position: 1, Attempt: 2, At: now},
		batch.Event{Kind: batch.AttemptUnknown, Position: 1, Attempt: 2, Message: "EOF"},
		batch.Event{Kind: batch.AttemptStarted, Position: 1, Attempt: 2, Run: &batch.Observed{
			ID: "r", Status: batch.StatusPending, SessionID: "s", CreatedAt: now.Add(1)}},
		batch.Event{Kind: batch.AttemptEnded, Position: 1, Attempt: 2, Run: &batch.Observed{
			ID: "r", Status: batch.StatusFailed, Cause: cause, StartedAt: now.Add(2), EndedAt: now.Add(3),
			Result: batch.Result{Raw: []byte("{ \"price\": 0.00 }\n")}}},
		batch.Event{Kind: batch.TaskJudged, Position: 1, Attempt: 2, Verdict: &verdict},
	)
	task := ledgertest.Tasks(2)[1]
	verdict.Problems[1].Actual = []byte(`"{\"cut\": \"of"`)
	want := batch.Record{
		Position: 1, Place: 1, ID: "task-1", Template: "tasks[0]", State: batch.StateDone, Outcome: batch.Invalid,
		Row: []byte(`{"sku":"1"}`), Run: task.Spec.RunFingerprint(), Judge: task.JudgeFingerprint(), Verdict: verdict,
		Result: batch.Result{Raw: []byte("{ \"price\": 0.00 }\n"), Size: 18},
		Attempts: []batch.Attempt{
			{Number: 1, IntendedAt: now, Message: "429"},
			{Number: 2, RunID: "r", Status: batch.StatusFailed, SessionID: "s", Cause: cause,
				IntendedAt: now, CreatedAt: now.Add(1), StartedAt: now.Add(2), EndedAt: now.Add(3), Outcome: batch.Invalid},
		},
		BatchID: b.ID(), StateDir: dir,
	}
	got := records(t, b)
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got[0].Outcome != batch.Pending || got[0].Attempts != nil || got[0].Result.Present() {
		t.Errorf("the other task: got %+v", got[0])
	}
}

// inEveryState brings tasks 0 to 5 into the six states.
func inEveryState(t *testing.T, b *Batch) {
	t.Helper()
	for i := 1; i < 6; i++ {
		mustAppend(t, b, wholeWay(i, []byte("1"))[0])
	}
	mustAppend(t, b, batch.Event{Kind: batch.AttemptUnknown, Position: 2, Attempt: 1, Message: "EOF"})
	mustAppend(t, b, wholeWay(3, nil)[1])
	mustAppend(t, b, wholeWay(4, []byte("1"))[1:3]...)
	mustAppend(t, b, wholeWay(5, []byte("1"))[1:]...)
}

// What an observation leaves out, an earlier one may have said.
func TestLaterObservationsForgetNothing(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(1)...)
	now := ledgertest.Start()
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Attempt: 1, At: now},
		batch.Event{Kind: batch.AttemptStarted, Attempt: 1, Run: &batch.Observed{ID: "r", CreatedAt: now}},
		batch.Event{Kind: batch.RunObserved, Attempt: 1, Run: &batch.Observed{
			Status: batch.StatusRunning, SessionID: "s", StartedAt: now, Cause: &batch.Cause{Code: "c"}}},
		batch.Event{Kind: batch.AttemptEnded, Attempt: 1, Run: &batch.Observed{Status: batch.StatusFailed}},
	)
	want := []batch.Attempt{{
		Number: 1, RunID: "r", Status: batch.StatusFailed, SessionID: "s", Cause: &batch.Cause{Code: "c"},
		IntendedAt: now, CreatedAt: now, StartedAt: now,
	}}
	if diff := cmp.Diff(want, records(t, b)[0].Attempts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDisplayOutcomes(t *testing.T) {
	const (
		passed, unknown, not, pending, running = batch.Passed, batch.Unknown, batch.NotStarted, batch.Pending, batch.Running
	)
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(6)...)
	inEveryState(t, b)
	for _, step := range []struct {
		kind batch.Kind
		want []batch.Outcome // of pending, starting, unsure, running, ended, done
	}{
		{"", []batch.Outcome{pending, running, running, running, running, passed}},
		{batch.BatchHalted, []batch.Outcome{not, running, running, running, running, passed}},
		{batch.BatchContinued, []batch.Outcome{pending, running, running, running, running, passed}},
		{batch.BatchClosed, []batch.Outcome{not, unknown, unknown, running, running, passed}},
	} {
		if step.kind != "" {
			mustAppend(t, b, batch.Event{Kind: step.kind, Position: -1, Message: "because"})
		}
		var got []batch.Outcome
		counts := map[batch.Outcome]int{}
		for _, r := range records(t, b) {
			got = append(got, r.Outcome)
			counts[r.Outcome]++
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", step.kind, diff)
		}
		s, err := b.Summary()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(counts, s.Counts); diff != "" {
			t.Errorf("after %q, counts (-records +summary):\n%s", step.kind, diff)
		}
	}
}

func TestSummary(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(12)...)
	now := ledgertest.Start()
	absurd := []time.Time{now.Add(-time.Hour), now.AddDate(200, 0, 0), {}}
	for i := range 12 {
		way := wholeWay(i, []byte("1"))
		way[2].Run.EndedAt = now.Add(90 * time.Second)
		if i < len(absurd) {
			way[2].Run.EndedAt = absurd[i]
			way[1].Run.EndedAt = time.Time{}
		}
		v := &batch.Verdict{Outcome: batch.Invalid, Message: fmt.Sprintf("/items/%d/price: %d.50 is too small", i, i)}
		switch {
		case i == 11:
			v = &batch.Verdict{Outcome: batch.Passed, Leaked: []string{"A", "B"}}
		case i >= 9:
			v = &batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "boom"}
		case i == 8:
			v = &batch.Verdict{Outcome: batch.Failed, Reason: batch.Stopped, Message: "boom"}
		case i == 7:
			v = &batch.Verdict{Outcome: batch.Unknown, Message: "boom"}
		}
		if i == 5 {
			way[2].Run.StartedAt = now.Add(60 * time.Second) // it waited for a browser
		}
		way[3].Verdict = v
		mustAppend(t, b, way...)
	}
	got, err := b.Summary()
	if err != nil {
		t.Fatal(err)
	}
	info, err := b.Info()
	if err != nil {
		t.Fatal(err)
	}
	want := batch.Summary{
		Info:     info,
		Counts:   map[batch.Outcome]int{batch.Passed: 1, batch.Invalid: 7, batch.Failed: 3, batch.Unknown: 1},
		Runs:     12,
		RunTime:  8*90*time.Second + 30*time.Second,
		FirstTry: 1,
		Excused:  map[batch.Outcome]int{},
		Leaked:   1,
		Kinds:    4,
		Failures: []batch.Failure{
			{Outcome: batch.Invalid, Message: "/items/0/price: 0.50 is too small", Count: 7, Example: "task-0"},
			{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "boom", Count: 2, Example: "task-9"},
			{Outcome: batch.Unknown, Message: "boom", Count: 1, Example: "task-7"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Records of many large results come in pages, from rows and from files alike.
func TestRecordsOfLargeResults(t *testing.T) {
	dir := t.TempDir()
	b := begin(t, openStore(t, dir), "main", ledgertest.Tasks(14)...)
	for i := range 14 {
		raw := bytes.Repeat([]byte{byte('a' + i)}, rowLimit+i%2)
		mustAppend(t, b, wholeWay(i, raw)[:3]...)
	}
	for i, r := range records(t, b) {
		if r.Position != i || r.Result.Size != int64(rowLimit+i%2) {
			t.Errorf("got record %d with %d bytes at %d", r.Position, r.Result.Size, i)
		}
		if want := i%2 == 1; want != (r.Result.File != "") || want != (r.Result.Raw == nil) {
			t.Errorf("task %d: got %d bytes and file %q", i, len(r.Result.Raw), r.Result.File)
		}
	}
	want := filepath.Join(dir, "results", b.ID(), "3-1.json")
	if got, err := b.Result(3, 1); err != nil || got.File != want {
		t.Errorf("got %q, %v, want %q", got.File, err, want)
	}
	n := 0
	for r, err := range b.Records(12) {
		if err != nil || r.Position != 12+n {
			t.Errorf("from 12: got %d, %v", r.Position, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("from 12: got %d records, want 2", n)
	}
}

func TestSignature(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""},
		{"boom", "boom"},
		{"price: 12.50 is too small", "price: # is too small"},
		{"run 3b241101-e2bb-4255-8caf-4136c566a962 is gone", "run # is gone"},
		{"/items/0/name: must be a string", "/items/#/name: must be a string"},
		{"at 2026-03-04T05:06:07Z", "at #:#:#"},
		{"größe 5", "größe #"},
		{"\xff", "\uFFFD"},
		{strings.Repeat("ü", 4000), strings.Repeat("ü", signatureLimit/2)},
	} {
		if got := signature(c[0]); got != c[1] {
			t.Errorf("%.40q: got %q, want %q", c[0], got, c[1])
		}
	}
}
