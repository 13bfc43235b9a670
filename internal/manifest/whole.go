package manifest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// wholeNames count tasks: those of an outcome, and all.
var wholeNames = []string{"passed", "invalid", "wrong", "failed", "unknown", "skipped", "total"}

// wholeEnv are the names of an expectation of a batch.
func wholeEnv() expr.Env {
	env := expr.Env{}
	for _, name := range wholeNames {
		env[name] = expr.Object{Alone: expr.Whole}
	}
	return env
}

// compileWhole compiles an expectation of a batch and the aggregates that it
// calls, which are added to those that are known. The error is an
// [*expr.Error].
func compileWhole(source string, aggregates map[string]*aggregate) (*expr.Condition, []expr.Call, error) {
	condition, calls, err := expr.CompileCalls(source, wholeEnv(), wholeFunctions)
	if err != nil {
		return nil, nil, err
	}
	for _, call := range calls {
		if aggregates[call.Text] != nil {
			continue
		}
		a, err := newAggregate(call)
		if err != nil {
			return nil, nil, call.Inner(source, err)
		}
		aggregates[call.Text] = a
	}
	return condition, calls, nil
}

// checkWhole says what is wrong with an expectation of a batch. The error is an
// [*expr.Error].
func (l *loader) checkWhole(source string) error {
	aggregates := map[string]*aggregate{}
	_, calls, err := compileWhole(source, aggregates)
	if err != nil {
		return err
	}
	for _, call := range calls {
		a, p := aggregates[call.Text], (*expr.Program)(nil)
		if a.where != nil {
			p = a.where.filter.Program
		} else {
			p = a.cell.program
		}
		if err := l.checkRecord(call.Argument, p, nil); err != nil {
			return call.Inner(source, err)
		}
	}
	return nil
}

// A wholeBatch evaluates expectations of a batch in one pass over its tasks.
type wholeBatch struct {
	expect     []wholeExpectation
	counts     map[string]int
	aggregates map[string]*aggregate // by the text of their calls
	uses       map[string]bool       // names of a record that some aggregate uses
}

type wholeExpectation struct {
	expectation
	calls []expr.Call
}

// NewWhole compiles the expectations of c, which are about a batch as a whole.
// The error says which one cannot be compiled.
func NewWhole(c batch.Checks) (batch.Whole, error) {
	w := &wholeBatch{counts: map[string]int{}, aggregates: map[string]*aggregate{}, uses: map[string]bool{}}
	for _, e := range c.Expect {
		condition, calls, err := compileWhole(e.That, w.aggregates)
		if err != nil {
			return nil, fmt.Errorf("the expectation %s: %w", quote(e.That), err)
		}
		w.expect = append(w.expect, wholeExpectation{expectation{e, condition}, calls})
	}
	for _, a := range w.aggregates {
		if a.where == nil {
			continue
		}
		for name, used := range a.where.uses {
			w.uses[name] = w.uses[name] || used
		}
	}
	return w, nil
}

func (w *wholeBatch) Add(r batch.Record) error {
	w.counts["total"]++
	w.counts[string(r.Outcome)]++
	if len(w.aggregates) == 0 {
		return nil
	}
	v, err := recordValues(r, nil, w.uses)
	for _, a := range w.aggregates {
		if err != nil && a.needs(r) {
			a.fail(err)
			continue
		}
		a.add(r, v)
	}
	return nil
}

func (w *wholeBatch) Verdicts() []batch.WholeVerdict {
	out := make([]batch.WholeVerdict, 0, len(w.expect))
	for _, e := range w.expect {
		out = append(out, w.verdict(e))
	}
	return out
}

// verdict evaluates one expectation of what has been counted.
func (w *wholeBatch) verdict(e wholeExpectation) batch.WholeVerdict {
	values := map[string]any{}
	for _, name := range wholeNames {
		values[name] = w.counts[name]
	}
	var failed error
	calls := map[string]*aggregate{}
	for _, call := range e.calls {
		a := w.aggregates[call.Text]
		calls[call.Text] = a
		if value := a.value(); value != nil {
			values[call.Name] = value
		}
		if failed == nil {
			failed = a.failed
		}
	}
	v := expr.NewNamed(nil, values)
	found := showAll(e.condition.Paths(), v)
	for _, call := range e.calls {
		one := readings{{name: call.Text, value: values[call.Name], gone: values[call.Name] == nil}}
		found = append(found, one...)
	}
	verdict := batch.WholeVerdict{Expectation: e.Expectation, Values: found.json()}
	err := failed
	if err == nil {
		verdict.Holds, err = e.condition.True(v)
	}
	if verdict.Holds {
		return verdict
	}
	var absent *expr.AbsentError
	switch {
	case errors.As(err, &absent) && calls[absent.Path] != nil:
		verdict.Message = oneLine(e.That) + " is false: " + calls[absent.Path].nothing()
	case err != nil:
		verdict.Message = oneLine(e.That) + " could not be evaluated: " + err.Error()
	default:
		verdict.Message = oneLine(e.That) + " is false" + found.counted(calls)
	}
	verdict.Message += because(e.Because)
	return verdict
}

// counted says what the names and calls of an expectation are, and of an
// aggregate more than its value: ": it is 0.25 (2 of 8)".
func (s readings) counted(calls map[string]*aggregate) string {
	var parts []string
	for _, v := range s {
		text, detail := "nothing", ""
		if !v.gone {
			text = inWords(v.value)
		}
		if a := calls[v.name]; a != nil {
			detail = a.detail()
		}
		switch {
		case len(s) == 1 && detail != "" && v.value == false:
			text = detail
		case len(s) == 1:
			text = "it is " + text + inBrackets(detail)
		default:
			text = cut(v.name) + " = " + text + inBrackets(detail)
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func inBrackets(detail string) string {
	if detail == "" {
		return ""
	}
	return " (" + detail + ")"
}
