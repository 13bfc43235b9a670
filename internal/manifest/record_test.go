package manifest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

func answered(raw string) batch.Result {
	return batch.Result{Raw: json.RawMessage(raw), Size: int64(len(raw))}
}

func bookRecord() batch.Record {
	started := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	return batch.Record{
		ID: "book-1", Template: "tasks[0]", Group: "books", Tags: []string{"nightly"}, State: batch.StateDone, Outcome: batch.Invalid,
		Row: json.RawMessage(`{"sku":"A","price":"9.99","list":[1]}`), Matrix: json.RawMessage(`{"currency":"EUR"}`),
		Result: answered(`{"title":"Attic", "price":{"amount":12.50,"z":1,"a":2},"items":[{"n":1.0},{"n":2}],"null":null,"two":1,"two":2,"a b":"<x>"}`),
		Verdict: batch.Verdict{Message: "title: is too long", Problems: []schema.Problem{
			{Kind: "schema", InstancePath: "/title", Keyword: "maxLength", Message: "is too long", Expected: json.RawMessage(`3`), Actual: json.RawMessage(`"Attic"`)},
		}},
		Attempts: []batch.Attempt{
			{Number: 1, Status: batch.StatusFailed},
			{Number: 2, RunID: "run_2", Status: batch.StatusCompleted, StartedAt: started, EndedAt: started.Add(12500 * time.Millisecond)},
		},
	}
}

func TestWhere(t *testing.T) {
	for source, want := range map[string]any{
		`outcome == "invalid" and attempts == 2`:             true,
		`row.sku == "A" && matrix.currency == "EUR"`:         true,
		`float(row.price) < 10`:                              true,
		`result.price.amount > 12 && result.items[1].n == 2`: true,
		`result == nil`:         false,
		`result.zzz == nil`:     true,
		`result.zzz > 1`:        false,
		`result.title > 1`:      "> cannot be used with a string and a number",
		`result.title.x == "a"`: `cannot take field "x" of a string`,
		`result.zzz == "nope" or outcome == "invalid"`:                true,
		`outcome == "invalid" and not (result.zzz > 1)`:               true,
		`reason in ["", "lost"] and reason != "timed_out"`:            true,
		`any(errors, .keyword == "maxLength" && .expected == 3)`:      true,
		`any(errors, .because != nil)`:                                false,
		`seconds == 12.5 && run.seconds > 12 && run.attempt == 2`:     true,
		`run.id == "run_2" && status == "COMPLETED"`:                  true,
		`"nightly" in tags && group == "books" && id contains "book"`: true,
		`message startsWith "title"`:                                  true,
		`row.absent != "x"`:                                           false,
		`row.price > 5`:                                               "> cannot be used with a string and a number",
		`row.sku`:                                                     "must be true or false, not a string",
	} {
		w, err := CompileWhere(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		holds, err := w.Fits(bookRecord())
		got := any(holds)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", source, got, want)
		}
	}
	for source, want := range map[string]string{
		`outcom == "x"`: `there is no "outcom" here`, `item == 1`: `there is no "item" here`, `run.secs > 1`: `run has no field "secs"`,
		`any(errors, .keywrd == "x")`: `the element has no field "keywrd"`, `outcome == "pased"`: `outcome is never "pased": it is passed, invalid, wrong, failed, unknown, skipped, not_started, running or pending`,
		`outcome in ["failed", "lost"]`:     `outcome is never "lost": it is passed, invalid, wrong, failed, unknown, skipped, not_started, running or pending`,
		`"timeout" != reason`:               `reason is never "timeout": it is run_failed, stopped, timed_out, deadline, rejected, lost, panic or empty`,
		`outcome == "failed"; attempts > 1`: `two expressions: join them with and`,
		`seconds == "x"`:                    `invalid operation: == (mismatched types number and string)`,
	} {
		_, err := CompileWhere(source)
		var e *expr.Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: got %v, want %s", source, err, want)
		}
	}
}

// A task that was never run has no result, no run and no length, and does not
// fit what asks for them.
func TestWhereOfATaskWithoutARun(t *testing.T) {
	r := batch.Record{ID: "a", Outcome: batch.NotStarted, State: batch.StatePending}
	for source, want := range map[string]bool{
		`result == nil`: true, `result.price == nil`: true, `seconds == nil and run == nil`: true, `run.id == nil`: true,
		`seconds < 5`: false, `run.id != "x"`: false, `attempts == 0 && status == ""`: true, `len(errors) == 0 && len(tags) == 0`: true,
		`row.x == nil && matrix.x == nil`: true,
	} {
		w, err := CompileWhere(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Fits(r); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", source, got, err, want)
		}
	}
}

