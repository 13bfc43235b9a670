package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/schema"
)

// asks is a Checker whose expectations are names of members of the result that
// must be true. It remembers what it was asked.
type asks struct {
	checks Checks
	mu     *sync.Mutex
	seen   *[]Judged
}

func (a asks) Check(about Judged) (problems []schema.Problem) {
	a.mu.Lock()
	*a.seen = append(*a.seen, about)
	a.mu.Unlock()
	var result map[string]any
	_ = json.Unmarshal(about.Result, &result)
	for _, e := range a.checks.Expect {
		if result[e.That] == true {
			continue
		}
		if e.That == "panic" {
			panic("a bug")
		}
		values, _ := json.Marshal(map[string]any{e.That: result[e.That], "row": about.Row})
		problems = append(problems, schema.Problem{
			Kind: "expect", Keyword: "expect", Expression: e.That, Because: e.Because, Values: values,
			Message: fmt.Sprintf("is false: %s (it is %v)", e.That, result[e.That]),
		})
	}
	return problems
}

// asking is a Config.Checker, and what its checkers were asked.
func asking() (compile func(Checks) (Checker, error), compiled *int, seen *[]Judged) {
	compiled, seen = new(int), new([]Judged)
	var mu sync.Mutex
	return func(c Checks) (Checker, error) {
		*compiled++
		return asks{c, &mu, seen}, nil
	}, compiled, seen
}

func expect(that ...string) *Checks {
	c := new(Checks)
	for _, t := range that {
		c.Expect = append(c.Expect, Expectation{That: t})
	}
	return c
}

// A result that fits its schema is asked for what is expected of it; every one
// that is false is told, and the task is wrong.
func TestExpectations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c1 := expect("ok", "good", "fine")
		l, s, c := custom(t, 3, func(task *Task) {
			task.Checks, task.Row, task.Matrix, task.Tags = c1, json.RawMessage(`{"sku":"1"}`), json.RawMessage(`{"m":1}`), []string{"x"}
			task.Group = "g"
		})
		compile, compiled, seen := asking()
		c.Checker = compile
		s.get = func(id string, run *fakeRun) (Observed, error) {
			result := map[string]string{"do t1": `{"ok":true,"good":true,"fine":true}`, "do t2": `{"ok":true}`, "do t3": `{"good":true}`}[run.spec.Task]
			o := completed(id, result)
			o.CreatedAt, o.StartedAt, o.EndedAt = run.began.Add(-time.Second), run.began, run.began.Add(90*time.Second)
			if time.Since(run.began) < time.Minute {
				o.Status = StatusRunning
			}
			return o, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "wrong", "invalid")
		v := l.verdict(1)
		if v.Message != "is false: good (it is <nil>) (and 1 more)" || len(v.Problems) != 2 || v.Problems[1].Expression != "fine" {
			t.Errorf("got %q with %+v, want both in words", v.Message, v.Problems)
		}
		if v.Schema == "" {
			t.Error("the schema that it fits is not named")
		}
		if *compiled != 1 {
			t.Errorf("compiled %d times, want once", *compiled)
		}
		if len(*seen) != 2 {
			t.Fatalf("%d were asked, want the 2 that fit their schema", len(*seen))
		}
		got := (*seen)[slices.IndexFunc(*seen, func(j Judged) bool { return j.ID == "t1" })]
		want := Judged{
			Result: json.RawMessage(`{"ok":true,"good":true,"fine":true}`), Row: json.RawMessage(`{"sku":"1"}`), Matrix: json.RawMessage(`{"m":1}`),
			ID: "t1", Template: "tasks[0]", Group: "g", Tags: []string{"x"}, Attempt: 1, RunID: got.RunID, Status: StatusCompleted, Seconds: 90,
		}
		if diff := cmp.Diff(want, got); diff != "" || got.RunID == "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A result that a crash left unjudged, or that is to be judged again, is judged
