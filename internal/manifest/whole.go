package manifest

import (
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// wholeEnv are the names of an expectation of a batch.
func wholeEnv() expr.Env {
	env := expr.Env{}
	for _, name := range wholeNames {
		env[name] = expr.Object{Alone: expr.Whole}
	}
	return env
}

var wholeNames = []string{"passed", "invalid", "wrong", "failed", "unknown", "skipped", "total"}

// checkWhole says what is wrong with an expectation of a batch. The error is an
// [*expr.Error].
func checkWhole(source string) error {
	_, err := expr.CompileCondition(source, wholeEnv())
	return err
}

// A wholeBatch counts tasks.
type wholeBatch struct {
	expect []expectation
	counts map[string]any
}

// NewWhole compiles the expectations of c, which are about a batch as a whole.
// The error says which one cannot be compiled.
func NewWhole(c batch.Checks) (batch.Whole, error) {
	w := &wholeBatch{counts: map[string]any{}}
	for _, name := range wholeNames {
		w.counts[name] = 0
	}
	for _, e := range c.Expect {
		condition, err := expr.CompileCondition(e.That, wholeEnv())
		if err != nil {
			return nil, fmt.Errorf("the expectation %s: %w", quote(e.That), err)
		}
		w.expect = append(w.expect, expectation{e, condition})
	}
	return w, nil
}

func (w *wholeBatch) Add(r batch.Record) error {
	for _, name := range []string{string(r.Outcome), "total"} {
		if n, known := w.counts[name].(int); known {
			w.counts[name] = n + 1
		}
	}
	return nil
}

func (w *wholeBatch) Verdicts() []batch.WholeVerdict {
	var out []batch.WholeVerdict
	for _, e := range w.expect {
		holds, err := e.condition.Holds(expr.NewNamed(nil, w.counts))
		v := batch.WholeVerdict{Expectation: e.Expectation, Holds: holds}
		if err != nil {
			v.Message = "could not be evaluated: " + err.Error()
		} else if !holds {
			v.Message = e.That + " is false"
		}
		out = append(out, v)
	}
	return out
}
