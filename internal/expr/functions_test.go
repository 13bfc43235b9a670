package expr

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/expr-lang/expr/builtin"
)

func exactly(text string) any { return json.Number(text) }

func TestComparisons(t *testing.T) {
	row := map[string]any{
		"n": exactly("1.0"), "m": exactly("1"), "big": exactly("1e400"), "s": "abc", "f": exactly("0.1"),
		"list": []any{exactly("1"), "a", exactly("2.50")}, "map": map[string]any{"a": exactly("1.00"), "b": []any{exactly("2")}},
		"items": []any{
			map[string]any{"sku": "A", "n": exactly("1"), "tags": []any{"x", "y"}},
			map[string]any{"sku": "B", "n": exactly("2")},
			map[string]any{"sku": "A", "n": exactly("3")},
		},
		"words": []any{"x", "y", "x"}, "null": nil,
	}
	for source, want := range map[string]any{
		`row.n == row.m`:                       true,
		`row.n == 1`:                           true,
		`row.n % 2`:                            1,
		`row.big == "1e400"`:                   true,
		`row.list == [1, "a", 2.5]`:            true,
		`row.list == [1, "a"]`:                 false,
		`row.list != [1, "a", 2.5]`:            false,
		`row.map == {"a": 1, "b": [2]}`:        true,
		`row.map == {"a": 1, "c": [2]}`:        false,
		`row.map == row.list`:                  false,
		`row.list == "x"`:                      false,
		`"x" == row.list`:                      false,
		`row.words == split("x,y,x", ",")`:     true,
		`1..3 == [1, 2, 3]`:                    true,
		`1 in row.list`:                        true,
		`2.5 in row.list`:                      true,
		`{"sku": "B", "n": 2} in row.items`:    true,
		`"a" in row.map && "z" not in row.map`: true,
		`1 in row.map`:                         false,
		`1 in row.s`:                           "in needs a list or a map, not a string",
		`1 in row.null`:                        false,
		`"A" in groupBy(row.items, .sku)`:      true,
		`1 < row.m < 3 < row.n`:                false,
		`0 < row.m < 3`:                        true,

		`near(1.1, 1, 0.1)`:         true,
		`near(row.f + 0.2, 0.3, 0)`: true,
		`near(1, 1.11, 0.1)`:        false,
		`near(row.m, row.n, 0)`:     true,
		`near(-5, 5, 10)`:           true,
		`near(1, 1, -1)`:            "near needs a tolerance that is not negative",
		`near(row.s, 1, 1)`:         "near needs three numbers, and one is a string",
		`near(row.null, 1, 1)`:      "near needs three numbers, and one is null",
		`near(row.big, 1, 1)`:       "near needs three numbers, and one is a string",

		`contains(row, {"m": 1})`:                                                 true,
		`contains(row, {"map": {"a": 1.0}})`:                                      true,
		`contains(row, {"map": {"a": 2}})`:                                        false,
		`contains(row, {"zzz": nil})`:                                             false,
		`contains(row, {"null": nil})`:                                            true,
		`contains(row.map, {})`:                                                   true,
		`contains(row.map, [])`:                                                   false,
		`contains(row.s, "abc")`:                                                  "contains(…) compares: of two strings write a contains b",
		`contains(row.s, "ab")`:                                                   "contains(…) compares: of two strings write a contains b",
		`row.s contains "ab"`:                                                     true,
		`row.s contains ("ab")`:                                                   true,
		`row.s not contains ("z")`:                                                true,
		`not contains(row.list, "z")`:                                             true,
		`!contains(row.map, "z") && contains (row.words, ["x"])`:                  true,
		`[contains(row.words, ["x"]), row.s contains "b"] == [true, true]`:        true,
		`any(row.words, # contains "y") and any(row.words, contains([#], ["y"]))`: true,
		`row.words | contains(["x"])`:                                             true,
		`{"contains": 4}.contains == 4`:                                           true,
		`contains(row.words, ["x", "x"])`:                                         true,
		`contains(row.words, ["y", "y"])`:                                         false,
		`contains(row.words, ["y", "x"])`:                                         true,
		`contains(row.list, [1.0, 2.5])`:                                          true,
		`contains(row.items, [{"sku": "B"}])`:                                     true,
		`contains(row.items, [{"sku": "A"}, {"sku": "A", "n": 1}])`:               true, // the first must give way
		`contains(row.items, [{"sku": "A"}, {"sku": "A"}, {"sku": "A"}])`:         false,
		`contains(row.items, [{"tags": ["y"]}, {"n": 3}])`:                        true,
		`contains(row.items, [{"n": 1}, {"sku": "A"}, {"n": 3}])`:                 false,
		`contains(row.words, ["x", "x", "x", "x"])`:                               false,

		`len(uniq([1, 1.0, "1", 2, [1], [1.0]]))`: 4,
		`flatten([1, [2, [3]]]) == [1, 2, 3]`:     true,
		`fromPairs([["a", 1]]) == {"a": 1}`:       true,
		`fromPairs([[1, 1]])`:                     "fromPairs needs keys that are strings, and that of element 0 is a number",
		`fromJSON("{\"a\": [1.50]}").a[0]`:        1.5,
		`fromJSON("1 2")`:                         "fromJSON: there is more text behind the JSON",
		`int("12")`:                               int64(12),
		`int("1.5")`:                              `int needs a whole number, not "1.5"`,
		`int(1e300)`:                              "int needs a whole number or a string of one, not 1e+300",
		`float("9.99")`:                           9.99,
		`float("n/a")`:                            `float needs a number, not "n/a"`,
		`float("NaN")`:                            `float needs a number, not "NaN"`,
		`float(row.null)`:                         "float needs a number or a string of one, not null",
		`trim("  x ") + trim("--x-", "-")`:        "xx",
		`split("a,b,c", ",", 2) == ["a", "b,c"]`:  true,
		`"abc" matches row.s`:                     true,
		`"abc" matches ("(" + row.s)`:             "the pattern of matches is wrong: missing closing ): `(abc`",
		`string(row.list)`:                        "[1 a 2.5]",
		`string(row.null)`:                        "<nil>",
		`sort(row.words)[0]`:                      "x",
		`len("é")`:                                1,
	} {
		p, err := Compile(source, open)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := p.Eval(NewValues(map[string]map[string]any{"row": row}))
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %#v, want %#v", source, got, want)
		}
	}
}

