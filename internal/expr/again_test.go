package expr

import (
	"errors"
	"testing"
)

// The values of one row are those of the next: nothing of what was evaluated
// before is seen again, and an evaluation that failed harms no other.
func TestValuesAreUsedAgain(t *testing.T) {
	compiled := func(source string) *Program {
		t.Helper()
		p, err := Compile(source, Env{"row": {Fields: []string{"a", "b"}, Text: true}, "matrix": {Open: true}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	length, both, many := compiled("len(row.a) + 1"), compiled(`row.a + "-" + row.b`), compiled(`map(0..2, row.a + string(#))`)
	v := NewValues(nil)
	eval := func(p *Program, want any) {
		t.Helper()
		if got, err := p.Eval(v); err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	row := map[string]any{"a": "xyz", "b": "1"}
	v.Set("row", row)
	eval(length, 4)
	eval(both, "xyz-1")
	list, err := many.Eval(v)
	if err != nil {
		t.Fatal(err)
	}
	row["a"] = "q" // the same map, with the next row in it
	v.Set("row", row)
	eval(length, 2)
	eval(both, "q-1")
	if got := list.([]any); len(got) != 3 || got[2] != "xyz2" {
		t.Errorf("got %v, want what was evaluated before", got)
	}
	v.Set("row", map[string]any{"a": "zz"})
	var absent *AbsentError
	if _, err := both.Eval(v); !errors.As(err, &absent) || absent.Field != "b" {
		t.Errorf("got %v, want that b is absent", err)
	}
	eval(length, 3)
	v.Set("row", nil)
	if _, err := length.Eval(v); !errors.As(err, &absent) {
		t.Errorf("got %v, want that the row is absent", err)
	}
}
