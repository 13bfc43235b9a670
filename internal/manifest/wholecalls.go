package manifest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// wholeFunctions are the aggregates of batchExpect, and what they give.
var wholeFunctions = map[string]expr.Kind{
	"count": expr.Whole, "share": expr.Number, "unique": expr.Boolean,
	"min": expr.Number, "max": expr.Number, "avg": expr.Number,
}

// An aggregate is what a call such as share("result.price == nil") has found of
// the tasks so far.
type aggregate struct {
	function string
	argument string
	where    *Where // of count and share
	cell     *Cell  // of the others

	fits, of int // tasks that where holds for, and that it was evaluated for

	n    int // numbers
	sum  float64
	best json.Number // of min and max

	seen   *valueSet
	failed error // the first task that could not be evaluated, in words
}

func newAggregate(call expr.Call) (*aggregate, error) {
	a := &aggregate{function: call.Function, argument: call.Argument}
	var err error
	if a.function == "count" || a.function == "share" {
		a.where, err = CompileWhere(call.Argument)
		return a, err
	}
	if a.cell, err = CompileCell(call.Argument, false); err != nil {
		return nil, err
	}
	if a.cell.base == "" || len(a.cell.keys) == 0 {
		return nil, &expr.Error{Message: fmt.Sprintf("%s takes the path of a value, such as result.price, not an expression", call.Function)}
	}
	if a.function == "unique" {
		a.seen = newValueSet()
	}
	return a, nil
}

// needs reports whether a task matters to the aggregate.
func (a *aggregate) needs(r batch.Record) bool {
	switch {
	case a.where == nil:
		return r.Outcome == batch.Passed
	case a.where.UsesResult():
		return slices.Contains([]batch.Outcome{batch.Passed, batch.Invalid, batch.Wrong}, r.Outcome)
	}
	return r.Outcome != batch.Skipped
}

// add counts a task; v are its values.
func (a *aggregate) add(r batch.Record, v *expr.Values) {
	if a.failed != nil || !a.needs(r) {
		return
	}
	if a.where != nil {
		holds, err := a.where.filter.Fits(v)
		if err != nil && a.where.UsesResult() {
			holds, err = false, nil // nobody knows what a result is like; one odd one hides no others
		}
		if err != nil {
			a.fail(fmt.Errorf("task %s: %w", quote(r.ID), err))
			return
		}
		a.of++
		if holds {
			a.fits++
		}
		return
	}
	raw, err := a.cell.Value(r, nil)
	if err != nil {
		a.fail(err)
		return
	}
	if raw == nil {
		return
	}
	if a.seen != nil {
		if err := a.seen.add(raw, r.ID); err != nil {
			a.fail(fmt.Errorf("task %s: the value at %s %w", quote(r.ID), a.argument, err))
		}
		return
	}
	var number json.Number
	if c := raw[0]; c != '-' && (c < '0' || c > '9') || json.Unmarshal(raw, &number) != nil {
		return
	}
	// A number that no float64 can hold is infinite, which compares as it should.
	f, _ := strconv.ParseFloat(number.String(), 64)
	best, _ := strconv.ParseFloat(a.best.String(), 64)
	if a.n == 0 || a.function == "min" && f < best || a.function == "max" && f > best {
		a.best = number
	}
	a.n++
	a.sum += f
}

func (a *aggregate) fail(err error) {
	if a.failed == nil {
		a.failed = err
	}
}

// value is what the call stands for; nil for a number of no values.
func (a *aggregate) value() any {
	switch {
	case a.function == "count":
		return a.fits
	case a.function == "share" && a.of == 0:
		return 0.0
	case a.function == "share":
		return float64(a.fits) / float64(a.of)
	case a.function == "unique":
		return a.seen.twice == ""
	case a.n == 0:
		return nil
	case a.function == "avg":
		return a.sum / float64(a.n)
	}
	if f, _ := strconv.ParseFloat(a.best.String(), 64); math.IsInf(f, 0) {
		return f
	}
	return a.best
}

// detail says more than the value; "" when there is no more.
func (a *aggregate) detail() string {
	switch a.function {
	case "share":
		return fmt.Sprintf("%d of %d", a.fits, a.of)
	case "count":
		return fmt.Sprintf("of %d", a.of)
	case "unique":
		return a.seen.twice
	case "avg":
		return "of " + plural(a.n, "number")
	}
	return ""
}

// nothing says why the call stands for no value.
func (a *aggregate) nothing() string {
	return fmt.Sprintf("no task that passed has a number at %s", a.argument)
}
