package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

const maxID = 256 // characters

// An expander turns entries and rows into tasks, one pass long.
type expander struct {
	schemas  map[string]*schema.Schema
	open     func(name string) ([]byte, error)
	secrets  map[string]string // nil: variables get their masked form
	compiled map[string]*schema.Schema
	shared   map[string]map[string]any // what the expressions of all tasks see
	seen     *expr.Values              // what those of the last one have seen
	skipped  int                       // tasks that identify found to be skipped
}

// expand makes the task of one row; r is nil without forEach. Of an entry that
// is repeated its id is that of the group. An error is an [*evalError].
func (x *expander) expand(e *entry, r *row) (batch.Task, error) {
	t := batch.Task{
		Template: e.path(),
		Timeout:  e.timeout,
		Checks:   e.checks,
		Retry:    e.retry,
		Schema:   e.schema,
	}
	if r != nil && r.skip != "" {
		return e.skipped(r), nil
	}
	if r != nil {
		t.Row, t.Hidden = r.json, r.secretCells()
		if r.matrix != nil {
			t.Matrix = r.matrix.json
		}
	}
	v := x.values(r)
	var err error
	if t.ID, err = x.id(e, v); err != nil {
		return t, err
	}
	if t.Group, err = x.group(e, v); err != nil {
		return t, err
	}
	if t.Tags, err = x.tags(e, v); err != nil {
		return t, err
	}
	if t.Skip, err = e.onlyIf.skip(v); err != nil {
		return t, err
	}
	err = x.specify(e, r, v, &t)
	if err != nil && t.Skip != "" {
		// What is not bought need not be possible: that may be why it is not.
		t.Spec, t.Schema, err = batch.Spec{}, e.schema, nil
	}
	return t, err
}

// specify fills in what is sent for one row, and what judges its result.
func (x *expander) specify(e *entry, r *row, v *expr.Values, t *batch.Task) (err error) {
	if t.Spec.Task, err = x.text(e, v); err != nil {
		return err
	}
	if e.agentID != nil {
		if t.Spec.AgentID, err = e.agentID.string(v); err != nil {
			return err
		}
		if t.Spec.AgentID == "" {
			return &evalError{node: e.agentID.node, err: errors.New("must not be empty")}
		}
	}
	if t.Spec.Variables, err = x.variables(e, t.ID, r, v); err != nil {
		return err
	}
	if e.settings != nil {
		if t.Spec.BrowserSettings, err = e.settings.json(v); err != nil {
			return err
		}
	}
	if t.Schema, err = x.schema(e, v); err != nil {
		return err
	}
	if t.Schema != nil {
		t.Spec.ResultSchema = json.RawMessage(t.Schema.Text())
	}
	return nil
}

// id returns the id of one row's task, or of its group.
func (x *expander) id(e *entry, v *expr.Values) (string, error) {
	if e.id == nil {
		return fmt.Sprintf("task-%d", e.index+1), nil
	}
	id, err := e.id.string(v)
	if err != nil {
		return "", err
	}
	switch {
	case strings.TrimSpace(id) == "":
		err = errors.New("must not be empty")
	case utf8.RuneCountInString(id) > maxID:
		err = fmt.Errorf("is longer than %d characters: %s", maxID, quote(id))
	case e.repeat != nil && utf8.RuneCountInString(memberID(id, e.repeat.times)) > maxID:
		err = fmt.Errorf("is longer than %d characters with the #%d of its last repetition: %s", maxID, e.repeat.times, quote(id))
	case strings.ContainsFunc(id, isControl):
		err = fmt.Errorf("must not contain control characters: %s", quote(id))
	}
	if err != nil {
		return "", &evalError{node: e.id.node, err: err}
	}
	return id, nil
}

// isControl also refuses the characters that turn the direction of text, with
// which an id could look like another.
func isControl(r rune) bool {
	if r < 0x7f { // nearly always
		return r < 0x20
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// text fills the task's text in and refuses a value that would make the
// service put a variable where the author wrote none.
func (x *expander) text(e *entry, v *expr.Values) (string, error) {
	pieces := make([]string, len(e.task.parts))
	for i, p := range e.task.parts {
		var err error
		if pieces[i], err = e.task.fill(p, v); err != nil {
			return "", err
		}
	}
	out := strings.Join(pieces, "")
	if strings.TrimSpace(out) == "" {
		return "", &evalError{node: e.task.node, err: errors.New("must not be empty")}
	}
	if !e.task.literal() {
		if name := e.task.injected(out, pieces, e.known); name != "" {
			return "", &evalError{
				node: e.task.node,
				err: fmt.Errorf(
					"a value of %s puts %%%s%% into the text, which the service would replace by the variable", e.giver(), name),
				hint: fmt.Sprintf("rename the variable %s, or change the value", quote(name)),
			}
		}
	}
	return out, nil
}

// giver names what the values in an entry's text come from.
func (e *entry) giver() string {
	switch {
	case e.task.uses("row"):
		return "the row"
	case e.task.uses("matrix"):
		return "the matrix"
	}
	return "the parameters or the environment"
}

// variables fills the variables of the task with an id in. The masked form of a
// secret cell names the task whose it is: requests that differ in such a cell
// alone are not equal, and no run of one is taken for that of another.
func (x *expander) variables(e *entry, id string, r *row, v *expr.Values) ([]batch.Variable, error) {
	if len(e.variables) == 0 {
		return nil, nil
	}
	out := make([]batch.Variable, len(e.variables))
	for i, f := range e.variables {
		var value, shown strings.Builder
		for _, p := range f.value.parts {
			s, err := f.value.fill(p, v)
			if err != nil {
				return nil, err
			}
			if p.column != "" {
				s += " of " + id
			}
			shown.WriteString(s)
			if p.secret != "" && x.secrets != nil {
				var ok bool
				if s, ok = x.secrets[p.secret]; !ok {
					return nil, &evalError{node: f.value.node, err: fmt.Errorf("the secret %q is not set", p.secret)}
				}
			}
			if p.column != "" {
				cell, err := r.reveal(p.column)
				if err != nil {
					return nil, f.value.failed(p, err)
				}
				if x.secrets != nil {
					s = cell
				}
			}
			value.WriteString(s)
		}
		out[i] = batch.Variable{Name: f.name, Value: value.String(), Masked: shown.String()}
		if f.description != nil {
			var err error
			if out[i].Description, err = f.description.string(v); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// schema returns the schema of a row's result; nil for none.
func (x *expander) schema(e *entry, v *expr.Values) (*schema.Schema, error) {
	switch {
	case e.inlineSchema != nil:
		return x.rowSchema(e, v)
	case e.schemaName != nil:
		name, err := e.schemaName.string(v)
		if err != nil {
			return nil, err
		}
		s, ok := x.schemas[name]
		if !ok {
			return nil, &evalError{node: e.schemaName.node, err: fmt.Errorf("no schema is named %s", quote(name))}
		}
		return s, nil
	}
	return e.schema, nil
}
