package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// expectationEnv are the names of an expectation: those in known, such as row,
// matrix, params and result, and what is known of the run and the task.
func expectationEnv(known expr.Env) expr.Env {
	env := expr.Env{
		"run": {Fields: []string{"id", "status", "seconds", "attempt"}, Inner: map[string]expr.Object{
			"id": {Alone: expr.Text}, "status": {Alone: expr.Text}, "seconds": {Alone: expr.Number}, "attempt": {Alone: expr.Whole},
		}},
		"task": {Fields: []string{"id", "template", "group", "tags", "repetition"}, Inner: map[string]expr.Object{
			"id": {Alone: expr.Text}, "template": {Alone: expr.Text}, "group": {Alone: expr.Text}, "tags": {Alone: expr.Texts},
			"repetition": {Alone: expr.Whole},
		}},
	}
	for name, o := range known {
		env[name] = o
	}
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
	params json.RawMessage
	expect []expectation
}

type expectation struct {
	batch.Expectation
	condition *expr.Condition
}

// Checker compiles the expectations of c. The error says which one cannot be
// compiled.
func Checker(c batch.Checks) (batch.Checker, error) {
	out := &checker{params: c.Params}
	for _, e := range c.Expect {
		condition, err := expr.CompileCondition(e.That, expectationEnv(expr.Env{
			"row": {Open: true}, "matrix": {Open: true}, "params": {Open: true}, "result": {Open: true},
		}))
		if err != nil {
			return nil, fmt.Errorf("the expectation %s: %w", quote(e.That), err)
		}
		out.expect = append(out.expect, expectation{e, condition})
	}
	return out, nil
}

func (c *checker) Check(j batch.Judged) []schema.Problem {
	objects := map[string]map[string]any{
		"run":  {"id": j.RunID, "status": string(j.Status), "seconds": j.Seconds, "attempt": j.Attempt},
		"task": {"id": j.ID, "template": j.Template, "group": j.Group, "tags": j.Tags, "repetition": j.Number},
	}
	for name, raw := range map[string]json.RawMessage{"result": j.Result, "row": j.Row, "matrix": j.Matrix, "params": c.params} {
		var m map[string]any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if d.Decode(&m) == nil {
			objects[name] = m
		}
	}
	v := expr.NewNamed(objects, nil)
	var problems []schema.Problem
	for _, e := range c.expect {
		holds, err := e.condition.Holds(v)
		if holds {
			continue
		}
		p := schema.Problem{Kind: "expect", Keyword: "expect", Message: "is false: " + e.That, Expression: e.That, Because: e.Because}
		if err != nil {
			p.Message = "could not be evaluated: " + err.Error()
		}
		problems = append(problems, p)
	}
	return problems
}
