package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// memberOf is a column that shows a member of the result, or of the element.
func memberOf(name, key string, ofItem bool) Column {
	return Column{Name: name, Value: func(r batch.Record, item json.RawMessage) (json.RawMessage, error) {
		var fields map[string]json.RawMessage
		from := r.Result.Raw
		if ofItem {
			from = item
		}
		if from == nil {
			return nil, nil
		}
		err := json.Unmarshal(from, &fields)
		return fields[key], err
	}}
}

func TestChosenColumns(t *testing.T) {
	s := &memory{
		schemas: [][]byte{[]byte(productSchema)},
		records: []batch.Record{
			done(0, "a", batch.Passed, `{"sku":"=1","n":1.50,"list":[ 1, {"a" : "b"} ]}`),
			done(1, "b", batch.Failed, ""),
			done(2, "c", batch.Invalid, `"odd"`),
		},
	}
	columns := []Column{
		memberOf("=sku", "sku", false), memberOf("price", "n", false), memberOf("list", "list", false),
		{Name: "outcome", Value: func(r batch.Record, _ json.RawMessage) (json.RawMessage, error) { return json.Marshal(r.Outcome) }},
		{Name: "no JSON", Value: func(batch.Record, json.RawMessage) (json.RawMessage, error) { return json.RawMessage("=x y"), nil }},
	}
	odd := "could not be evaluated: json: cannot unmarshal string into Go value of type map[string]json.RawMessage"
	want := "'=sku,price,list,outcome,no JSON\n" +
		`'=1,1.50,"[1,{""a"":""b""}]",passed,'=x y` + "\n" +
		",,,failed,'=x y\n" +
		odd + "," + odd + "," + odd + ",invalid,'=x y\n"
	if diff := cmp.Diff(want, renderedAs(t, CSV, Options{Columns: columns}, s)); diff != "" {
		t.Error(diff)
	}
	unguarded := renderedAs(t, TSV, Options{Columns: columns, Unguarded: true, BOM: true}, s)
	if !strings.HasPrefix(unguarded, "\uFEFF=sku\tprice\tlist\toutcome\tno JSON\n=1\t1.50\t") {
		t.Errorf("got %q, want a byte order mark, and = as it is", unguarded)
	}
}

func TestUnguardedCells(t *testing.T) {
	rec := done(0, "=id", batch.Failed, "{\"=p\":\"+49\\u0000\"}")
	rec.Verdict.Message = "-message"
	s := &memory{schemas: [][]byte{[]byte(`{"properties":{"=p":{}}}`)}, records: []batch.Record{rec}}
	text := renderedAs(t, CSV, Options{Unguarded: true}, s)
	for _, want := range []string{",=p,error\n", "\n=id,", ",+49\uFFFD,-message\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	}
}

// A result in a file is one like any other for where and columns, in every format.
func TestWhereSeesResultsInFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big"), []byte(`{"sku":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	inFile := done(1, "file", batch.Passed, "")
	inFile.StateDir, inFile.Result = dir, batch.Result{File: "big", Size: 11}
	waits := done(2, "again", batch.Pending, `{"sku":"of the attempt before"}`)
	waits.State = batch.StatePending
	s := &memory{records: []batch.Record{done(0, "a", batch.Passed, `{"sku":"y"}`), inFile, waits}}
	o := Options{Where: func(r batch.Record) (bool, error) {
		if r.ID == "again" && r.Result.Raw != nil {
			t.Errorf("got the result %s of a task that waits, want none", r.Result.Raw)
		}
		return strings.Contains(string(r.Result.Raw), `"x"`), nil
	}}
	text := renderedAs(t, JSONL, o, s)
	if !strings.HasPrefix(text, `{"id":"file","outcome":"passed","status":"COMPLETED","resultFile":"big","resultBytes":11,`) || strings.Count(text, "\n") != 1 {
		t.Errorf("JSONL: got %s", text)
	}
	o.Columns = []Column{memberOf("sku", "sku", false)}
	if got := renderedAs(t, CSV, o, s); got != "sku\nx\n" {
		t.Errorf("CSV: got %q", got)
	}
	s.records[1].Result.Size = 12
	if err := Write(&bytes.Buffer{}, JSONL, o, s); err == nil || !strings.Contains(err.Error(), "12 were stored") {
		t.Errorf("got %v, want an error that the file is damaged", err)
	}
}

// A task of which where cannot tell is shown.
func TestWhereThatCannotTell(t *testing.T) {
	s := &memory{records: []batch.Record{done(0, "a", batch.Passed, ""), done(1, "b", batch.Passed, "")}}
	o := Options{Where: func(r batch.Record) (bool, error) {
		if r.ID == "b" {
			return false, errors.New("no number")
		}
		return false, nil
	}}
	for _, f := range []Format{CSV, JSONL} {
		text := renderedAs(t, f, o, s)
		if strings.Contains(text, "run-a") || !strings.Contains(text, "run-b") {
			t.Errorf("%s: got %s, want b alone", f, text)
		}
	}
}

