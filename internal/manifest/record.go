package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// recordEnv are the names of an expression about a task as reports show it.
func recordEnv(unwinds bool) expr.Env {
	env := expr.Env{
		"id": {Alone: expr.Text}, "outcome": {Alone: expr.Text}, "reason": {Alone: expr.Text}, "message": {Alone: expr.Text},
		"status": {Alone: expr.Text}, "attempts": {Alone: expr.Whole}, "template": {Alone: expr.Text}, "group": {Alone: expr.Text},
		"tags": {Alone: expr.Texts}, "row": {Open: true}, "result": {Open: true},
	}
	if unwinds {
		env["item"] = expr.Object{Open: true}
	}
	return env
}

// A Where chooses tasks. It is safe for concurrent use.
type Where struct{ condition *expr.Condition }

// CompileWhere compiles an expression that is true of the tasks that are
// meant. The error is an [*expr.Error].
func CompileWhere(source string) (*Where, error) {
	c, err := expr.CompileCondition(source, recordEnv(false))
	if err != nil {
		return nil, err
	}
	return &Where{c}, nil
}

// Fits reports whether the expression holds for a task; where it needs what the
// task does not have, it does not.
func (w *Where) Fits(r batch.Record) (bool, error) {
	v, err := recordValues(r, nil)
	if err != nil {
		return false, err
	}
	return w.condition.Holds(v)
}

// A Cell is a value of a task. It is safe for concurrent use.
type Cell struct{ program *expr.Program }

// CompileCell compiles an expression such as result.price.amount, row.sku or
// outcome; with unwinds it may use item, an element of a list. The error is an
// [*expr.Error].
func CompileCell(source string, unwinds bool) (*Cell, error) {
	p, err := expr.Compile(source, recordEnv(unwinds))
	if err != nil {
		return nil, err
	}
	return &Cell{p}, nil
}

// Value returns the cell as JSON; nil for what the task does not have.
func (c *Cell) Value(r batch.Record, item json.RawMessage) (json.RawMessage, error) {
	v, err := recordValues(r, item)
	if err != nil {
		return nil, err
	}
	out, err := c.program.Eval(v)
	if _, absent := err.(*expr.AbsentError); absent {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return appendAny(nil, out)
}

func recordValues(r batch.Record, item json.RawMessage) (*expr.Values, error) {
	status := ""
	if n := len(r.Attempts); n > 0 {
		status = string(r.Attempts[n-1].Status)
	}
	tags := r.Tags
	if tags == nil {
		tags = []string{}
	}
	raw := r.Result.Raw
	if r.Result.File != "" {
		path := r.Result.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.StateDir, path)
		}
		var err error
		if raw, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	objects := map[string]map[string]any{}
	for name, raw := range map[string]json.RawMessage{"result": raw, "row": r.Row, "item": item} {
		if len(raw) == 0 {
			objects[name] = map[string]any{}
			continue
		}
		var m map[string]any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			return nil, fmt.Errorf("the stored %s of task %q: %w", name, r.ID, err)
		}
		objects[name] = m
	}
	return expr.NewNamed(objects, map[string]any{
		"id": r.ID, "outcome": string(r.Outcome), "reason": string(r.Verdict.Reason), "message": r.Verdict.Message,
		"status": status, "attempts": len(r.Attempts), "template": r.Template, "group": r.Group, "tags": tags,
	}), nil
}
