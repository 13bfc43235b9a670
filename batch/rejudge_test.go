package batch

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/schema"
)

// Stored makes a memory a RejudgeLedger.
func (m *memory) Stored(position int) (Stored, error) {
	return Stored{Verdict: m.verdict(position), Reuse: m.facts[position].Reuse}, nil
}

// judgedBefore is a batch of four tasks that have their verdicts.
func judgedBefore(t *testing.T, change func(*Task)) (*memory, []Task) {
	t.Helper()
	all := tasks(t, 4)
	for i := range all {
		change(&all[i])
	}
	l := newMemory(all)
	for i, o := range []Outcome{Passed, Invalid, Wrong, Failed} {
		result := []string{`{"ok":true,"n":true}`, `{"ok":true}`, `{"ok":false,"n":true,"x":"open sesame"}`, `{"ok":true}`}[i]
		l.rows[i].State, l.rows[i].Outcome, l.rows[i].Attempt, l.rows[i].Status = StateDone, o, 1, StatusCompleted
		l.results[i] = Result{Raw: json.RawMessage(result), Size: int64(len(result))}
		l.events = append(l.events, Event{Kind: TaskJudged, Position: i, Verdict: &Verdict{Outcome: o}})
	}
	return l, all
}

func rejudge(t *testing.T, c RejudgeConfig) (again []Rejudged, words []string) {
	t.Helper()
	for r, err := range Rejudge(c) {
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, r)
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s: %s -> %s: %s", r.Row.ID, r.Was.Outcome, r.Is.Outcome, r.Is.Message)))
	}
	return again, words
}

// Those that passed, are invalid or wrong are judged again, by what they have.
func TestRejudgeAsksAgain(t *testing.T) {
	l, _ := judgedBefore(t, func(task *Task) { task.Checks = expect("ok") })
	compile, compiled, _ := asking()
	_, got := rejudge(t, RejudgeConfig{Ledger: l, Checker: compile})
	want := []string{"t1: passed -> passed:", "t2: invalid -> passed:", "t3: wrong -> wrong: is false: ok (it is false)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if *compiled != 1 {
		t.Errorf("compiled %d times", *compiled)
	}
}

// Another manifest's expectations judge, with what its data says.
func TestRejudgeByOtherExpectations(t *testing.T) {
	l, all := judgedBefore(t, func(task *Task) { task.Hidden = map[string]string{"word": ""} })
	for i := range all {
		all[i].Checks = &Checks{Expect: []Expectation{{That: "n"}, {That: "row.max"}}}
		all[i].Row = json.RawMessage(`{"max":"2"}`)
		all[i].Hidden = map[string]string{"word": "open sesame"}
	}
	compile, _, seen := asking()
	again, got := rejudge(t, RejudgeConfig{Ledger: l, Tasks: sequence(all), Checker: compile})
	want := []string{
		"t1: passed -> wrong: is false: row.max (it is <nil>)",
		"t2: invalid -> wrong: is false: n (it is <nil>) (and 1 more)",
		"t3: wrong -> wrong: is false: row.max (it is <nil>)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, r := range again {
		if !r.Edited || r.Checks != all[i].Checks || r.Facts == nil || string(r.Facts.Row) != `{"max":"2"}` || r.Judge != all[i].JudgeFingerprint() {
			t.Errorf("%s: got %+v, want all that judges it now", r.Row.ID, r)
		}
	}
	for _, about := range *seen {
		if string(about.Row) != `{"max":"2"}` {
			t.Errorf("asked of the row %s", about.Row)
		}
	}
	if got := again[2].Is.Leaked; len(got) != 1 || got[0] != "row.word" {
		t.Errorf("leaked %v, want the cell", got)
	}
}

// A result that is known to hold a cell whose value is not at hand is not repeated.
func TestRejudgeRepeatsNoCell(t *testing.T) {
	l, _ := judgedBefore(t, func(task *Task) {
		task.Checks, task.Hidden = expect("none"), map[string]string{"word": "open sesame"}
	})
	l.events[2].Verdict.Leaked = []string{"row.word"}
	compile, _, _ := asking()
	again, _ := rejudge(t, RejudgeConfig{Ledger: l, Checker: compile})
	if got := again[2].Is; got.Message != "is false: none (what is hidden may hold a secret)" || got.Problems[0].Values != nil || len(got.Leaked) != 1 {
		t.Errorf("got %+v, want nothing of the result", got)
	}
	if got := again[0].Is; got.Message != "is false: none (it is <nil>)" || got.Problems[0].Values == nil {
		t.Errorf("got %+v, want all: the result holds no cell", got)
	}
}

// The batch as a whole is judged by the verdicts that the ledger has, and only
// where all of it came to its end.
func TestRejudgeWhole(t *testing.T) {
	l, _ := judgedBefore(t, func(*Task) {})
	var ids []string
	c := RejudgeConfig{Ledger: l, Whole: func(c Checks) (Whole, error) { return tallyWhole{c, &ids}, nil }}
	p := Policy{Expect: expect("4")}
	got, err := RejudgeWhole(t.Context(), c, p)
	if err != nil || len(got) != 1 || !got[0].Holds {
		t.Errorf("got %+v, %v, want 4 tasks", got, err)
	}
	if got, err := RejudgeWhole(t.Context(), c, Policy{}); got != nil || err != nil {
		t.Errorf("without expectations: got %v, %v", got, err)
	}
	l.rows[3].State = StatePending
	if got, err := RejudgeWhole(t.Context(), c, p); got != nil || err != nil {
		t.Errorf("unfinished: got %v, %v", got, err)
	}
}

// What was found in a result before, with a value that is another now, is as
// secret as it was.
func TestAResultThatHeldASecret(t *testing.T) {
	h := newHiding(Secrets{"NEW": "value-of-new", "OLD": "rotated-since"})
	result := Result{Raw: json.RawMessage(`"value-of-new and value-of-old"`), Leaked: []string{"NEW", "OLD"}}
	result.Size = int64(len(result.Raw))
	of := h.of(result)
	if diff := cmp.Diff([]string{"NEW", "OLD"}, of.found(result)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	problems := []schema.Problem{{Kind: kindExpect, Expression: "it", Because: "value-of-new", Message: "value-of-old", Values: json.RawMessage(`{"it":"value-of-old"}`)}}
	of.problems(problems)
	want := []schema.Problem{{Kind: kindExpect, Expression: "it", Because: "***NEW***", Message: "is false: it" + concealed}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	result.Leaked = []string{"NEW"}
	if h.of(result) != h {
		t.Error("what is found with its value of now needs no more hiding")
	}
}
