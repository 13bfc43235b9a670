package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
)

// recordEnv are the names of an expression about a task as reports show it; item
// is one of them where a list of results is unwound.
func recordEnv(unwinds bool) expr.Env {
	env := expr.Env{
		"id": {Alone: expr.Text}, "outcome": {Alone: expr.Text, Words: outcomeWords()},
		"reason": {Alone: expr.Text, Words: reasonWords}, "message": {Alone: expr.Text},
		"status": {Alone: expr.Text}, "attempts": {Alone: expr.Whole}, "template": {Alone: expr.Text}, "group": {Alone: expr.Text},
		"tags": {Alone: expr.Texts}, "seconds": {Alone: expr.Number}, "run": runObject(),
		"row": {Open: true}, "matrix": {Open: true}, "result": {Alone: expr.Any},
		"errors": {Alone: expr.List, Each: &expr.Object{
			Fields: []string{"kind", "instancePath", "keyword", "message", "expected", "actual", "expression", "because"},
			Inner: map[string]expr.Object{
				"kind": {Alone: expr.Text}, "instancePath": {Alone: expr.Text}, "keyword": {Alone: expr.Text}, "message": {Alone: expr.Text},
				"expression": {Alone: expr.Text}, "because": {Alone: expr.Text},
			},
		}},
	}
	if unwinds {
		env["item"] = expr.Object{Alone: expr.Any}
	}
	return env
}

// reasonWords are why a task has failed; of every other the reason is empty.
var reasonWords = []string{
	string(batch.RunFailed), string(batch.Stopped), string(batch.TimedOut), string(batch.Deadline),
	string(batch.Rejected), string(batch.Lost), string(batch.Panicked), "",
}

func outcomeWords() []string {
	out := make([]string, len(batch.Outcomes))
	for i, o := range batch.Outcomes {
		out[i] = string(o)
	}
	return out
}

// A Where chooses tasks. It is safe for concurrent use.
type Where struct {
	filter *expr.Filter
	uses   map[string]bool
}

// CompileWhere compiles an expression that is true of the tasks that are
// meant. The error is an [*expr.Error].
func CompileWhere(source string) (*Where, error) {
	f, err := expr.CompileFilter(source, recordEnv(false))
	if err != nil {
		return nil, err
	}
	return &Where{f, usedNames(f.Program)}, nil
}

// UsesResult reports whether the result of a task is looked at.
func (w *Where) UsesResult() bool { return w.uses["result"] }

// Fits reports whether the expression holds for a task. A comparison that needs
// what the task does not have is false, and what or joins to it is looked at all
// the same. Of everything else that cannot be evaluated, such as a value of
// another kind than it needs, and of a stored result that cannot be read, it is
// an error.
func (w *Where) Fits(r batch.Record) (bool, error) {
	v, err := recordValues(r, nil, w.uses)
	if err != nil {
		return false, err
	}
	return w.filter.Fits(v)
}

// A Cell is a value of a task. It is safe for concurrent use.
type Cell struct {
	program *expr.Program
	uses    map[string]bool

	// Of a value that lies on a straight path from result, row, matrix or item.
	base string // "" for every other
	keys []any
}

// CompileCell compiles an expression such as result.price.amount, row.sku or
// outcome; with unwinds it may use item, an element of a list. The error is an
// [*expr.Error].
func CompileCell(source string, unwinds bool) (*Cell, error) {
	p, err := expr.Compile(source, recordEnv(unwinds))
	if err != nil {
		return nil, err
	}
	c := &Cell{program: p, uses: usedNames(p)}
	if base, keys, ok := p.Straight(); ok && slices.Contains([]string{"result", "row", "matrix", "item"}, base) {
		c.base, c.keys = base, keys
	}
	return c, nil
}

func usedNames(p *expr.Program) map[string]bool {
	uses := map[string]bool{}
	for name := range recordEnv(true) {
		uses[name] = p.Uses(name)
	}
	return uses
}

// Value returns the cell as JSON: of a straight path as it was, else as it was
// computed; nil for what the task does not have. The error says that it cannot be
// computed from what the task has, or that a stored result cannot be read.
func (c *Cell) Value(r batch.Record, item json.RawMessage) (json.RawMessage, error) {
	if c.base != "" {
		raw, err := rawOf(r, c.base, item)
		if err != nil || raw == nil {
			return nil, err
		}
		return rawAt(raw, c.keys), nil
	}
	v, err := recordValues(r, item, c.uses)
	if err != nil {
		return nil, err
	}
	out, err := c.program.Eval(v)
	if absent := (*expr.AbsentError)(nil); errors.As(err, &absent) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return appendAny(nil, out) // JSON does not have every value, such as a date
}

// recordValues are what an expression about a task sees, of those names that it
// uses.
func recordValues(r batch.Record, item json.RawMessage, uses map[string]bool) (*expr.Values, error) {
	all := map[string]any{
		"id": r.ID, "outcome": string(r.Outcome), "reason": string(r.Verdict.Reason), "message": r.Verdict.Message,
		"status": "", "attempts": len(r.Attempts), "template": r.Template, "group": r.Group, "tags": tagsOf(r.Tags),
		"row": map[string]any{}, "matrix": map[string]any{},
	}
	if n := len(r.Attempts); n > 0 {
		last := r.Attempts[n-1]
		run := map[string]any{"id": last.RunID, "status": string(last.Status), "attempt": last.Number}
		if seconds, ok := secondsOf(last); ok {
			run["seconds"], all["seconds"] = seconds, seconds
		}
		all["status"], all["run"] = string(last.Status), run
	}
	if uses["errors"] {
		all["errors"] = errorsOf(r)
	}
	for _, name := range []string{"result", "row", "matrix", "item"} {
		if !uses[name] {
			continue
		}
		raw, err := rawOf(r, name, item)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			continue
		}
		value, err := decodeBounded(raw)
		switch {
		case err == nil:
			all[name] = value
		case name == "row" || name == "matrix":
			return nil, fmt.Errorf("the stored %s of task %q %w", name, r.ID, err)
		}
	}
	return expr.NewNamed(nil, all), nil
}

// secondsOf is how long an attempt's run took by the service's clock.
func secondsOf(a batch.Attempt) (float64, bool) {
	if a.StartedAt.IsZero() || a.EndedAt.IsZero() || a.EndedAt.Before(a.StartedAt) {
		return 0, false
	}
	return a.EndedAt.Sub(a.StartedAt).Truncate(time.Millisecond).Seconds(), true
}

// errorsOf are the problems of a task's result as records show them.
func errorsOf(r batch.Record) []any {
	out := make([]any, 0, len(r.Verdict.Problems))
	for _, p := range r.Verdict.Problems {
		one := map[string]any{"kind": p.Kind, "instancePath": p.InstancePath, "keyword": p.Keyword, "message": p.Message}
		for key, text := range map[string]string{"expression": p.Expression, "because": p.Because} {
			if text != "" {
				one[key] = text
			}
		}
		for key, raw := range map[string]json.RawMessage{"expected": p.Expected, "actual": p.Actual} {
			if len(raw) == 0 {
				continue
			}
			if value, err := decodeBounded(raw); err == nil {
				one[key] = value
			}
		}
		out = append(out, one)
	}
	return out
}