// by the same code over the same facts.
func TestStoredResultsAreAskedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 2, func(task *Task) {
			task.Checks, task.Row, task.Repeat = expect("ok"), json.RawMessage(`{"n":1}`), &Repetition{Group: "t", Number: task.Position + 1, Times: 2, Pass: 2}
		})
		compile, _, seen := asking()
		c.Checker = compile
		for i, result := range []string{`{"ok":true}`, `{"ok":false}`} {
			l.rows[i].State, l.rows[i].Attempt, l.rows[i].RunID, l.rows[i].Status = StateEnded, 2, fmt.Sprint("r", i), StatusCompleted
			l.results[i] = Result{Raw: json.RawMessage(result), Size: int64(len(result))}
			f := l.facts[i]
			f.CreatedAt, f.EndedAt = time.Now(), time.Now().Add(time.Minute)
			l.facts[i] = f
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "wrong")
		if s.n != 0 {
			t.Errorf("%d runs were bought", s.n)
		}
		for _, got := range *seen {
			if got.Number == 0 || got.Attempt != 2 || got.Seconds != 60 || string(got.Row) != `{"n":1}` || !strings.HasPrefix(got.RunID, "r") {
				t.Errorf("asked %+v", got)
			}
		}
	})
}

// Expectations that nobody can evaluate are an error of the batch, not a verdict.
func TestExpectationsWithoutAChecker(t *testing.T) {
	for name, compile := range map[string]func(Checks) (Checker, error){
		"none":  nil,
		"wrong": func(Checks) (Checker, error) { return nil, errors.New("no such function") },
	} {
		synctest.Test(t, func(t *testing.T) {
			l, s, c := custom(t, 1, func(task *Task) { task.Checks = expect("ok") })
			c.Checker = compile
			if err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), `task "t1"`) {
				t.Errorf("%s: got %v, want an error that names the task", name, err)
			}
			wantOutcomes(t, l, "(pending)")
			if s.n != 0 {
				t.Errorf("%s: %d runs were bought", name, s.n)
			}
		})
	}
}

func TestWrongIsAFailure(t *testing.T) {
	if !Wrong.fails() {
		t.Error("a halt does not count it")
	}
	for _, c := range []struct {
		on   []string
		want bool
	}{{nil, false}, {[]string{"wrong"}, true}, {[]string{"invalid", "failed"}, false}} {
		if got := (Retry{Max: 1, On: c.on}).wants(Verdict{Outcome: Wrong}); got != c.want {
			t.Errorf("retry.on %v: got %v, want %v", c.on, got, c.want)
		}
	}
	s := Summary{Info: Info{Total: 2}, Counts: map[Outcome]int{Passed: 1, Wrong: 1}}
	if s.Enough() {
		t.Error("a wrong task is enough")
	}
}