// Whoever changes the version of expr-lang looks at what is new in it: whether it
// depends on the moment, the machine or the order of a map, and what it costs.
func TestEveryFunctionWasLookedAt(t *testing.T) {
	looked := strings.Fields(`all none any one filter map find findIndex findLast findLastIndex count sum groupBy sortBy reduce
		len type abs ceil floor round int float string trim trimPrefix trimSuffix upper lower split splitAfter replace repeat join
		indexOf lastIndexOf hasPrefix hasSuffix max min mean median toJSON fromJSON toBase64 fromBase64 now duration date timezone
		first last get take keys values toPairs fromPairs reverse uniq concat flatten sort
		bitand bitor bitxor bitnand bitshl bitshr bitushr bitnot`)
	for _, f := range builtin.Builtins {
		if !slices.Contains(looked, f.Name) {
			t.Errorf("%s is new", f.Name)
		}
	}
}

// The same values give the same result on every machine and every time.
func TestNothingOfTheMachine(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	row := map[string]any{"a": map[string]any{"x": "1", "y": "2", "z": "3", "w": "4", "v": "5"}}
	for _, source := range []string{
		`date("Mon, 02 Jan 2026 10:00:00 CET").String()`,
		`date("02 Jan 26 10:00 JST").String()`,
		`date("2026-01-01 10:00 JST", "2006-01-02 15:04 MST").String()`,
		`date("2026-01-01 10:00 +0900", "2006-01-02 15:04 -0700").String()`,
		`date("2026-01-01 10:00", "2006-01-02 15:04").String()`,
		`toJSON(row.a)`, `string(row.a)`, `join(keys(row.a))`, `join(values(row.a))`, `toJSON(toPairs(row.a))`,
		`toJSON(map(toPairs(row.a), #[1]))`,
	} {
		p, err := Compile(source, open)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		seen := map[any]bool{}
		for i := range 20 {
			time.Local = []*time.Location{time.FixedZone("JST", 9*60*60), time.FixedZone("CET", 60*60), time.UTC}[i%3]
			got, err := p.Eval(NewValues(map[string]map[string]any{"row": row}))
			if err != nil {
				got = err.Error()
			}
			seen[got] = true
		}
		if len(seen) != 1 {
			t.Errorf("%s: got %v, want one result", source, seen)
		}
	}
	for _, zone := range []string{"Local", "local", "localtime", "posix/localtime", "posixrules"} {
		p, err := Compile(`date("2026-01-01", "2006-01-02", row.zone)`, open)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = p.Eval(NewValues(map[string]map[string]any{"row": {"zone": zone}})); err == nil || !strings.Contains(err.Error(), "depends on the machine") {
			t.Errorf("%s: got %v, want that it is refused", zone, err)
		}
	}
}

