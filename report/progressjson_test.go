package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/report/terminaltest"
	"github.com/bbbatch/bbbatch/schema"
)

// valid checks every line against a schema.
func valid(t *testing.T, described []byte, text string) {
	t.Helper()
	s, err := schema.Compile(described, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		for _, p := range s.Validate([]byte(line)) {
			t.Errorf("%s: %s: %s", line, p.InstancePath, p.Message)
		}
	}
}

// objects checks every line against the schema and returns its event.
func objects(t *testing.T, text string) (kinds []string) {
	t.Helper()
	valid(t, EventSchema(), text)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		var o struct{ Event string }
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		kinds = append(kinds, o.Event)
	}
	return kinds
}

// In mode JSON it is said where the batch stands at the beginning, once a second
// while that changes, every 30 s while it does not, and at the end.
func TestSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := terminaltest.New(0, t.Errorf)
		p := NewProgress(s, ProgressOptions{Mode: JSON, Batch: "0123abcd", Total: 40, Started: map[batch.Outcome]int{batch.Passed: 1},
			Price: &batch.Price{}, Cost: 2_500_000})
		synctest.Wait()
		time.Sleep(50 * time.Millisecond) // not when a second is full
		for i := range 20 {
			p.Event(intended(i))
			p.Event(passed(i))
			time.Sleep(100 * time.Millisecond)
		}
		p.Line("a %s", "message")
		p.Warn("careful")
		p.Event(batch.Event{Kind: batch.BatchHalted, Position: -1, Message: "no quota"})
		time.Sleep(65 * time.Second)
		p.Close()
		p.Line("later")
		got := strings.Join(objects(t, s.Text()), " ")
		want := "progress progress progress message warning warning progress progress progress message"
		if got != want {
			t.Errorf("got %s, want %s:\n%s", got, want, s.Text())
		}
		if !strings.Contains(s.Text(), `"event":"progress","total":40,"counts":{"passed":21},"inFlight":0,"elapsedSeconds":67`) || !strings.Contains(s.Text(), `"usd":"2.500000"}`) {
			t.Errorf("the end is not told:\n%s", s.Text())
		}
	})
}

// Lines are objects without snapshots where only lines are asked for.
func TestObjectsOnly(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, ProgressOptions{Objects: true})
	p.Warn("careful")
	p.Close()
	if got := objects(t, out.String()); len(got) != 1 || got[0] != "warning" {
		t.Errorf("got %v, want one warning", got)
	}
}