func TestWhereAResultIsLookedAt(t *testing.T) {
	number, err := schema.Compile([]byte(`{"type":"object","required":["p"],"properties":{"p":{"type":"number"}}}`), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	declares, err := schema.Compile([]byte(`{"type":"object","properties":{"output":{"type":"object"}}}`), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		schema *schema.Schema
		path   string
		expect bool
		result string
		value  string // that is judged
		keys   string // of the problems
	}{
		{"itself", number, ".", false, `{"output":{"p":1}}`, "", "required"},
		{"found out", number, "", false, `{"output":{"p":1}}`, `{"p":1}`, ""},
		{"declared", declares, "", false, `{"output":{"p":1}}`, `{"output":{"p":1}}`, ""},
		{"found out for expectations", nil, "", true, `{"output":{"p":1}}`, `{"p":1}`, ""},
		{"nobody asks", nil, "", false, `{"output":{"p":1}}`, `{"output":{"p":1}}`, ""},
		{"a path", number, "data.item", false, `{"data":{"item":{"p":1}}}`, `{"p":1}`, ""},
		{"a name twice", number, "data", false, `{"data":1,"data":{"p":2}}`, `{"p":2}`, ""},
		{"a name of the wrapped form", number, "output", false, `{"output":{"p":1}}`, `{"p":1}`, ""},
		{"an absent path", number, "data.item", false, `{"data":{"p":1}}`, "", "resultPath"},
		{"through a list", number, "data.0", false, `{"data":[{"p":1}]}`, "", "resultPath"},
		{"a null", nil, "data", true, `{"data":null}`, `null`, ""},
		{"limits come first", number, "data", false, `{"data":{"p":1},"x":1e999999}`, "", "number"},
		{"and of what lies there", nil, "", true, `{"x":1e999999}`, "", "number"},
		{"broken beside the path", number, "data", false, `{"data":{"p":1},"x":`, "", "json"},
		{"no result", number, "data", false, ``, "", "result"},
		{"no result at a path", nil, "data", true, ``, "", "result"},
		{"no result, expectations", nil, "", true, ``, `null`, ""},
	} {
		j := &judge{schema: c.schema, checks: &Checks{Path: c.path}}
		if c.expect {
			j.checker = asks{}
		}
		var unwrapped bool
		value, problems := j.fits(Result{Raw: json.RawMessage(c.result), Size: int64(len(c.result))}, &unwrapped)
		var keys []string
		for _, p := range problems {
			keys = append(keys, p.Keyword)
		}
		if len(problems) > 0 {
			value = nil
		}
		if string(value) != c.value || strings.Join(keys, " ") != c.keys {
			t.Errorf("%s: got %s, problems %q, want %s and %q", c.name, value, keys, c.value, c.keys)
		}
	}
	_, problems := at(json.RawMessage(`{"a":{"b~/":{}}}`), "a.b~/.c")
	if got := summary(problems); got != `/a/b~0~1: has no "c", where resultPath (a.b~/.c) looks for what is judged` {
		t.Errorf("got %s", got)
	}
	_, problems = at(json.RawMessage(`{"a":"x"}`), "a.b")
	if got := summary(problems); got != `/a: is no object, and resultPath (a.b) looks for "b" in it` {
		t.Errorf("got %s", got)
	}
}

func TestAPanicOfACheckerIsAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, c := custom(t, 1, func(task *Task) { task.Checks = expect("panic") })
		c.Checker, _, _ = asking()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "wrong")
		if got := l.verdict(0).Message; got != "could not be evaluated: panic: a bug" {
			t.Errorf("got %q", got)
		}
	})
}

// What a result is judged by is in the fingerprint: also what of its task the
// expectations name. Without checks it is what it always was.
func TestJudgeFingerprintOfChecks(t *testing.T) {
	base := tasks(t, 1)[0]
	plain := base.JudgeFingerprint()
	if want := "j1:" + sum([]byte(`{"schema":`+string(canonical(base.Schema.Text()))+`}`)); plain != want {
		t.Errorf("got %s, want %s", plain, want)
	}
	base.Checks = new(Checks)
	if base.JudgeFingerprint() != plain {
		t.Error("checks that check nothing change it")
	}
	base.Checks = &Checks{Expect: []Expectation{{That: "result.price < row.max && row.max > 0"}}}
	base.Row = json.RawMessage(`{"max":"1"}`)
	was := base.JudgeFingerprint()
	for name, change := range map[string]func(*Task){
		"path":    func(t *Task) { t.Checks.Path = "data" },
		"expect":  func(t *Task) { t.Checks.Expect = expect("ok").Expect },
		"because": func(t *Task) { t.Checks.Expect[0].Because = "x" },
		"params":  func(t *Task) { t.Checks.Params = json.RawMessage(`{"a":1}`) },
		"schema":  func(t *Task) { t.Schema = nil },
		"row":     func(t *Task) { t.Row = json.RawMessage(`{"max":"2"}`) },
	} {
		edited := base
		checks := *base.Checks
		checks.Expect = slices.Clone(checks.Expect)
		edited.Checks = &checks
		change(&edited)
		if edited.JudgeFingerprint() == was {
			t.Errorf("%s: the fingerprint is the same", name)
		}
		if edited.Spec.RunFingerprint() != base.Spec.RunFingerprint() {
			t.Errorf("%s: the run fingerprint changed", name)
		}
	}
	unused := base
	unused.Matrix, unused.Tags = json.RawMessage(`{"m":1}`), []string{"x"}
	if unused.JudgeFingerprint() != was {
		t.Error("what no expectation names changes it")
	}
	// One Fingerprinter for tasks that share their checks, and do not.
	var f Fingerprinter
	other := base
	other.Row = json.RawMessage(`{"max":"9"}`)
	for _, task := range []Task{base, other, unused, base} {
		if f.JudgeFingerprint(task) != task.JudgeFingerprint() {
			t.Errorf("row %s: the fingerprint depends on the task before", task.Row)
		}
	}
}

