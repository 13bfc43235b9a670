package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

func expects(t *testing.T, params string, that ...string) batch.Checker {
	t.Helper()
	c := batch.Checks{Params: json.RawMessage(params)}
	for _, source := range that {
		e := batch.Expectation{That: source}
		e.That, e.Because, _ = strings.Cut(source, " // ")
		c.Expect = append(c.Expect, e)
	}
	out, err := Checker(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// judgedBook is a result with all that expectations may ask.
func judgedBook() batch.Judged {
	return batch.Judged{
		Result: json.RawMessage(`{"title":"Attic","price":{"amount":12.50,"currency":"EUR"},"id":1234567890123456789012345678901234567890,
			"items":[{"sku":"A","price":1},{"sku":"B"}],"text":"` + strings.Repeat("é", 300) + `","none":null,"huge":1e400}`),
		Row: json.RawMessage(`{"sku":"A","max_price":"9.99"}`), Matrix: json.RawMessage(`{"currency":"USD"}`),
		ID: "book-1", Template: "tasks[0]", Group: "books", Tags: []string{"nightly"}, Attempt: 2, RunID: "run_1", Status: batch.StatusCompleted, Seconds: 12.5,
	}
}

func TestCheck(t *testing.T) {
	type want struct{ message, values string }
	for that, w := range map[string]want{
		`result.price.amount <= float(row.max_price)`: {
			`is false: result.price.amount <= float(row.max_price), with result.price.amount = 12.50, row.max_price = "9.99"`,
			`{"result.price.amount":12.50,"row.max_price":"9.99"}`,
		},
		`result.price.amount <= 12 // price list of March`: {
			`is false: result.price.amount <= 12, with result.price.amount = 12.50 (price list of March)`, `{"result.price.amount":12.50}`,
		},
		`result.price.currency == matrix.currency`: {
			`is false: result.price.currency == matrix.currency, with result.price.currency = "EUR", matrix.currency = "USD"`,
			`{"result.price.currency":"EUR","matrix.currency":"USD"}`,
		},
		`result.id == 1`: {
			`is false: result.id == 1, with result.id = 1234567890123456789012345678901234567890`, `{"result.id":1234567890123456789012345678901234567890}`,
		},
		`result.prize > 5 // it has one`:                    {`result.prize is absent (it has one)`, ""},
		`result.price.tax > 5 && result.title != ""`:        {`result.price.tax is absent`, `{"result.title":"Attic"}`},
		`all(result.items, .price > 0)`:                     {`result.items[1].price is absent`, `{"result.items":[{"price":1,"sku":"A"},{"sku":"B"}]}`},
		`(result.prize ?? 0) > 5`:                           {`is false: (result.prize ?? 0) > 5, with result.prize absent`, ""},
		`result.title > 5`:                                  {`could not be evaluated: > cannot be used with a string and a number`, `{"result.title":"Attic"}`},
		`result.huge > 5`:                                   {`could not be evaluated: > cannot be used with a string and a number`, `{"result.huge":1e400}`},
		`result.none.x == 5`:                                {`could not be evaluated: cannot take field "x" of null`, ""},
		`result.title`:                                      {`could not be evaluated: must be true or false, not a string`, `{"result.title":"Attic"}`},
		`result.none`:                                       {`could not be evaluated: must be true or false, not null`, `{"result.none":null}`},
		`result.text == "x"`:                                {`is false: result.text == "x", with result.text = "` + strings.Repeat("é", 57) + `..."`, `{"result.text":"` + strings.Repeat("é", 200) + `…"}`},
		"result.title\n  ==\n  \"x\"":                       {`is false: result.title == "x", with result.title = "Attic"`, `{"result.title":"Attic"}`},
		`contains(result, {"title": "X"})`:                  {`is false: contains(result, {"title": "X"}), with result = a map of 7`, `{"result":"a map of 7"}`},
		`row.absent == "x"`:                                 {`row.absent is absent`, ""},
		`params.x == "x"`:                                   {`params.x is absent`, ""},
		`run.attempt == 1 && run.seconds > 60`:              {`is false: run.attempt == 1 && run.seconds > 60, with run.attempt = 2, run.seconds = 12.5`, `{"run.attempt":2,"run.seconds":12.5}`},
		`task.repetition == 1`:                              {`task.repetition is absent`, ""},
		`"x" in task.tags`:                                  {`is false: "x" in task.tags, with task.tags = ["nightly"]`, `{"task.tags":["nightly"]}`},
		`false`:                                             {`is false: false`, ""},
		`result.price == nil || result.price.amount == nil`: {`is false: result.price == nil || result.price.amount == nil, with result.price = {"amount":12.50,"currency":"EUR"}, result.price.amount = 12.50`, `{"result.price":{"amount":12.50,"currency":"EUR"},"result.price.amount":12.50}`},

		`result.price.amount > params.min`:                               {},
		`near(result.price.amount, 12.4, 0.1)`:                           {},
		`contains(result, {"price": {"currency": "EUR"}})`:               {},
		`result.price.tax == nil && result.a.b.c == nil`:                 {},
		`run.id == "run_1" && run.status == "COMPLETED"`:                 {},
		`task.id startsWith "book" && task.group == "books"`:             {},
		`task.template == "tasks[0]" && len(result.items) == 2`:          {},
		`any(result.items, (.price ?? 0) > 0) && "nightly" in task.tags`: {},
	} {
		var got want
		if problems := expects(t, `{"min": 5}`, that).Check(judgedBook()); len(problems) > 0 {
			p := problems[0]
			got = want{p.Message, string(p.Values)}
			that, because, _ := strings.Cut(that, " // ")
			if p.Kind != "expect" || p.Keyword != "expect" || p.InstancePath != "" || p.Expression != that || p.Because != because {
				t.Errorf("%s: got %+v, want a problem of the kind expect", that, p)
			}
			if p.Values != nil && !json.Valid(p.Values) {
				t.Errorf("%s: got %s, want JSON", that, p.Values)
			}
		}
		if diff := cmp.Diff(w, got, cmp.AllowUnexported(want{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", that, diff)
		}
	}
}

// All expectations are evaluated, in their order, and one that fails is no
// reason to leave out those behind it.
func TestCheckAll(t *testing.T) {
	c := expects(t, "", `result.zzz > 1`, `result.title == "Attic"`, `result.title > 1`, `result.title == "x"`)
	var got []string
	for _, p := range c.Check(judgedBook()) {
		got = append(got, p.Message)
	}
	want := []string{
		"result.zzz is absent", "could not be evaluated: > cannot be used with a string and a number", `is false: result.title == "x", with result.title = "Attic"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is no result is false of every expectation that asks for it, and of no
// other.
func TestCheckWhatCannotBeRead(t *testing.T) {
	for raw, want := range map[string]string{
		``:     "result is absent",
		`null`: `could not be evaluated: cannot take field "a" of null`,
		`[1]`:  `could not be evaluated: cannot take field "a" of a list`,
		`{`:    "could not be evaluated: the result is not JSON: the text ends too early",
		strings.Repeat("[", 1001) + strings.Repeat("]", 1001): "could not be evaluated: the result is nested more than 1000 levels deep",
		`{"a":1e99999}`: "could not be evaluated: the result is a number of more than 1000 digits or with an exponent beyond ±1000",
	} {
		got := expects(t, "", `result.a == 1`, `task.id == "x"`).Check(batch.Judged{Result: json.RawMessage(raw), ID: "x"})
		if len(got) == 0 || got[0].Message != want {
			t.Errorf("%.40s: got %v, want %s", raw, got, want)
		}
	}
	if got := expects(t, "", `task.id == "x"`).Check(batch.Judged{Result: json.RawMessage(`{`), ID: "x"}); got != nil {
		t.Errorf("got %v, want nothing: nobody asks for the result", got)
	}
	if _, err := Checker(batch.Checks{Expect: []batch.Expectation{{That: `rsult.a == 1`}}}); err == nil || err.Error() != `the expectation "rsult.a == 1": there is no "rsult" here` {
		t.Errorf("got %v, want that it cannot be compiled", err)
	}
}

// A result makes no message long and no check slow.
func TestCheckHostile(t *testing.T) {
	var items strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&items, `{"name":%q,"n":%d},`, strings.Repeat("x", i%90), i)
	}
	deep := strings.Repeat(`{"a":`, 900) + "1" + strings.Repeat("}", 900)
	j := batch.Judged{Result: json.RawMessage(`{"items":[` + items.String() + `0],"deep":` + deep + `,"text":"` + strings.Repeat("<b>\\u0007", 1_000_000) + `"}`)}
	c := expects(t, "",
		`all(result.items, # in result.items)`, `result.items == [] or result.deep == {}`, `float(result.text) > 1`, `result.text matches "(a*)*b$"`,
		`int(result.text) > 1`, `result[result.text] == 1`, `contains(result.items, result.items)`, `result.text == ""`, `date(result.text) == nil`,
		`all(result.items, .zzz == 1)`, `result`,
	)
	began := time.Now()
	problems := c.Check(j)
	if d := time.Since(began); d > 20*time.Second { // two, on a machine that does nothing else
		t.Errorf("took %s", d)
	}
	if len(problems) != 11 {
		t.Errorf("got %d problems, want 11", len(problems))
	}
	for _, p := range problems {
		if len(p.Message)+len(p.Values) > 1000 || strings.ContainsRune(p.Message, '\a') {
			t.Errorf("%s: got %d bytes and %d of values: %.300q", p.Expression, len(p.Message), len(p.Values), p.Message)
		}
	}
}

// Whatever a result is, each expectation has a verdict, and the same twice.
func FuzzCheck(f *testing.F) {
	for _, raw := range []string{
		`{}`, `{"price":{"amount":12.5},"items":[{"n":1},{}],"name":"x"}`, `[1,2]`, `null`, `{"items":{"a":1}}`, `{"price":"12"}`, `1e400`, `"\u0000"`,
		`{"items":[[[]],{"n":"x"},null]}`, `{"name":"x","name":[1]}`,
	} {
		f.Add([]byte(raw))
	}
	c, err := Checker(batch.Checks{Expect: []batch.Expectation{
		{That: `result.price.amount > 5`}, {That: `all(result.items, .n > 0)`}, {That: `len(uniq(result.items)) == len(result.items)`},
		{That: `(result.price ?? {}).amount == nil`}, {That: `contains(result, {"items": [{"n": 1}]})`}, {That: `result.name matches "^[a-z]+$"`},
		{That: `toJSON(result) == string(result)`}, {That: `result == result`}, {That: `sort(result.items)[0] == max(result.items)`},
		{That: `upper(result.name) + result.name == join(keys(result), "")`}, {That: `result.items[result.price].n == 1`},
		{That: `groupBy(result.items, .n)[1] == nil`}, {That: `sum(result.items, .n) / len(result.items) < 5`}, {That: `date(result.name).Year() > 1`},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, second := c.Check(batch.Judged{Result: raw}), c.Check(batch.Judged{Result: raw})
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("two verdicts:\n%s", diff)
		}
		for _, p := range first {
			if p.Message == "" || p.Values != nil && !json.Valid(p.Values) || len(p.Message) > 2000 {
				t.Errorf("got %+v", p)
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	c, err := Checker(batch.Checks{Expect: []batch.Expectation{
		{That: `result.price.amount <= float(row.max_price) * 2`}, {That: `result.price.currency == "EUR"`}, {That: `all(result.items, .sku != "")`},
	}})
	if err != nil {
		b.Fatal(err)
	}
	j := judgedBook()
	b.ReportAllocs()
	for b.Loop() {
		if got := c.Check(j); got != nil {
			b.Fatal(got)
		}
	}
}