// What where leaves out of a stream is left out of the report that is written
// later, and the tasks behind it do not wait.
func TestStreamWithWhere(t *testing.T) {
	s := unfinished(6)
	o := Options{Where: func(r batch.Record) (bool, error) { return r.Position%3 == 1, nil }}
	var out bytes.Buffer
	stream := NewStream(&out, o, s)
	for i, want := range []int{0, 1, 1, 1, 2} {
		s.finish(i)
		if err := tell(stream, i); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("after %d tasks: got %d records, want %d", i+1, got, want)
		}
	}
	s.finish(5)
	if err := stream.Finish(true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(renderedAs(t, JSONL, o, s), out.String()); diff != "" {
		t.Error(diff)
	}
}

// WriteFile obeys the options of its output.
func TestWriteFileWithOptions(t *testing.T) {
	s := &memory{records: []batch.Record{done(0, "a", batch.Passed, `{"sku":"x"}`)}}
	o := Output{Format: CSV, Path: filepath.Join(t.TempDir(), "out.csv"), Options: Options{Columns: []Column{memberOf("sku", "sku", false)}}}
	for _, finished := range []bool{false, true} {
		path, err := WriteFile(o, s, finished)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "sku\nx\n" {
			t.Errorf("%s: got %q, %v", path, text, err)
		}
	}
}

// The judged value is found where the task's checks say that it lies.
func TestResultPath(t *testing.T) {
	const one = `{"type":"object","properties":{"v":{},"list":{"type":"array","items":{"type":"object","properties":{"w":{}}}}}}`
	for _, test := range []struct {
		path, result, v, w string
		unwrapped          bool
	}{
		{"", `{"v":1,"list":[{"w":2}]}`, "1", "2", false},
		{".", `{"v":1,"output":{"v":9}}`, "1", "", true},
		{"data.item", `{"v":9,"data":{"v":8,"item":{"v":1,"list":[{"w":2}]}}}`, "1", "2", false},
		{"data.item", `{"data":{"item":{"v":1,"list":[{"w":2}]}},"data":{"item":{"v":3}}}`, "3", "", false},
		{"data.item", `{"data":{"item":{"v":1,"list":[{"w":2}]}},"data":{}}`, "", "", false},
		{"data.item", `{"v":9}`, "", "", false},
		{"data.item", `{"data":"none"}`, "none", "", false},
		{"", `{"output":{"v":1,"list":[{"w":2}]},"v":9}`, "1", "2", true},
	} {
		rec := done(0, "a", batch.Passed, test.result)
		rec.Verdict.Unwrapped = test.unwrapped
		if test.path != "" {
			rec.Checks = &batch.Checks{Path: test.path}
		}
		s := &memory{schemas: [][]byte{[]byte(one)}, records: []batch.Record{rec}}
		got := strings.Split(renderedAs(t, CSV, Options{Unwind: []string{"list"}}, s), "\n")[1]
		if want := "," + test.v + "," + test.w + ","; !strings.HasSuffix(got, want) {
			t.Errorf("%q in %s: got %s, want %s at its end", test.path, test.result, got, want)
		}
	}
}

func TestRecordsOfMatrixAndExpectations(t *testing.T) {
	rec := done(0, "a", batch.Wrong, `{"data":{"price":25}}`)
	rec.Run, rec.Judge = "r1:"+strings.Repeat("a", 64), "j1:"+strings.Repeat("b", 64)
	rec.Row, rec.Matrix = []byte(`{"sku":"x"}`), []byte(`{"currency": "EUR", "n": [1.0]}`)
	rec.Checks = &batch.Checks{Path: "data", Expect: []batch.Expectation{{That: "result.price <= 20"}}}
	rec.Verdict.Problems = falseExpectations()
	rec.Attempts[0].Outcome = batch.Wrong
	text := string(appendRecord(nil, rec))
	valid(t, ResultSchema(), text)
	for _, want := range []string{
		`"result":{"data":{"price":25}},"resultPath":"data","errors":[{"kind":"expect","instancePath":"","keyword":"expect","message":"result.price is 25",` +
			`"expression":"result.price <= 20","because":"price list","values":{"result.price":25}},{`,
		`"row":{"sku":"x"},"matrix":{"currency":"EUR","n":[1.0]},"attempts"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
	row := rendered(t, CSV, &memory{records: []batch.Record{rec}})
	if !strings.HasSuffix(row, ",result.price is 25; the names differ\n") {
		t.Errorf("got %s, want the expectations' words at its end", row)
	}
	rec.Checks.Path = "."
	if text := string(appendRecord(nil, rec)); strings.Contains(text, "resultPath") {
		t.Errorf("got %s, want no path of the whole result", text)
	}
}
