package expr

import (
	"encoding/json"
	"errors"
	"testing"
)

var conditionEnv = Env{
	"outcome": {Alone: Text}, "attempts": {Alone: Whole}, "tags": {Alone: Texts}, "row": {Open: true},
}

// cli.md "--where": names stand for values alone, and row for an object.
func TestConditionsOverNamesThatStandAlone(t *testing.T) {
	v := NewNamed(
		map[string]map[string]any{"row": {"price": json.Number("3.10"), "site": "books"}},
		map[string]any{"outcome": "failed", "attempts": 2, "tags": []string{"nightly", "eu"}})
	for source, want := range map[string]bool{
		`outcome == "failed"`:                    true,
		`outcome in ["passed", "invalid"]`:       false,
		`attempts > 1 and "eu" in tags`:          true,
		`attempts == 2`:                          true,
		`row.site == "books" && row.price < 3.2`: true,
		`tags[0] == "nightly"`:                   true,
		`len(tags) == 2`:                         true,
		`any(tags, # startsWith "night")`:        true,
		`outcome startsWith "fail"`:              true,
		`row.absent == "x"`:                      false, // buys nothing for a row that says nothing
		`row.absent != "x"`:                      false,
		`(row.absent ?? "y") != "x"`:             true,
		`true`:                                   true,
		// What an operand of or lacks makes that operand false, and no other.
		`row.absent == "x" or outcome == "failed"`:               true,
		`outcome == "failed" || row.absent == "x"`:               true,
		`row.absent != "x" or row.site == "shops"`:               false,
		`row.absent == "x" and outcome == "failed"`:              false,
		`not (row.absent == "x") and 1 < attempts < 3`:           true,
		`!(row.absent.deeper > 1 or 1 < attempts < 2)`:           true,
		`row.absent > 1 or any(tags, # == "eu")`:                 true,
		`let a = row.absent; a == "x" or outcome == "failed"`:    false, // the whole is one operand
		`(row.absent == 1 ? true : false) or attempts in [1, 2]`: true,
		`contains(row.absent, 1) or contains([1, 2], [2])`:       true,
	} {
		c, err := CompileFilter(source, conditionEnv)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := c.Fits(v); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", source, got, err, want)
		}
	}
}

func TestConditionsThatAreNone(t *testing.T) {
	for source, want := range map[string]string{
		`outcom == "failed"`:                `there is no "outcom" here`,
		`outcome`:                           "must be true or false, and is of type string",
		`attempts == "2"`:                   `invalid operation: == (mismatched types int and string)`,
		`outcome.x == "a"`:                  "outcome has no fields: it is a string",
		`"x" in attempts`:                   `invalid operation: in (mismatched types string and int)`,
		`outcome == "failed`:                "the string that begins here has no end: its closing quote is missing",
		`outcome == "passed"; attempts > 1`: "two expressions: join them with and",
		`now() > 3`:                         "now is not available: it depends on when or where it runs",
	} {
		_, err := CompileCondition(source, conditionEnv)
		var e *Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: got %v, want %s", source, err, want)
		}
	}
	c, err := CompileCondition(`row.site`, conditionEnv)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.True(NewNamed(map[string]map[string]any{"row": {"site": "books"}}, nil))
	if err == nil || err.Error() != "must be true or false, not a string" {
		t.Errorf("got %v, want that a string is no condition", err)
	}
}