func TestSummaryLine(t *testing.T) {
	var out bytes.Buffer
	s := batch.Summary{
		Info: batch.Info{ID: "0123abcd", Total: 3, Halted: "x\u202e"}, Counts: map[batch.Outcome]int{batch.Passed: 1, batch.Failed: 2, batch.Unknown: 0},
		Runs: 3, RunTime: 1500 * time.Millisecond, Kinds: 5, Leaked: 1,
		Failures: []batch.Failure{{Outcome: batch.Failed, Reason: batch.Deadline, Message: "late", Count: 2, Example: "a"}},
	}
	if err := SummaryLine(&out, s, SummaryOptions{Reports: []string{"a.csv"}, Next: "again"}); err != nil {
		t.Fatal(err)
	}
	objects(t, out.String())
	var judged bytes.Buffer
	s.Whole = []batch.WholeVerdict{{Expectation: batch.Expectation{That: "passed > 1"}, Message: "it is 1", Values: []byte(`{"passed":1}`)}}
	if err := SummaryLine(&judged, s, SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	objects(t, judged.String())
	if want := `"batchExpect":[{"that":"passed > 1","holds":false,"message":"it is 1","values":{"passed":1}}]`; !strings.Contains(judged.String(), want) {
		t.Errorf("got %s, want %s in it", judged.String(), want)
	}
	_, got, _ := strings.Cut(out.String(), `"event"`)
	want := `:"summary","ok":false,"total":3,"counts":{"failed":2,"passed":1},"runs":3,"runSeconds":1.5,"firstTry":0,"retried":0,"stale":0,"reused":0,"left":0,"halted":"x` + "\ufffd" + `",` +
		`"failures":[{"outcome":"failed","reason":"deadline","message":"late","count":2,"example":"a"}],"failureKinds":5,"leaked":1,"reports":["a.csv"],"next":"again"}` + "\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Every event of the ledger, with nothing and with everything that its kind may
// have, is one that the schema describes.
func TestEventsAreDescribed(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	run := &batch.Observed{ID: "r", Status: "NEW_WORD", SessionID: "s", AgentID: "g", CreatedAt: at, StartedAt: at, EndedAt: at,
		Cause: &batch.Cause{Code: "c", Message: "m"}, Result: batch.Result{Raw: []byte("SECRET"), Size: 6}}
	verdict := &batch.Verdict{Outcome: batch.Invalid, Message: "got SECRET", Candidates: []string{"r"}, Leaked: []string{"NAME"},
		Problems: []schema.Problem{{InstancePath: "/a", Keyword: "type", Message: "got SECRET", Actual: []byte(`"SECRET"`)}}}
	task := func(k batch.Kind) batch.Event {
		return batch.Event{Kind: k, Position: 3, Attempt: 1, At: at, Message: "why"}
	}
	retry := task(batch.TaskRetried)
	retry.Message, retry.Verdict, retry.Retries, retry.Of, retry.After = "", verdict, 1, 2, at
	changed := task(batch.TaskChanged)
	changed.Then, changed.Stale = batch.StateEnded, true
	reused := task(batch.TaskReused)
	reused.Message, reused.Verdict, reused.Reuse = "", &batch.Verdict{Outcome: batch.Failed, Reason: batch.Lost, Leaked: []string{"NAME"}}, &batch.Reuse{Batch: "0123abcd", RunID: "r"}
	skip := task(batch.TaskSkipped)
	skip.Message, skip.Verdict = "", &batch.Verdict{Outcome: batch.Skipped, Message: "why"}
	stop := task(batch.StopIntended)
	stop.Why = batch.StopDeadline
	share, err := batch.ParseShare("2.5%")
	if err != nil {
		t.Fatal(err)
	}
	policy := &batch.Policy{
		Price: &batch.Price{PerRun: 1, PerMinute: 2, RoundUp: time.Second}, Budget: batch.Budget{Runs: 1, Time: time.Minute, USD: 3},
		Canary: batch.Canary{Tasks: 4, Pass: &share}, Halt: batch.Halt{Failures: &share, Min: 5, PerGroup: true},
		FailFast: true, MaxTime: time.Hour, Accept: &share, AllowFail: []string{"t"},
		Expect: &batch.Checks{Expect: []batch.Expectation{{That: "passed > 1", Because: "why"}, {That: "true"}}},
	}
	wrong := &batch.Verdict{Outcome: batch.Wrong, Message: "is false: it is SECRET", Problems: []schema.Problem{
		{Kind: "expect", Keyword: "expect", Expression: "result.a > 1", Message: "is false: it is SECRET", Values: []byte(`{"result.a":"SECRET"}`)}}}
	whole := []batch.WholeVerdict{
		{Expectation: batch.Expectation{That: "passed > 1"}, Holds: true},
		{Expectation: batch.Expectation{That: `unique("result.a")`, Because: "why"}, Message: `"SECRET" is the value of a and b`, Values: []byte(`{"a":"SECRET"}`)},
	}
	events := []batch.Event{
		retry, changed, reused, skip, stop,
		{Kind: batch.TaskRetried, Position: 3, At: at}, {Kind: batch.TaskChanged, Position: 3, At: at}, {Kind: batch.TaskLeft, Position: 3, At: at},
		{Kind: batch.BatchOpened, Position: -1, At: at, Policy: policy}, {Kind: batch.BatchContinued, Position: -1, At: at, Policy: policy, Message: "why"},
		{Kind: batch.BatchContinued, Position: -1, At: at, Policy: &batch.Policy{}},
		{Kind: batch.BatchContinued, Position: -1, At: at, Policy: &batch.Policy{Budget: batch.Budget{USD: 3}, Price: &batch.Price{}}},
		{Kind: batch.BatchOpened, Position: -1, At: at}, {Kind: batch.BatchContinued, Position: -1, At: at},
		{Kind: batch.TaskAdded, Position: 0, Last: 999, At: at}, {Kind: batch.BatchHalted, Position: -1, At: at, Message: "why"},
		{Kind: batch.BatchClosed, Position: -1, At: at}, {Kind: batch.AgentRead, Position: -1, At: at, Agent: "g"},
		task(batch.AttemptUnknown), task(batch.AttemptRejected), task(batch.StopIntended),
		{Kind: batch.AttemptIntended, Position: 3, Attempt: 1, At: at, Digest: "d", Marker: "m"},
		{Kind: batch.AttemptAdopted, Position: 3, Attempt: 1, At: at, Run: run, Message: "why"},
		{Kind: batch.AttemptStarted, Position: 3, Attempt: 1, At: at, Run: run}, {Kind: batch.RunObserved, Position: 3, Attempt: 1, At: at, Run: run},
		{Kind: batch.AttemptEnded, Position: 3, Attempt: 1, At: at, Run: run},
		{Kind: batch.TaskJudged, Position: 3, Attempt: 1, At: at, Verdict: verdict},
		{Kind: batch.TaskJudged, Position: 3, At: at, Verdict: &batch.Verdict{Outcome: batch.NotStarted}},
		{Kind: batch.TaskJudged, Position: 3, Attempt: 1, At: at, Verdict: wrong},
		{Kind: batch.BatchClosed, Position: -1, At: at, Whole: whole},
	}
	var out bytes.Buffer
	for i, e := range events {
		l := LoggedEvent{Seq: int64(i + 1), Batch: "0123abcd", Event: e, Info: batch.Info{Name: "n", Provider: "local"}}
		if e.Position >= 0 && e.Kind != batch.TaskAdded {
			l.Task = "sku"
		}
		out.Write(l.Line())
	}
	kinds := map[string]bool{}
	for _, k := range objects(t, out.String()) {
		kinds[k] = true
	}
	if len(kinds) != 20 {
		t.Errorf("got %d kinds, want 20", len(kinds))
	}
	for _, want := range []string{
		`"outcome":"wrong","problems":1,"message":"expect: result.a > 1"}`,
		`"batchExpect":[{"that":"passed > 1","holds":true},{"that":"unique(\"result.a\")","because":"why","holds":false}]}`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got no %s in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "SECRET") {
		t.Errorf("a result is in an event:\n%s", out.String())
	}
}
