package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

func TestCSV(t *testing.T) {
	failed := done(1, "sku-2", batch.Failed, "")
	failed.Verdict.Reason = batch.TimedOut
	failed.Verdict.Message = `the service said "too long"`
	failed.Attempts[0].Status = batch.StatusTimedOut
	invalid := done(2, "sku-3", batch.Invalid, `{"sku":"c","price":"12 EUR","tags":"none","id":[1, 2]}`)
	invalid.Verdict.Problems = []schema.Problem{
		{Kind: "schema", InstancePath: "/price", Keyword: "type", Message: "must be an object, got string"},
		{Kind: "schema", InstancePath: "", Keyword: "required", Message: "is required: inStock"},
	}
	pending := batch.Record{Position: 3, ID: "sku-4", State: batch.StatePending, Outcome: batch.Pending}
	s := &memory{
		schemas: [][]byte{[]byte(productSchema)},
		records: []batch.Record{
			done(0, "sku-1", batch.Passed, `{"id":12345678901234567890, "price":{"currency":"EUR","amount":1.50},
				"sku":"a, \"b\"\nc","tags":["x", "y"],"extra":{"k": [1]},"inStock":true}`),
			failed, invalid, pending,
		},
	}
	want := `id,outcome,reason,status,attempts,run_id,started_at,ended_at,seconds,minutes,usd,sku,price.amount,price.currency,tags,extra,inStock,result.id,error
sku-1,passed,,COMPLETED,1,run-sku-1,2026-03-01T12:00:01.000Z,2026-03-01T12:00:05.250Z,4.250,,,"a, ""b""
c",1.50,EUR,"[""x"",""y""]","{""k"":[1]}",true,12345678901234567890,
sku-2,failed,timed_out,TIMED_OUT,1,run-sku-2,2026-03-01T12:00:01.000Z,2026-03-01T12:00:05.250Z,4.250,,,,,,,,,,"the service said ""too long"""
sku-3,invalid,,COMPLETED,1,run-sku-3,2026-03-01T12:00:01.000Z,2026-03-01T12:00:05.250Z,4.250,,,c,12 EUR,,none,,,"[1,2]","/price: must be an object, got string; is required: inStock"
sku-4,pending,,,0,,,,,,,,,,,,,,
`
	if diff := cmp.Diff(want, rendered(t, CSV, s)); diff != "" {
		t.Error(diff)
	}
}

func TestTSV(t *testing.T) {
	s := &memory{records: []batch.Record{done(0, "a\tb", batch.Passed, "")}}
	_, row, _ := strings.Cut(rendered(t, TSV, s), "\n")
	want := "\"a\tb\"\tpassed\t\tCOMPLETED\t1\trun-a"
	if !strings.HasPrefix(row, want[:len(want)-len("\trun-a")]) {
		t.Errorf("got %q, want a row that starts with %q", row, want)
	}
}

// cells of the first row, by column.
func tableRow(t *testing.T, schemas []string, rec batch.Record) map[string]string {
	t.Helper()
	s := &memory{records: []batch.Record{rec}}
	for _, text := range schemas {
		s.schemas = append(s.schemas, []byte(text))
	}
	rows, err := csv.NewReader(strings.NewReader(rendered(t, CSV, s))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("got %d rows, want 2", len(rows))
	}
	row := map[string]string{}
	for i, name := range rows[0] {
		if _, twice := row[name]; twice {
			t.Errorf("two columns are named %q", name)
		}
		row[name] = rows[1][i]
	}
	return row
}

