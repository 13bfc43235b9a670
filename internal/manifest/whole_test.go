package manifest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// shopRecords are eight tasks with results, of which two have no price, and four
// without.
func shopRecords() []batch.Record {
	var all []batch.Record
	add := func(id string, o batch.Outcome, result string) {
		all = append(all, batch.Record{ID: id, State: batch.StateDone, Outcome: o, Result: answered(result), Tags: []string{"t"}})
	}
	for i := range 5 {
		add(fmt.Sprintf("sku-%d", i), batch.Passed, fmt.Sprintf(`{"sku":"A-%d","price":%d.50,"n":%d}`, i, i, i))
	}
	add("sku-5", batch.Passed, `{"sku":"A-1","price":1e400,"n":"x"}`)
	add("bad-1", batch.Invalid, `{"sku":"A-2","price":null,"n":99}`)
	add("bad-2", batch.Wrong, `{"sku":"A-3"}`)
	add("failed", batch.Failed, "")
	add("unknown", batch.Unknown, "")
	add("skipped", batch.Skipped, "")
	add("never", batch.NotStarted, "")
	return all
}

func wholeOf(t *testing.T, records []batch.Record, that ...string) []batch.WholeVerdict {
	t.Helper()
	var c batch.Checks
	for _, source := range that {
		var e batch.Expectation
		e.That, e.Because, _ = strings.Cut(source, " // ")
		c.Expect = append(c.Expect, e)
	}
	w, err := NewWhole(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return w.Verdicts()
}

func TestWhole(t *testing.T) {
	type want struct{ message, values string }
	for that, w := range map[string]want{
		`passed == 7`: {`passed == 7 is false: it is 6`, `{"passed":6}`},
		`passed >= 0.9 * total // it was so in March`:                   {`passed >= 0.9 * total is false: passed = 6, total = 12 (it was so in March)`, `{"passed":6,"total":12}`},
		`invalid + wrong + failed + unknown + skipped == 0`:             {`invalid + wrong + failed + unknown + skipped == 0 is false: invalid = 1, wrong = 1, failed = 1, unknown = 1, skipped = 1`, `{"invalid":1,"wrong":1,"failed":1,"unknown":1,"skipped":1}`},
		`share("result.price == nil") < 0.05`:                           {`share("result.price == nil") < 0.05 is false: it is 0.25 (2 of 8)`, `{"share(\"result.price == nil\")":0.25}`},
		`count("result.price > 1") == 3`:                                {`count("result.price > 1") == 3 is false: it is 4 (of 8)`, `{"count(\"result.price > 1\")":4}`},
		`share("attempts == 0") == 0.5`:                                 {`share("attempts == 0") == 0.5 is false: it is 1 (11 of 11)`, `{"share(\"attempts == 0\")":1}`},
		`unique("result.sku")`:                                          {`unique("result.sku") is false: "A-1" is the value of sku-1 and sku-5`, `{"unique(\"result.sku\")":false}`},
		`unique("result.sku") && passed > 9`:                            {`unique("result.sku") && passed > 9 is false: passed = 6, unique("result.sku") = false ("A-1" is the value of sku-1 and sku-5)`, `{"passed":6,"unique(\"result.sku\")":false}`},
		`max("result.n") < 4`:                                           {`max("result.n") < 4 is false: it is 4`, `{"max(\"result.n\")":4}`},
		`min("result.price") > 1`:                                       {`min("result.price") > 1 is false: it is 0.50`, `{"min(\"result.price\")":0.50}`},
		`avg("result.n") > 2`:                                           {`avg("result.n") > 2 is false: it is 2 (of 5 numbers)`, `{"avg(\"result.n\")":2}`},
		`max("result.zzz") < 4`:                                         {`max("result.zzz") < 4 is false: no task that passed has a number at result.zzz`, ``},
		`avg("result.sku") < 4 // weight`:                               {`avg("result.sku") < 4 is false: no task that passed has a number at result.sku (weight)`, ``},
		`count("row.x.y > 1") == 0 && failed == 0`:                      {`count("row.x.y > 1") == 0 && failed == 0 is false: failed = 1, count("row.x.y > 1") = 0 (of 11)`, `{"failed":1,"count(\"row.x.y > 1\")":0}`},
		`share("result.price > 1") > 0.4 && share("id == \"x\"") > 0.5`: {`share("result.price > 1") > 0.4 && share("id == \"x\"") > 0.5 is false: share("result.price > 1") = 0.5 (4 of 8), share("id == \"x\"") = 0 (0 of 11)`, `{"share(\"result.price > 1\")":0.5,"share(\"id == \\\"x\\\"\")":0}`},

		`passed == 6 && total == 12`:                        {},
		`max("result.price") > 1000000`:                     {}, // 1e400 is more than any number
		`max("result.zzz") == nil || max("result.zzz") < 4`: {},
		`unique("row.sku")`:                                 {}, // what is absent is not compared
		`unique("result.n")`:                                {},
		`share("outcome == \"passed\"") >= 0.5`:             {},
		`count("\"t\" in tags") == 11`:                      {},
		`any([passed, failed], # > 5)`:                      {},
	} {
		v := wholeOf(t, shopRecords(), that)[0]
		if v.Holds != (w.message == "") {
			t.Errorf("%s: got %v, want %v", that, v.Holds, w.message == "")
		}
		if w.message == "" {
			continue
		}
		if diff := cmp.Diff(w, want{v.Message, string(v.Values)}, cmp.AllowUnexported(want{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", that, diff)
		}
	}
}

// An expectation about rows that cannot be evaluated says of which task; of no
// task at all a share is 0.
func TestWholeOfOddBatches(t *testing.T) {
	odd := batch.Record{ID: "odd", State: batch.StateDone, Outcome: batch.Passed, Row: []byte(`{"a":"x"}`)}
	lost := batch.Record{ID: "lost", State: batch.StateDone, Outcome: batch.Passed, Result: batch.Result{File: "gone", Size: 9}, StateDir: t.TempDir()}
	for _, c := range []struct {
		records []batch.Record
		that    string
		want    string
	}{
		{[]batch.Record{odd}, `count("row.a > 5") == 0`, `count("row.a > 5") == 0 could not be evaluated: task "odd": > cannot be used with a string and a number`},
		{[]batch.Record{odd, lost}, `unique("result.a") && passed > 5`, `could not be evaluated: the result of task "lost": `},
		{[]batch.Record{odd, lost}, `share("result.a == 1") == 0`, `could not be evaluated: the result of task "lost": `},
		{[]batch.Record{odd, lost}, `passed == 2 && share("attempts == 0") == 1`, ""},
		{nil, `share("result.a == 1") == 0 && count("true") == 0 && unique("row.a") && total == 0`, ""},
	} {
		v := wholeOf(t, c.records, c.that)[0]
		if v.Holds != (c.want == "") || !strings.Contains(v.Message, c.want) {
			t.Errorf("%s: got %v %q, want %q", c.that, v.Holds, v.Message, c.want)
		}
	}
}

func TestWholeErrors(t *testing.T) {
	for source, want := range map[string]struct {
		message string
		offset  int
	}{
		`share("result.price = nil") < 1`:        {`= is no operator: write ==`, 20},
		`passed > 1 && count("outcom == 1") > 1`: {`there is no "outcom" here`, 21},
		`unique("result.a + 1")`:                 {`unique takes the path of a value, such as result.price, not an expression`, 8},
		`unique("result")`:                       {`unique takes the path of a value, such as result.price, not an expression`, 8},
		`max("outcome") > 1`:                     {`max takes the path of a value, such as result.price, not an expression`, 5},
		`max(passed) > 1`:                        {`max takes one string that is written out, such as max("result.price")`, 0},
		`share("id") > 1`:                        {`must be true or false, and is of type string`, 7},
		`pased > 1`:                              {`there is no "pased" here`, 0},
		`unqiue("a")`:                            {`there is no function "unqiue"`, 0},
		`passed`:                                 {`must be true or false, and is of type int`, 0},
		`params.x == 1`:                          {`there is no "params" here`, 0},
		`count("item.x == 1") > 1`:               {`there is no "item" here`, 7},
		`share("\tzz == 1") > 1`:                 {`there is no "zz" here`, 7},
	} {
		err := newLoader(&Manifest{}).checkWhole(source)
		var e *expr.Error
		if !errors.As(err, &e) || e.Message != want.message || e.Offset != want.offset {
			t.Errorf("%s: got %+v, want %v", source, err, want)
		}
	}
	if _, err := NewWhole(batch.Checks{Expect: []batch.Expectation{{That: "pased > 1"}}}); err == nil {
		t.Error("got nothing, want that it cannot be compiled")
	}
}

// Values are the same when they are equal, however they are written.
func TestUniqueByWorth(t *testing.T) {
	for _, same := range [][2]string{
		{`1`, `1.0`}, {`100`, `1e2`}, {`-0.5`, `-5E-1`}, {`0`, `-0.000`}, {`0e5`, `0`}, {`"a"`, `"\u0061"`}, {`{"a":1,"b":2}`, `{"b":2.0,"a":1}`}, {`[1,[2]]`, `[1.0, [2]]`},
		{`1234567890123456789012345678901234567890`, `1.23456789012345678901234567890123456789e39`},
	} {
		s := newValueSet()
		for _, raw := range same {
			if err := s.add([]byte(raw), raw); err != nil {
				t.Fatal(err)
			}
		}
		if s.twice == "" {
			t.Errorf("%s and %s: got two values, want one", same[0], same[1])
		}
	}
	s := newValueSet()
	for _, raw := range []string{
		`1`, `"1"`, `10`, `0.1`, `-1`, `true`, `"true"`, `null`, `""`, `[]`, `{}`, `[1]`, `[[1]]`, `[1,1]`, `["1"]`, `{"a":1}`, `{"a":"1"}`, `{"a":1,"b":1}`, `{"1":"a"}`,
		`1234567890123456789012345678901234567891`, `1234567890123456789012345678901234567890`, `[["a"],"b"]`, `[["a","b"]]`, `"ab"`, `["ab"]`, `["a","b"]`,
	} {
		if err := s.add([]byte(raw), raw); err != nil || s.twice != "" {
			t.Fatalf("%s: got %q, %v, want another value", raw, s.twice, err)
		}
	}
}

// What unique remembers of a million tasks is a few bytes each.
func TestUniqueTakesLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := newValueSet()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 400_000
	for i := range n {
		if err := s.add(fmt.Appendf(nil, `"%s %d"`, strings.Repeat("x", 200), i), fmt.Sprintf("task-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (after.HeapAlloc - before.HeapAlloc) / n; each > 64 {
		t.Errorf("got %d bytes a task, want 64 at most", each)
	}
	if err := s.add(fmt.Appendf(nil, `"%s %d"`, strings.Repeat("x", 200), n-1), "again"); err != nil || !strings.Contains(s.twice, "of an earlier task and again") {
		t.Errorf("got %q, %v, want that an earlier task has the value", s.twice, err)
	}
}

func BenchmarkWhole(b *testing.B) {
	w, err := NewWhole(batch.Checks{Expect: []batch.Expectation{
		{That: `unique("result.sku")`}, {That: `share("result.price == nil") < 0.05`}, {That: `passed == total`},
	}})
	if err != nil {
		b.Fatal(err)
	}
	r := batch.Record{ID: "a", State: batch.StateDone, Outcome: batch.Passed}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Result = answered(fmt.Sprintf(`{"sku":"A-%d","price":12.50,"name":"A book"}`, i))
		if err := w.Add(r); err != nil {
			b.Fatal(err)
		}
	}
}
