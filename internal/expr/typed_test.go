package expr

import (
	"errors"
	"slices"
	"testing"
)

// What a schema says of a result is known at any depth.
var shop = Env{
	"params": {Fields: []string{"country", "max"}, Inner: map[string]Object{"country": {Alone: Text}, "max": {Alone: Whole}}},
	"result": {Fields: []string{"name", "count", "sold", "price", "items", "codes", "any", "open"}, Inner: map[string]Object{
		"name": {Alone: Text}, "count": {Alone: Whole}, "sold": {Alone: Boolean}, "codes": {Alone: Texts}, "any": {Alone: Any},
		"open":  {Open: true, Fields: []string{"n"}, Inner: map[string]Object{"n": {Alone: Number}}},
		"price": {Fields: []string{"amount", "currency"}, Inner: map[string]Object{"amount": {Alone: Number}, "currency": {Alone: Text}}},
		"items": {Alone: List, Each: &Object{Fields: []string{"sku", "price"}, Inner: map[string]Object{"price": {Alone: Number}}}},
	}},
}

func TestTypesWithin(t *testing.T) {
	for source, want := range map[string]string{
		`result.price.amout > 5`:                           `result.price has no field "amout"`,
		`result.price.amout == nil`:                        `result.price has no field "amout"`,
		`(result.price.amout ?? 1) == 1`:                   `result.price has no field "amout"`,
		`result.items[0].pric > 5`:                         `result.items[0] has no field "pric"`,
		`all(result.items, .pric > 5)`:                     `the element has no field "pric"`,
		`all(filter(result.items, .price > 5), .sk == "")`: `the element has no field "sk"`,
		`filter(result.items, .price > 5)[0].sk == ""`:     `filter(result.items, .price > 5)[0] has no field "sk"`,
		`let p = result.price; p.amout == 1`:               `p has no field "amout"`,
		`result.name.first == "x"`:                         `result.name has no field "first": it is a string`,
		`result.name.upper() == "X"`:                       `values have no methods such as upper: write upper(result.name)`,
		`result.price.amount.x == 1`:                       `result.price.amount has no field "x": it is a number`,
		`result.items.price > 1`:                           `result.items has no field "price": it is a list`,
		`result.price > 5`:                                 `invalid operation: > (mismatched types map and int)`,
		`result.price.amount > "5"`:                        `invalid operation: > (mismatched types number and string)`,
		`result.name == 5`:                                 `invalid operation: == (mismatched types string and int)`,
		`result.sold == "true"`:                            `invalid operation: == (mismatched types bool and string)`,
		`result.price.currency + 5 == ""`:                  `invalid operation: + (mismatched types string and int)`,
		`all(result.name, # == "x")`:                       `builtin all takes only array (got string)`,
		`all(result.items, .price)`:                        `predicate should return boolean (got number)`,
		`any(result.codes, # > 5)`:                         `invalid operation: > (mismatched types string and int)`,
		`params.max == "5"`:                                `invalid operation: == (mismatched types int and string)`,
		`params.contry == "DE"`:                            `params has no field "contry"`,
		`result.open.n == "x"`:                             `invalid operation: == (mismatched types number and string)`,
		`near(result.name, 1, 2)`:                          `cannot use string as argument (type number) to call near `,
		`near(result.price.amount, 1)`:                     `the number of arguments is wrong: write near(a, b, tolerance)`,
		`contains(result)`:                                 `the number of arguments is wrong: write contains(whole, part)`,
		`result.count`:                                     `must be true or false, and is of type int`,
		`contain(result, {"a": 1})`:                        `there is no function "contain"`,
		`contain_ == 1`:                                    `there is no "contain_" here`,
		`near == 1`:                                        `there is no "near" here`,
		`$env.result == 1`:                                 `there is no "$env" here`,
		`__field(1, 2, 3)`:                                 `there is no function "__field"`,
		`timezone("UTC") == nil`:                           `timezone is not available: it depends on when or where it runs`,

		`result.price.amount > 5 && result.count % 2 == 0`:     "",
		`result.price.amount == nil || result.sold`:            "",
		`result.any > 5 && result.any.x == "y"`:                "",
		`result.open.what.ever == 3`:                           "",
		`all(result.items, .sku != "" and .price >= 1)`:        "",
		`result.codes[0] == "x" && "y" in result.codes`:        "",
		`join(result.codes, ",") == "x,y"`:                     "",
		`result.count in 1..9 && params.max >= result.count`:   "",
		`(result.price.amount ?? "none") == "none"`:            "",
		`near(result.price.amount, result.count, 0.5)`:         "",
		`contains(result, {"price": {"currency": "EUR"}})`:     "",
		`result contains "x"`:                                  `invalid operation: contains (mismatched types map and string)`,
		`result.name contains "x" && not contains(result, {})`: "",
		`1 < result.price.amount < 5`:                          "",
	} {
		_, err := CompileCondition(source, shop)
		got := ""
		if e := (*Error)(nil); errors.As(err, &e) {
			got = e.Message
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
	var e *Error
	_, err := Compile(`all(result.items, .price > 0 and result.price.amout > 1)`, shop)
	if !errors.As(err, &e) || e.Offset != 46 || e.Name != "amout" || !slices.Equal(e.Known, []string{"amount", "currency"}) {
		t.Errorf("got %+v, want the place of amout and what it may have been", err)
	}
}

// Paths are what messages show of an expression's values.
func TestPaths(t *testing.T) {
	env := Env{"result": {Open: true}, "row": {Open: true}, "attempts": {Alone: Whole}}
	for source, want := range map[string][]string{
		`result.price.amount <= float(row.max)`:           {"result.price.amount", "row.max"},
		`result.a == 1 and result.a != 2`:                 {"result.a"},
		`all(result.items, .price > result.min)`:          {"result.items", "result.min"},
		`result["a b"][0].c == row.x ?? 1`:                {`result["a b"][0].c`, "row.x"},
		`contains(result, {"a": row.a})`:                  {"result", "row.a"},
		`attempts > 1`:                                    {"attempts"},
		`let x = result.y; x.z == 1`:                      {"result.y"},
		`result[row.key] == 1`:                            {"result", "row.key"},
		`result?.a.b == 1`:                                {"result"},
		`1 < result.a < result.b`:                         {"result.a", "result.b"},
		`upper(result.name) + lower(result.name) == "Aa"`: {"result.name"},
		`true`: nil,
	} {
		p, err := Compile(source, env)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		var got []string
		for _, path := range p.Paths() {
			got = append(got, path.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}
