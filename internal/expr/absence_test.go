package expr

import (
	"encoding/json"
	"errors"
	"testing"
)

// A field that is absent is said with its whole path, and provided for by ??,
// ?. and a comparison with nil.
func TestAbsence(t *testing.T) {
	env := Env{"result": {Open: true}, "row": {Open: true}, "seconds": {Alone: Number}, "gone": {Open: true}}
	v := func() *Values {
		return NewNamed(nil, map[string]any{
			"row": map[string]any{"max": "9"},
			"result": map[string]any{
				"price": map[string]any{"amount": json.Number("12.50")}, "null": nil, "text": "abc", "empty": []any{},
				"items": []any{
					map[string]any{"price": json.Number("1"), "tags": []any{"x"}},
					map[string]any{"name": "b", "tags": []any{}},
				},
			},
		})
	}
	for source, want := range map[string]any{
		`result.a`:                                      "result.a is absent",
		`result.a.b.c`:                                  "result.a is absent",
		`result.price.amout > 5`:                        "result.price.amout is absent",
		`result.price.amount > 5 && result.b`:           "result.b is absent",
		`result["a b"].c == 1`:                          `result["a b"] is absent`,
		`result.items[7].price > 1`:                     "result.items[7] is absent",
		`result.items[1].price > 1`:                     "result.items[1].price is absent",
		`result.items[-3]`:                              "result.items[-3] is absent",
		`all(result.items, .price > 0)`:                 "result.items[1].price is absent",
		`all(result.items, #.price > 0)`:                "result.items[1].price is absent",
		`all(result.items, .tags[0] == "x")`:            ".tags[0] is absent",
		`map(result.items, .price)`:                     "result.items[1].price is absent",
		`let p = result.price; p.nope > 1`:              "result.price.nope is absent",
		`{"a": 1}.b == 2`:                               ".b is absent",
		`row[result.text] == 1`:                         "row.abc is absent",
		`seconds > 5`:                                   "seconds is absent",
		`gone.x > 5`:                                    "gone is absent",
		`result.a == 1 ? 1 : 2`:                         "result.a is absent",
		`result.a != 1`:                                 "result.a is absent",
		`len(result.a) ?? 0`:                            "result.a is absent",
		`"x" in result.a`:                               "result.a is absent",
		`groupBy(result.items, .tags[0] ?? "none").zzz`: ".zzz is absent",

		`result.a == nil`:                  true,
		`nil == result.a.b.c`:              true,
		`result.a.b != nil`:                false,
		`result.null.a == nil`:             true,
		`result.price.amount != nil`:       true,
		`seconds == nil`:                   true,
		`gone == nil`:                      true,
		`gone.x.y == nil`:                  true,
		`(result.a.b ?? 7) == 7`:           true,
		`(result.a ?? result.b ?? 3) == 3`: true,
		`((result.price != nil ? result.a : result.b) ?? 4) == 4`: true,
		`((result.price == nil ? result.a : result.b) ?? 4) == 4`: true,
		`result?.a.b == nil`:                                        true,
		`result.a?.b`:                                               nil,
		`result.items[9]?.price`:                                    nil,
		`(result.items[9].price ?? 8) == 8`:                         true,
		`count(result.items, #.price == nil)`:                       1,
		`sum(result.items, .price ?? 0)`:                            1,
		`any(result.items, .price.amount.x == nil && .name == "b")`: "cannot take field \"amount\" of a number",
		`any(result.items, (.price ?? 0) == 0)`:                     true,
		`get(result, "a")`:                                          nil,
		`"a" in result`:                                             false,
		`result.null.a`:                                             `cannot take field "a" of null`,
		`upper(result.null.a)`:                                      `cannot take field "a" of null`,
		`upper(result.text.a)`:                                      `cannot take field "a" of a string`,
		`(result.text.a ?? 1) == 1`:                                 `cannot take field "a" of a string`,
		`result.text[0] == "a"`:                                     `cannot take element 0 of a string`,
		`result.price[0] == "a"`:                                    `a field's name must be a string, not a number`,
		`result.items["x"] == "a"`:                                  `cannot take field "x" of a list`,
		`result.items[0.5] == "a"`:                                  `cannot take element 0.5 of a list`,
		`{"d": date("2026-01-01")}.d["Lo" + "cal"] == nil`:          `cannot take field "Local" of a date`,
		`let f = {"d": date("2026-01-01")}.d["Lo" + "cal"]; string(f()) == "x"`: `cannot take field "Local" of a date`,
	} {
		p, err := Compile(source, env)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := p.Eval(v())
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", source, got, want)
		}
	}
}

// Of a field of a name, absence names both, for who has other words for it.
func TestAbsentNames(t *testing.T) {
	env := Env{"env": {Fields: []string{"CI", "a b"}, Text: true}, "row": {Open: true}}
	for source, want := range map[string]AbsentError{
		`env.CI`:                 {Path: "env.CI", Name: "env", Field: "CI"},
		`upper(env.CI)`:          {Path: "env.CI", Name: "env", Field: "CI"},
		`upper(env["a b"])`:      {Path: `env["a b"]`, Name: "env", Field: "a b"},
		`row.a.b`:                {Path: "row.a", Name: "row", Field: "a"},
		`upper(row.c.b)`:         {Path: "row.c.b"},
		`row.c.b`:                {Path: "row.c.b"},
		`let e = env; e.CI + ""`: {Path: "env.CI"},
	} {
		p, err := Compile(source, env)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		_, err = p.Eval(NewValues(map[string]map[string]any{"env": {}, "row": {"c": map[string]any{}}}))
		var got *AbsentError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %+v, want %+v", source, err, want)
		}
	}
}