func TestCellsOfResults(t *testing.T) {
	const one = `{"type":"object","properties":{"v":{}}}`
	for _, test := range []struct{ result, want string }{
		{`{"v":null}`, ""},
		{`{}`, ""},
		{`{"v":true}`, "true"},
		{`{"v":false}`, "false"},
		{`{"v":-5}`, "-5"},
		{`{"v":1.10}`, "1.10"},
		{`{"v":1E+400}`, "1E+400"},
		{`{"v":-0.0}`, "-0.0"},
		{`{"v":""}`, ""},
		{`{"v":"-5"}`, "'-5"},
		{`{"v":"=1+1"}`, "'=1+1"},
		{`{"v":"\u003d1+1"}`, "'=1+1"},
		{`{"v":"+49"}`, "'+49"},
		{`{"v":"@me"}`, "'@me"},
		{`{"v":"＝1"}`, "'＝1"},
		{`{"v":"＋1"}`, "'＋1"},
		{`{"v":"－1"}`, "'－1"},
		{`{"v":"＠1"}`, "'＠1"},
		{`{"v":"\t=1"}`, "'\t=1"},
		{`{"v":"\r=1"}`, "'\r=1"},
		{`{"v":"a=1"}`, "a=1"},
		{`{"v":"\u0000=1"}`, "\uFFFD=1"},
		{`{"v":"a\u001b[2J"}`, "a\x1b[2J"},
		{`{"v":"\ud800"}`, "\uFFFD"},
		{`{"v":"\ud83d\ude00"}`, "😀"},
		{"{\"v\":\"\xff\"}", "\uFFFD"},
		{`{"v":[ 1 , "a b" ]}`, `[1,"a b"]`},
		{`{"v":{ }}`, `{}`},
		{`{"\u0076":1}`, "1"},
		{`{"v":1,"v":2}`, "2"},
		{`{"v":1,"v":null}`, ""},
		{`{"w":{"v":1},"x":["}",{"v":2}]}`, ""},
		{`{"v":1`, ""},
		{`{"v":=1+1}`, ""},
		{`{"v":1} {"v":2}`, ""},
		{`"=boo"`, "'=boo"},
		{`[1]`, "[1]"},
	} {
		got := tableRow(t, []string{one}, done(0, "a", batch.Invalid, test.result))["v"]
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.result, got, test.want)
		}
	}
}

func TestEveryStringIsGuarded(t *testing.T) {
	rec := done(0, "=id", batch.Failed, "")
	rec.Attempts[0].RunID = "+run"
	rec.Attempts[0].Status = "@STATUS"
	rec.Verdict.Message = "-message"
	row := tableRow(t, []string{`{"type":"object","properties":{"=p":{}}}`}, rec)
	for column, want := range map[string]string{"id": "'=id", "run_id": "'+run", "status": "'@STATUS", "error": "'-message", "'=p": ""} {
		if got, ok := row[column]; !ok || got != want {
			t.Errorf("%s: got %q, want %q", column, got, want)
		}
	}
}

func TestColumnNames(t *testing.T) {
	for _, test := range []struct {
		schemas []string
		want    []string
	}{
		{nil, nil},
		{[]string{`{"properties":{"b":{},"a":{},"error":{},"usd":{}}}`}, []string{"b", "a", "result.error", "result.usd"}},
		{[]string{`{"properties":{"a.b":{},"a":{"type":"object","properties":{"b":{},"c":{}}}}}`}, []string{"a.b", "result.a.b", "a.c"}},
		{[]string{`{"properties":{"result":{"type":"object","properties":{"id":{}}},"id":{}}}`}, []string{"result.id", "result.result.id"}},
		{[]string{`{"properties":{"a":{},"b":{}}}`, `{"properties":{"c":{},"b":{}}}`}, []string{"a", "b", "c"}},
		{[]string{`{"properties":{"":{}}}`}, []string{"result."}},
		{[]string{`no schema`, `{"properties":{"a":{}}}`}, []string{"a"}},
	} {
		var texts [][]byte
		for _, s := range test.schemas {
			texts = append(texts, []byte(s))
		}
		if diff := cmp.Diff(test.want, resultColumns(texts, false, nil, cell{}).names); diff != "" {
			t.Errorf("%v: %s", test.schemas, diff)
		}
	}
}