// An edit of what is expected buys nothing: the stored result is judged again.
func TestAnEditOfExpectationsIsJudgedAgain(t *testing.T) {
	for _, o := range []Outcome{Passed, Invalid, Wrong} {
		all := tasks(t, 1)
		l := newMemory(all)
		l.rows[0].State, l.rows[0].Outcome, l.rows[0].Attempt, l.rows[0].Status = StateDone, o, 1, StatusCompleted
		if got := compared(t, all, l, CompareOptions{}); got[0] != "t1 kept" {
			t.Errorf("%s: got %s, want it kept", o, got)
		}
		all[0].Checks = expect("more")
		if got := compared(t, all, l, CompareOptions{RerunChanged: true}); got[0] != "t1 rejudged" {
			t.Errorf("%s: got %s, want it rejudged", o, got)
		}
		otherSchema(t, `{"type":"object"}`)(&all[0])
		if got := compared(t, all, l, CompareOptions{}); got[0] != "t1 rejudged" {
			t.Errorf("%s, with the schema: got %s, want it rejudged", o, got)
		}
	}
}

// tallyWhole is a Whole that counts, and holds when as many as it says were added.
type tallyWhole struct {
	checks Checks
	ids    *[]string
}

func (w tallyWhole) Add(r Record) error {
	*w.ids = append(*w.ids, r.ID+" "+string(r.Outcome))
	return nil
}

func (w tallyWhole) Verdicts() []WholeVerdict {
	var all []WholeVerdict
	for _, e := range w.checks.Expect {
		v := WholeVerdict{Expectation: e, Holds: e.That == fmt.Sprint(len(*w.ids))}
		if !v.Holds {
			v.Message = e.That + " is false: it is opensesame"
		}
		all = append(all, v)
	}
	return all
}

// The batch as a whole is judged once all is over, and by no other close.
func TestABatchIsJudgedAsAWhole(t *testing.T) {
	policy := Policy{Expect: &Checks{Expect: []Expectation{{That: "3"}, {That: "4", Because: "why"}}}}
	synctest.Test(t, func(t *testing.T) {
		l, s, c := custom(t, 4, func(*Task) {})
		s.fails("t2")
		l.rows[3].Left, l.rows[3].State, l.rows[3].Outcome = true, StateDone, Skipped
		c.Tasks = sequence(tasks(t, 3))
		var ids []string
		c.Policy, c.Secrets = policy, Secrets{"WORD": "opensesame"}
		c.Whole = func(checks Checks) (Whole, error) { return tallyWhole{checks, &ids}, nil }
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"t1 passed", "t2 failed", "t3 passed"}, ids); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		want := []WholeVerdict{
			{Expectation: Expectation{That: "3"}, Holds: true},
			{Expectation: Expectation{That: "4", Because: "why"}, Message: "4 is false: it is ***WORD***"},
		}
		if diff := cmp.Diff(want, l.whole); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if (Summary{Whole: l.whole}).Holds() || !(Summary{Whole: l.whole[:1]}).Holds() {
			t.Error("a verdict that is false holds")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, _, c := custom(t, 2, func(*Task) {})
		c.Tasks, c.Policy = nil, policy
		c.Whole = func(Checks) (Whole, error) { return nil, errors.New("must not be asked") }
		if err := Run(t.Context(), c); err != nil || !l.closed || l.whole != nil {
			t.Errorf("given up: got %v, closed %v, %v, want nothing evaluated", err, l.closed, l.whole)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, _, c := custom(t, 2, func(*Task) {})
		ctx, cancel := context.WithCancel(t.Context())
		c.Policy = policy
		c.Whole = func(Checks) (Whole, error) { cancel(); return tallyWhole{ids: new([]string)}, nil }
		if err := Run(ctx, c); !errors.Is(err, ErrInterrupted) || l.closed {
			t.Errorf("interrupted: got %v, closed %v", err, l.closed)
		}
		c.Whole = nil
		if err := Run(t.Context(), c); err == nil {
			t.Error("nobody can evaluate them, and it is no error")
		}
	})
}