// Functions that are evaluated elsewhere stand for their values.
func TestCalls(t *testing.T) {
	env := Env{"total": {Alone: Whole}}
	outside := map[string]Kind{"count": Whole, "share": Number, "max": Number, "unique": Boolean}
	source := `unique("a.b") && share("x == nil") < 0.5 and count("q") * 2 > total || max("p") == nil or share("x == nil") > 0.9`
	c, calls, err := CompileCalls(source, env, outside)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	values := map[string]any{"total": 4}
	for _, call := range calls {
		texts = append(texts, call.Text)
		if at := source[call.Offset:]; !strings.HasPrefix(at, call.Argument) {
			t.Errorf("%s is not at %d", call.Argument, call.Offset)
		}
		values[call.Name] = map[string]any{"unique": true, "share": 0.25, "count": 3}[call.Function]
		if call.Function == "max" {
			delete(values, call.Name)
		}
	}
	if want := []string{`unique("a.b")`, `share("x == nil")`, `count("q")`, `max("p")`}; !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
	if holds, err := c.True(NewNamed(nil, values)); !holds || err != nil {
		t.Errorf("got %v, %v, want that it holds", holds, err)
	}
	c, calls, err = CompileCalls(`max("result.price") < 5`, env, outside)
	if err != nil {
		t.Fatal(err)
	}
	var absent *AbsentError
	if _, err := c.True(NewNamed(nil, nil)); !errors.As(err, &absent) || absent.Path != calls[0].Text {
		t.Errorf("got %v, want that %s is absent", err, calls[0].Text)
	}
	for source, want := range map[string]string{
		`count(total) > 1`:               `count takes one string that is written out, such as count("result.price")`,
		`max("a" + "b") > 1`:             `max takes one string that is written out, such as max("result.price")`,
		`max(1, 2) > 1`:                  `max takes one string that is written out, such as max("result.price")`,
		`share("a") == "x"`:              `invalid operation: == (mismatched types number and string)`,
		`unique("a") > 1`:                `invalid operation: > (mismatched types bool and int)`,
		`shar("a") > 1`:                  `there is no function "shar"`,
		`all([1], count("x") > #)`:       "",
		`total > 1 and min([1, 2]) == 1`: "",
	} {
		_, _, err := CompileCalls(source, env, outside)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	items := make([]any, 1000)
	for i := range items {
		items[i] = map[string]any{"price": json.Number("12.5")}
	}
	row := map[string]any{"a": "x", "n": json.Number("12.5"), "items": items}
	for _, source := range []string{`row.a == "x"`, `row.n * 2 <= 30`, `all(row.items, .price > 0)`} {
		b.Run(source, func(b *testing.B) {
			p, err := Compile(source, open)
			if err != nil {
				b.Fatal(err)
			}
			v := NewValues(map[string]map[string]any{"row": row})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A program is used by many at once, each with its own values, and one that
// failed leaves nothing behind.
func TestConcurrentEvaluations(t *testing.T) {
	c, err := CompileCondition(`let a = row.n; upper(row.s) + string(a) == row.want && row.list[0] == a`, open)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			n := exactly(strconv.Itoa(i))
			for range 200 {
				row := map[string]any{"n": n, "s": "x", "want": "X" + strconv.Itoa(i), "list": []any{n}}
				if holds, err := c.True(NewValues(map[string]map[string]any{"row": row})); !holds || err != nil {
					t.Errorf("%d: got %v, %v, want true", i, holds, err)
				}
				if _, err := c.True(NewValues(map[string]map[string]any{"row": {"n": n, "s": nil}})); err == nil {
					t.Errorf("%d: got nothing, want an error", i)
				}
			}
		})
	}
	group.Wait()
}