// Where schemas disagree about a property, or a result disagrees with its
// schema, every value is in some cell.
func TestNothingIsHidden(t *testing.T) {
	nested := `{"type":"object","properties":{"p":{"type":"object","properties":{"x":{},"y":{}}},"q":{}}}`
	leaf := `{"type":"object","properties":{"p":{}}}`
	for _, test := range []struct {
		schemas []string
		result  string
		want    map[string]string
	}{
		{[]string{nested, leaf}, `{"p":{"x":1,"y":2}}`, map[string]string{"p.x": "1", "p.y": "2", "p": `{"x":1,"y":2}`, "q": ""}},
		{[]string{nested, leaf}, `{"p":"s"}`, map[string]string{"p.x": "", "p.y": "", "p": "s", "q": ""}},
		{[]string{nested}, `{"p":[1],"q":3}`, map[string]string{"p.x": "[1]", "p.y": "", "q": "3"}},
		{[]string{nested}, `{"p":null,"q":3}`, map[string]string{"p.x": "", "p.y": "", "q": "3"}},
		{[]string{nested}, `{"p":{"x":1},"p":{"y":2}}`, map[string]string{"p.x": "", "p.y": "2", "q": ""}},
		{[]string{nested}, `{"p":{"x":1},"p":7}`, map[string]string{"p.x": "7", "p.y": "", "q": ""}},
		{[]string{nested}, `"sorry"`, map[string]string{"p.x": "sorry", "p.y": "", "q": ""}},
	} {
		row := tableRow(t, test.schemas, done(0, "a", batch.Invalid, test.result))
		for name, want := range test.want {
			if got, ok := row[name]; !ok || got != want {
				t.Errorf("%s: %s: got %q, want %q", test.result, name, got, want)
			}
		}
	}
}

func TestUnwrappedResult(t *testing.T) {
	const one = `{"type":"object","properties":{"v":{},"summary":{}}}`
	rec := done(0, "a", batch.Passed, `{"summary":"s","output":{"v":1,"output":{"v":9}},"stepsTaken":3}`)
	rec.Verdict.Unwrapped = true
	row := tableRow(t, []string{one}, rec)
	if row["v"] != "1" || row["summary"] != "" {
		t.Errorf("got v=%q summary=%q, want 1 and nothing", row["v"], row["summary"])
	}
	rec.Verdict.Unwrapped = false
	row = tableRow(t, []string{one}, rec)
	if row["v"] != "" || row["summary"] != "s" {
		t.Errorf("not unwrapped: got v=%q summary=%q, want nothing and s", row["v"], row["summary"])
	}
}

func TestUnjudgedResultIsNotShown(t *testing.T) {
	rec := done(0, "a", batch.Running, `{"v":1}`)
	rec.State, rec.Verdict = batch.StateEnded, batch.Verdict{}
	if got := tableRow(t, []string{`{"properties":{"v":{}}}`}, rec)["v"]; got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestResultInFile(t *testing.T) {
	const one = `{"type":"object","properties":{"v":{},"w":{"type":"object","properties":{"x":{}}}}}`
	dir := t.TempDir()
	deep := strings.Repeat(`{"w":`, 200_000) + `1` + strings.Repeat(`}`, 200_000)
	for name, text := range map[string]string{
		"small": `{"v":"ok"}`,
		"deep":  `{"x":` + deep + `,"w":{"x":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `},"v":"ok"}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, name} { // absolute, and relative to the state folder
			rec := done(0, "a", batch.Passed, "")
			rec.StateDir = dir
			rec.Result = batch.Result{File: file, Size: int64(len(text))}
			if got := tableRow(t, []string{one}, rec)["v"]; got != "ok" {
				t.Errorf("%s: got %q, want ok", file, got)
			}
		}
	}

	rec := done(0, "a", batch.Passed, "")
	rec.Result = batch.Result{File: filepath.Join(dir, "gone"), Size: 5}
	err := Write(&strings.Builder{}, CSV, Options{}, &memory{schemas: [][]byte{[]byte(one)}, records: []batch.Record{rec}})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `task "a"`) {
		t.Errorf("got %v, want an error that names the task and the file", err)
	}
}

