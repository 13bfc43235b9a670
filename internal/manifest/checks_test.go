package manifest

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// all returns the tasks by their ids.
func all(t *testing.T, m *Manifest) map[string]batch.Task {
	t.Helper()
	out := map[string]batch.Task{}
	for task, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		out[task.ID] = task
	}
	return out
}

// Expectations of the defaults come first, null stands for none, and only the
// parameters that they use are stored with them.
func TestChecks(t *testing.T) {
	m := load(t, `version: 1
params: {max: {default: 9.50}, country: {default: US}, unused: {default: x}, all: {default: 1}}
defaults:
  expect: [result.price > 0]
tasks:
  - {id: joined, task: a, expect: ["result.country == params.country", {that: "result.price <= params[\"max\"]", because: price list of March}]}
  - {id: inherited, task: a}
  - {id: none, task: a, expect: null}
  - {id: computed, task: a, expect: ['params[result.name] == 1']}
  - {id: lines, task: a, expect: ["  result.a == 1\n  and result.b == 2\n"]}
batchExpect: [passed > 3, {that: "failed == 0", because: nothing fails}]
`, nil)
	tasks := all(t, m)
	positive := batch.Expectation{That: "result.price > 0"}
	for id, want := range map[string]*batch.Checks{
		"joined": {
			Expect: []batch.Expectation{positive, {That: "result.country == params.country"}, {That: `result.price <= params["max"]`, Because: "price list of March"}},
			Params: json.RawMessage(`{"max":9.50,"country":"US"}`),
		},
		"inherited": {Expect: []batch.Expectation{positive}},
		"none":      nil,
		"computed":  {Expect: []batch.Expectation{positive, {That: "params[result.name] == 1"}}, Params: m.Params},
		"lines":     {Expect: []batch.Expectation{positive, {That: "result.a == 1\n  and result.b == 2"}}},
	} {
		if diff := cmp.Diff(want, tasks[id].Checks); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	want := &batch.Checks{Expect: []batch.Expectation{{That: "passed > 3"}, {That: "failed == 0", Because: "nothing fails"}}}
	if diff := cmp.Diff(want, m.Policy.Expect); diff != "" {
		t.Error(diff)
	}
}

// Where an answer is looked into is said of every task, the answer itself too.
func TestResultPath(t *testing.T) {
	for path, want := range map[string]*batch.Checks{
		"auto": nil, ".": {Path: "."}, "data": {Path: "data"}, "a.b c.d": {Path: "a.b c.d"}, "7": {Path: "7"},
	} {
		m := load(t, "version: 1\nprovider: {kind: local, resultPath: '"+path+"'}\ntasks: [{id: a, task: a}]\n", nil)
		if diff := cmp.Diff(want, all(t, m)["a"].Checks); diff != "" || m.Provider != "local" {
			t.Errorf("%s: %s %s", path, m.Provider, diff)
		}
	}
}

// A task whose condition is false is there and says why it is not run. What
// could not be made of its row is not needed: that may be why it is not run.
func TestIf(t *testing.T) {
	m := load(t, `version: 1
tasks:
  - id: ${{ row.sku }}-${{ matrix.c }}
    forEach: d.jsonl
    matrix: {c: [USD, EUR]}
    if: |
      row.url != nil
        and matrix.c in row.shops
    task: Open ${{ lower(row.url) }}
    group: ${{ row.site }}
    tags: [t]
  - {id: never, task: a, if: false}
  - {id: always, task: a, if: true}
  - {id: twice, task: a, repeat: 2, if: '1 > 2'}
`, map[string]string{"d.jsonl": `{"sku": "a", "site": "s", "url": "HTTP", "shops": ["USD"]}
{"sku": "b", "site": "s", "url": null, "shops": []}
`})
	got := map[string]string{}
	for id, task := range all(t, m) {
		got[id] = task.Skip + "|" + task.Spec.Task + "|" + task.Group
	}
	says := "if is false: row.url != nil and matrix.c in row.shops"
	want := map[string]string{
		"a-USD": "|Open http|s", "a-EUR": says + "|Open http|s", "b-USD": says + "||s", "b-EUR": says + "||s",
		"never": "if is false: false|a|", "always": "|a|", "twice#1": "if is false: 1 > 2|a|", "twice#2": "if is false: 1 > 2|a|",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if m.Total != len(want) {
		t.Errorf("got %d in all, want %d: what is skipped is counted", m.Total, len(want))
	}
}

// An environment that changes between the passes is not looked at again.
func TestEnvIsReadOnce(t *testing.T) {
	write(t, map[string]string{"tasks.yaml": "version: 1\nenv: [N]\ntasks: [{id: a, task: 'x${{ env.N }}'}]\n"})
	n := "1"
	m, err := Load("tasks.yaml", Options{Env: func(string) (string, bool) { defer func() { n += "1" }(); return n, true }})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, m)["a"].Spec.Task; got != "x1" {
		t.Errorf("got %s, want x1", got)
	}
	_, err = Load("tasks.yaml", Options{Env: func(string) (string, bool) { return "\xff", true }})
	if got, want := output(nil, err), "tasks.yaml:2:7: env[0]: the environment variable N is not valid UTF-8\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every key of a report, of a baseline and of a notification reaches the caller.
func TestReportsBaselineNotify(t *testing.T) {
	m := load(t, `version: 1
tasks: [{task: a}]
reports:
  - path: a.csv
    where: outcome != "passed"
    columns: [id, {sku: row.sku}, {"price, net": result.price.amount}, {n: item.n}]
    unwind: result.data.items
    rows: repetitions
    bom: true
    guard: off
  - {path: b.csv, rows: tasks, bom: false, guard: on}
  - {path: c.csv, guard: false}
baseline: {from: base/main.jsonl, failOn: [], ignore: ["a.b", "items[].id"], tolerance: {price: 0.05}, keys: {items: sku}}
notify: {on: [failure, done], command: [./notify.sh, --now]}
`, nil)
	r := m.Reports[0]
	var names []string
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"id", "sku", "price, net", "n"}, names); diff != "" {
		t.Error(diff)
	}
	if !cmp.Equal(r.Unwind, []string{"data", "items"}) || r.Rows != "repetitions" || !r.BOM || !r.Unguarded {
		t.Errorf("got %+v", r)
	}
	for outcome, want := range map[batch.Outcome]bool{batch.Passed: false, batch.Failed: true} {
		if got, err := r.Where.Fits(batch.Record{Outcome: outcome}); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", outcome, got, err, want)
		}
	}
	for i, want := range []Report{{Rows: ""}, {Unguarded: true}} {
		if got := m.Reports[i+1]; got.Rows != want.Rows || got.BOM || got.Unguarded != want.Unguarded || got.Where != nil || got.Columns != nil {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	base := &Baseline{
		From: "base/main.jsonl", FailOn: []string{}, Ignore: []string{"a.b", "items[].id"},
		Tolerance: map[string]float64{"price": 0.05}, Keys: map[string]string{"items": "sku"}, Line: 13, Column: 18,
	}
	if diff := cmp.Diff(base, m.Baseline); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&Notify{On: []string{"failure", "done"}, Command: []string{"./notify.sh", "--now"}, Timeout: 30 * time.Second}, m.Notify); diff != "" {
		t.Error(diff)
	}
	m = load(t, "version: 1\ntasks: [{task: a}]\nbaseline: {from: main}\nnotify: {on: [done], command: [x], timeout: 5s}\n", nil)
	if m.Baseline.From != "main" || m.Baseline.FailOn != nil || m.Notify.Timeout != 5*time.Second {
		t.Errorf("got %+v %+v", m.Baseline, m.Notify)
	}
}

// A data file that makes a condition fail after the first pass ends the tasks.
func TestIfThatFailsLater(t *testing.T) {
	m := load(t, "version: 1\ntasks: [{id: 'a-${{ row.k }}', forEach: d.jsonl, task: 'x ${{ row.k }}', if: row.ok}]\n", map[string]string{"d.jsonl": "{\"k\": 1, \"ok\": true}\n"})
	writeFile(t, "d.jsonl", "{\"k\": 1}\n")
	var last error
	for _, err := range m.Tasks(nil) {
		last = err
	}
	var p Problem
	if !errors.As(last, &p) || p.Error() != `tasks.yaml:2:78: tasks[0].if: row 1 (d.jsonl:1): the row has no field "ok"` {
		t.Errorf("got %v", last)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
