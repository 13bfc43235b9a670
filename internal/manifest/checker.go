package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// runObject is what expressions know of a run.
func runObject() expr.Object {
	return expr.Object{Fields: []string{"id", "status", "seconds", "attempt"}, Inner: map[string]expr.Object{
		"id": {Alone: expr.Text}, "status": {Alone: expr.Text}, "seconds": {Alone: expr.Number}, "attempt": {Alone: expr.Whole},
	}}
}

// expectationEnv are the names of an expectation: those in known, such as row,
// matrix, params and result, and what is known of the run and the task.
func expectationEnv(known expr.Env) expr.Env {
	env := expr.Env{
		"run": runObject(),
		"task": {Fields: []string{"id", "template", "group", "tags", "repetition"}, Inner: map[string]expr.Object{
			"id": {Alone: expr.Text}, "template": {Alone: expr.Text}, "group": {Alone: expr.Text}, "tags": {Alone: expr.Texts},
			"repetition": {Alone: expr.Whole},
		}},
	}
	maps.Copy(env, known)
	return env
}

// checkExpectation says what is wrong with an expectation as far as that can be
// told without a result; env is what [expectationEnv] gave. The error is an
// [*expr.Error].
func checkExpectation(source string, env expr.Env) error {
	_, err := expr.CompileCondition(source, env)
	return err
}

// A checker evaluates the expectations of one Checks.
type checker struct {
	params map[string]any // nil for none
	expect []expectation
	uses   map[string]bool // names that some expectation uses
}

type expectation struct {
	batch.Expectation
	condition *expr.Condition
}

// Checker compiles the expectations of c. The error says which one cannot be
// compiled.
func Checker(c batch.Checks) (batch.Checker, error) {
	// What the values are like was checked when the manifest was read.
	env := expectationEnv(expr.Env{"row": {Open: true}, "matrix": {Open: true}, "params": {Open: true}, "result": {Alone: expr.Any}})
	out := &checker{uses: map[string]bool{}}
	if len(c.Params) > 0 {
		if err := decodeExact(c.Params, &out.params); err != nil {
			return nil, fmt.Errorf("the parameters of expectations: %w", err)
		}
	}
	for _, e := range c.Expect {
		condition, err := expr.CompileCondition(e.That, env)
		if err != nil {
			return nil, fmt.Errorf("the expectation %s: %w", quote(e.That), err)
		}
		for name := range env {
			out.uses[name] = out.uses[name] || condition.Uses(name)
		}
		out.expect = append(out.expect, expectation{e, condition})
	}
	return out, nil
}

func (c *checker) Check(j batch.Judged) []schema.Problem {
	v, unreadable := c.values(j)
	var problems []schema.Problem
	for _, e := range c.expect {
		if p, holds := e.judge(v, unreadable); !holds {
			problems = append(problems, p)
		}
	}
	return problems
}

// values are what the expectations see; the result is read once for all of them.
// unreadable is the first value that is used and cannot be read.
func (c *checker) values(j batch.Judged) (v *expr.Values, unreadable error) {
	run := map[string]any{"id": j.RunID, "status": string(j.Status), "attempt": j.Attempt}
	if j.Seconds >= 0 {
		run["seconds"] = j.Seconds
	}
	task := map[string]any{"id": j.ID, "template": j.Template, "group": j.Group, "tags": tagsOf(j.Tags)}
	if j.Number > 0 {
		task["repetition"] = j.Number
	}
	all := map[string]any{"run": run, "task": task}
	if c.params != nil {
		all["params"] = c.params
	}
	for _, part := range []struct {
		name string
		raw  json.RawMessage
	}{{"result", j.Result}, {"row", j.Row}, {"matrix", j.Matrix}} {
		if !c.uses[part.name] || len(part.raw) == 0 {
			continue
		}
		value, err := decodeBounded(part.raw)
		if err != nil {
			unreadable = errors.Join(unreadable, fmt.Errorf("the %s %w", part.name, err))
			continue
		}
		all[part.name] = value
	}
	return expr.NewNamed(nil, all), unreadable
}

// decodeBounded reads JSON of unknown origin: what [schema.Limits] refuses is an
// error.
func decodeBounded(raw json.RawMessage) (v any, err error) {
	if problems := schema.Limits(raw); problems != nil {
		return nil, errors.New(problems[0].Message)
	}
	return v, decodeExact(raw, &v)
}

// decodeExact reads JSON, numbers with their text.
func decodeExact(raw json.RawMessage, to any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(to)
}

func tagsOf(tags []string) []string {
	if tags == nil {
		return []string{}
	}
	return tags
}

// judge evaluates the expectation and says what is wrong when it does not hold.
func (e expectation) judge(v *expr.Values, unreadable error) (p schema.Problem, holds bool) {
	p = schema.Problem{Kind: "expect", Keyword: "expect", Expression: e.That, Because: e.Because}
	if unreadable != nil {
		p.Message = "could not be evaluated: " + unreadable.Error()
		return p, false
	}
	holds, err := e.condition.True(v)
	if holds {
		return p, true
	}
	shown := showAll(e.condition.Paths(), v)
	var absent *expr.AbsentError
	switch {
	case errors.As(err, &absent):
		p.Message = absent.Error()
	case err != nil:
		p.Message = "could not be evaluated: " + err.Error()
	default:
		p.Message = "is false: " + oneLine(e.That) + shown.words()
	}
	p.Message += because(e.Because)
	p.Values = shown.json()
	return p, false
}