func TestCells(t *testing.T) {
	item := json.RawMessage(`{"n":1.50,"tags":["x"]}`)
	for source, want := range map[string]string{
		`result.price.amount`:   `12.50`, // as it came
		`result.price`:          `{"amount":12.50,"z":1,"a":2}`,
		`result["a b"]`:         `"<x>"`,
		`result.items[0].n`:     `1.0`,
		`result.items[5].n`:     ``,
		`result.two`:            `2`, // the last counts
		`result.null`:           `null`,
		`result.title.x`:        ``,
		`result.zzz`:            ``,
		`row.sku`:               `"A"`,
		`row.list`:              `[1]`,
		`matrix.currency`:       `"EUR"`,
		`outcome`:               `"invalid"`,
		`attempts`:              `2`,
		`tags`:                  `["nightly"]`,
		`seconds`:               `12.5`,
		`run.id`:                `"run_2"`,
		`errors[0].keyword`:     `"maxLength"`,
		`item.n`:                `1.50`,
		`item`:                  `{"n":1.50,"tags":["x"]}`,
		`item.n * 2`:            `3`,
		`upper(row.sku)`:        `"A"`,
		`result.price.z + 1`:    `2`,
		`result.title + 1`:      `error: + cannot be used with a string and a number`,
		`result.zzz ?? "none"`:  `"none"`,
		`len(result.items)`:     `2`,
		`date("2026-01-01")`:    `error: the value is a time.Time, not text`,
		`map(result.items, .n)`: `[1,2]`,
		`result == nil`:         `false`,
	} {
		c, err := CompileCell(source, true)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		raw, err := c.Value(bookRecord(), item)
		got := string(raw)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
	if _, err := CompileCell("item.n", false); err == nil {
		t.Error("got nothing, want that item is not known")
	}
}

// What is looked at is the value that was judged, wherever it lies in the
// answer, and nothing of an answer that was not judged.
func TestTheJudgedValue(t *testing.T) {
	dir := t.TempDir()
	large := `{"price":7,"pad":"` + strings.Repeat("x", 2<<20) + `"}`
	if err := os.WriteFile(filepath.Join(dir, "r.json"), []byte(large), 0o600); err != nil {
		t.Fatal(err)
	}
	base := batch.Record{ID: "a", State: batch.StateDone, Outcome: batch.Passed, StateDir: dir}
	for name, c := range map[string]struct {
		change func(*batch.Record)
		want   string
	}{
		"the answer": {func(r *batch.Record) { r.Result = answered(`{"price":1}`) }, "1"},
		"unwrapped":  {func(r *batch.Record) { r.Result, r.Verdict.Unwrapped = answered(`{"output":{"price":2}}`), true }, "2"},
		"at a path": {func(r *batch.Record) {
			r.Result, r.Checks = answered(`{"a":{"b":{"price":3}}}`), &batch.Checks{Path: "a.b"}
		}, "3"},
		"itself":       {func(r *batch.Record) { r.Result, r.Checks = answered(`{"price":4}`), &batch.Checks{Path: "."} }, "4"},
		"no such path": {func(r *batch.Record) { r.Result, r.Checks = answered(`{"price":5}`), &batch.Checks{Path: "a.b"} }, ""},
		"in a file":    {func(r *batch.Record) { r.Result = batch.Result{File: "r.json", Size: int64(len(large))} }, "7"},
		"in a file at /": {func(r *batch.Record) {
			r.Result = batch.Result{File: filepath.Join(dir, "r.json"), Size: int64(len(large))}
		}, "7"},
		"cut short": {func(r *batch.Record) { r.Result = batch.Result{File: "r.json", Size: 5} }, "error"},
		"gone":      {func(r *batch.Record) { r.Result = batch.Result{File: "none.json", Size: 5} }, "error"},
		"too large": {func(r *batch.Record) { r.Result = batch.Result{File: "none.json", Size: schema.MaxResultBytes + 1} }, ""},
		"none":      {func(*batch.Record) {}, ""},
		"no JSON":   {func(r *batch.Record) { r.Result = answered(`<html>`) }, ""},
		"to be run again": {func(r *batch.Record) {
			r.Result, r.State, r.Outcome = answered(`{"price":1}`), batch.StatePending, batch.Pending
		}, ""},
		"given up instead": {func(r *batch.Record) {
			r.Result, r.State, r.Outcome = answered(`{"price":1}`), batch.StatePending, batch.Failed
		}, "1"},
		"running": {func(r *batch.Record) {
			r.Result, r.State, r.Outcome = answered(`{"price":1}`), batch.StateRunning, batch.Running
		}, ""},
	} {
		r := base
		c.change(&r)
		for _, source := range []string{"result.price", "result.price + 0"} {
			cell, err := CompileCell(source, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := cell.Value(r, nil)
			text := string(got)
			if err != nil {
				text = "error"
			}
			if text != c.want {
				t.Errorf("%s: %s: got %s (%v), want %s", name, source, text, err, c.want)
			}
		}
	}
}

func FuzzRawAt(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":1},{"b":2}],"a":[3]}`), "a", 0)
	f.Add([]byte(`{"a":`), "a", 1)
	f.Fuzz(func(t *testing.T, raw []byte, key string, index int) {
		got := rawAt(raw, []any{key, index})
		var want struct{ value any }
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return // of what is no JSON nothing is promised but an end
		}
		var list []json.RawMessage
		if json.Unmarshal(object[key], &list) == nil && index >= 0 && index < len(list) {
			want.value = string(list[index])
		}
		if want.value == nil && got != nil || want.value != nil && want.value != string(got) {
			t.Errorf("%s at %q, %d: got %s, want %v", raw, key, index, got, want.value)
		}
	})
}
