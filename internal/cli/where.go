package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// aboutWhere is what the help of every command says that takes --where.
const aboutWhere = `--where takes an expression over id, outcome, reason, message, status, attempts,
template, group, tags and row, such as 'reason == "timed_out"',
'outcome == "failed" and row.site == "books"', '"nightly" in tags' or
'attempts > 1'. A task whose row has no such field does not fit.`

// whereEnv are the names of an expression of --where.
var whereEnv = expr.Env{
	"id": {Alone: expr.Text}, "outcome": {Alone: expr.Text}, "reason": {Alone: expr.Text}, "message": {Alone: expr.Text},
	"status": {Alone: expr.Text}, "attempts": {Alone: expr.Whole}, "template": {Alone: expr.Text}, "group": {Alone: expr.Text},
	"tags": {Alone: expr.Texts}, "row": {Open: true},
}

// A where says which tasks are meant. A nil one means none in particular.
type where struct {
	source    string
	condition *expr.Condition
}

// parseWhere compiles the expression of --where; nil for "".
func parseWhere(source string) (*where, error) {
	if strings.TrimSpace(source) == "" {
		return nil, nil
	}
	c, err := expr.CompileCondition(source, whereEnv)
	if err == nil {
		return &where{source, c}, nil
	}
	hint := ""
	var e *expr.Error
	if errors.As(err, &e) && e.Name != "" {
		if near := schema.Nearest(e.Name, e.Known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else {
			hint = "an expression may use " + join(e.Known)
		}
	}
	return nil, wrongFlag("where", fmt.Errorf("%s: %w", source, err), hint)
}

// fits reports whether the expression holds for a task.
func (w *where) fits(r batch.Record) (bool, error) {
	row, err := rowValues(r.Row)
	if err != nil {
		return false, fmt.Errorf("the stored row of task %q: %w", r.ID, err)
	}
	status := ""
	if n := len(r.Attempts); n > 0 {
		status = string(r.Attempts[n-1].Status)
	}
	tags := r.Tags
	if tags == nil {
		tags = []string{}
	}
	holds, err := w.condition.Holds(expr.NewNamed(map[string]map[string]any{"row": row}, map[string]any{
		"id": r.ID, "outcome": string(r.Outcome), "reason": string(r.Verdict.Reason), "message": r.Verdict.Message,
		"status": status, "attempts": len(r.Attempts), "template": r.Template, "group": r.Group, "tags": tags,
	}))
	if err != nil {
		return false, wrongFlag("where", fmt.Errorf("%s: task %q: %w", w.source, r.ID, err), "")
	}
	return holds, nil
}

// rowValues are the fields of a stored row, numbers with their exact text.
func rowValues(row json.RawMessage) (map[string]any, error) {
	values := map[string]any{}
	if len(row) == 0 {
		return values, nil
	}
	d := json.NewDecoder(bytes.NewReader(row))
	d.UseNumber()
	err := d.Decode(&values)
	return values, err
}
