package batch

import (
	"context"
	"fmt"
)

// Holds reports whether no expectation of the batch as a whole is false. Of a
// batch that is not closed, or of which something was given up, it says nothing.
func (s Summary) Holds() bool {
	if s.Unevaluated {
		return false
	}
	for _, v := range s.Whole {
		if !v.Holds {
			return false
		}
	}
	return true
}

// judgeWhole evaluates the expectations of the batch as a whole; nil where there
// are none.
func (r *runner) judgeWhole(ctx context.Context) ([]WholeVerdict, error) {
	if !r.Policy.Expect.expects() {
		return nil, nil
	}
	return evaluate(ctx, r.Ledger, *r.Policy.Expect, r.Whole, r.hiding.texts)
}

// RejudgeWhole evaluates the expectations of a batch as a whole again, over the
// verdicts that its ledger has. It is nil where the policy has none, and where a
// task has not come to its end: something of the batch was given up, or it is not
// closed and is judged when it is.
func RejudgeWhole(ctx context.Context, c RejudgeConfig, p Policy) ([]WholeVerdict, error) {
	if !p.Expect.expects() {
		return nil, nil
	}
	if c.Whole == nil {
		return nil, fmt.Errorf("batch.RejudgeConfig.Whole: is required with Policy.Expect")
	}
	for _, err := range c.Ledger.Open(StatePending, StateStarting, StateUnsure, StateRunning, StateEnded) {
		return nil, err
	}
	return evaluate(ctx, c.Ledger, *p.Expect, c.Whole, c.Secrets.Masker())
}

// evaluate goes once over all tasks that came to their end. [ErrInterrupted] when
// the context ends first.
func evaluate(ctx context.Context, l Ledger, c Checks, compile func(Checks) (Whole, error), masks *Masker) ([]WholeVerdict, error) {
	whole, err := compile(c)
	if err != nil {
		return nil, fmt.Errorf("the expectations of the batch can't be evaluated: %w", err)
	}
	leaks := false
	for rec, err := range l.Records(0) {
		switch {
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ErrInterrupted
		case rec.Left || rec.State != StateDone:
			continue
		}
		leaks = leaks || len(rec.Verdict.Leaked) > 0
		if err := whole.Add(rec); err != nil {
			return nil, fmt.Errorf("task %q: %w", rec.ID, err)
		}
	}
	verdicts := whole.Verdicts()
	for i := range verdicts {
		v := &verdicts[i]
		v.Message, v.Values = masks.Mask(v.Message), masks.hideMembers(v.Values)
		if !leaks {
			continue
		}
		// Both may quote a result that holds a cell, or a secret that has another value
		// now: nobody here knows to hide those.
		if v.Values = nil; !v.Holds {
			v.Message = v.That + " is false" + concealed
		}
	}
	return verdicts, nil
}