func TestResultTooLargeToShow(t *testing.T) {
	rec := done(0, "a", batch.Invalid, "")
	rec.Result = batch.Result{File: "never opened", Size: maxShown + 1}
	if got := tableRow(t, []string{`{"properties":{"v":{}}}`}, rec)["v"]; got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

// A result file that is not what was stored ends the report: an empty cell
// would look like a result without the value.
func TestDamagedResultFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut")
	if err := os.WriteFile(path, []byte(`{"v":1`), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := done(0, "a", batch.Passed, "")
	rec.Result = batch.Result{File: path, Size: 7}
	err := Write(&strings.Builder{}, CSV, Options{}, &memory{schemas: [][]byte{[]byte(`{"properties":{"v":{}}}`)}, records: []batch.Record{rec}})
	if err == nil || !strings.Contains(err.Error(), "has 6 bytes, 7 were stored") {
		t.Errorf("got %v, want an error with both sizes", err)
	}
}

func TestSeconds(t *testing.T) {
	far := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, test := range []struct {
		start, end time.Time
		want       string
	}{
		{noon, noon, "0.000"},
		{noon, noon.Add(4250 * time.Millisecond), "4.250"},
		{noon.Add(900 * time.Millisecond), noon.Add(2100 * time.Millisecond), "1.200"},
		{noon, noon.Add(1999999 * time.Microsecond), "1.999"},
		{noon.Add(time.Second), noon, ""},
		{time.Time{}, noon, ""},
		{noon, time.Time{}, ""},
		{noon, far, fmt.Sprint(far.Unix()-noon.Unix()) + ".000"},
		{noon, far.AddDate(5, 0, 0), ""},
	} {
		if got := seconds(test.start, test.end); got != test.want {
			t.Errorf("%v to %v: got %q, want %q", test.start, test.end, got, test.want)
		}
	}
}

func TestErrorColumn(t *testing.T) {
	problems := make([]schema.Problem, 5)
	for i := range problems {
		problems[i] = schema.Problem{InstancePath: fmt.Sprint("/", i), Message: "bad"}
	}
	cause := done(0, "a", batch.Failed, "")
	cause.Attempts[0].Cause = &batch.Cause{Code: "boom", Message: "it broke"}
	rejected := batch.Record{ID: "a", State: batch.StatePending, Outcome: batch.NotStarted,
		Attempts: []batch.Attempt{{Message: "401: no such key"}}}
	for _, test := range []struct {
		rec  batch.Record
		want string
	}{
		{batch.Record{Verdict: batch.Verdict{Message: "m", Problems: problems}}, "m"},
		{batch.Record{Verdict: batch.Verdict{Problems: problems}}, "/0: bad; /1: bad; /2: bad; and 2 more"},
		{batch.Record{Verdict: batch.Verdict{Message: "lost", Candidates: []string{"r1", "r2"}}}, "lost; runs to look at: r1, r2"},
		{batch.Record{Verdict: batch.Verdict{Message: "look at r1", Candidates: []string{"r1"}}}, "look at r1"},
		{cause, "boom: it broke"},
		{rejected, "401: no such key"},
	} {
		if got := reasonInWords(test.rec); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// FuzzCSV asks that whatever a run answers, a reader of CSV gets back the same
// number of columns in every row, and no result cell that a spreadsheet runs.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		`{"sku":"a","price":{"amount":1,"currency":"€"},"tags":[]}`, `{"sku":"=\"x\"\r\n,"}`, `{"price":{"price":{}}}`,
		`[[[[`, `{"sku":"\u0000\ud800"}`, "{\"sku\":\"\xff\r\"}", `{"sku":-1,"sku":"-1"}`, ` {"output":{"sku":1}}`, ``, `"\\"`,
	} {
		f.Add(seed, seed, false)
	}
	f.Fuzz(func(t *testing.T, result, id string, unwrapped bool) {
		rec := done(0, id, batch.Invalid, result)
		rec.Verdict.Unwrapped = unwrapped
		rec.Verdict.Message = id
		s := &memory{schemas: [][]byte{[]byte(productSchema)}, records: []batch.Record{rec, rec}}
		for format, sep := range map[Format]rune{CSV: ',', TSV: '\t'} {
			r := csv.NewReader(strings.NewReader(rendered(t, format, s)))
			r.Comma = sep
			rows, err := r.ReadAll() // also checks that every row has as many fields as the first
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 3 || len(rows[0]) != len(fixed)+7+1 {
				t.Fatalf("got %d rows of %d columns, want 3 of %d", len(rows), len(rows[0]), len(fixed)+7+1)
			}
			for i, cell := range rows[1] {
				if guard(cell) != cell && !isNumber([]byte(cell)) {
					t.Errorf("column %s: a spreadsheet would run %q", rows[0][i], cell)
				}
			}
		}
	})
}

func TestPasses(t *testing.T) {
	member := &batch.Repetition{Group: "a", Number: 2, Times: 5, Pass: 4}
	for _, test := range []struct {
		rec  batch.Record
		want string
	}{
		{batch.Record{Repeat: member, Passed: 4}, "4/5"},
		{batch.Record{Repeat: member}, "0/5"},
		{batch.Record{Repeat: member, Passed: 4, Left: true}, ""},
		{batch.Record{}, ""},
	} {
		if got := passes(test.rec); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.rec, got, test.want)
		}
	}
}
