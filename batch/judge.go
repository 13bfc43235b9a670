package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// judgeAtOnce is how many bytes of results are judged at the same time: one
// result that is longer, or several that are shorter together. Decoded, a
// hostile result takes many times its length.
const judgeAtOnce = 1 << 20

// pathMost is how much of an instance path a message shows. A hostile result
// makes long ones.
const pathMost = 200

// A judge says whether a result is good.
type judge struct {
	schema *schema.Schema // nil accepts every result
}

// judged ends a task with a verdict.
func (r *runner) judged(row Row, v Verdict) error { return r.append(r.verdictEvent(row, v)) }

func (r *runner) verdictEvent(row Row, v Verdict) Event {
	v.Message = r.masks.Mask(v.Message)
	return Event{Kind: TaskJudged, Position: row.Position, ID: row.ID, Place: row.Place, Attempt: row.Attempt, Verdict: &v}
}

// verdict says what became of a run that has ended.
func (r *runner) verdict(row Row, j *judge, result Result) Verdict {
	weight := min(max(result.Size, 1), judgeAtOnce)
	_ = r.judging.Acquire(context.Background(), weight) // ends: nobody waits while judging
	defer r.judging.Release(weight)
	v := Verdict{Leaked: r.leaks.in(result)}
	switch row.Status {
	case StatusCompleted:
		r.complete(&v, j, result)
	case StatusStopped:
		v.Outcome, v.Reason, v.Message = Failed, Stopped, "the run was stopped, and not by this batch"
		if !row.StopAt.IsZero() {
			v.Reason, v.Message = Deadline, fmt.Sprintf("the run passed its timeout of %s and was stopped", row.Timeout)
		}
	case StatusTimedOut:
		v.Outcome, v.Reason, v.Message = Failed, TimedOut, "the run passed the service's own time limit"
	default:
		v.Outcome, v.Reason, v.Message = Failed, RunFailed, "the run failed"
	}
	if v.Outcome == Failed && v.Reason != Deadline && row.Cause != nil {
		v.Message = inWords(*row.Cause)
	}
	return v
}

// inWords is a cause as "CODE: message".
func inWords(c Cause) string {
	if c.Code == "" || c.Message == "" {
		return c.Code + c.Message
	}
	return c.Code + ": " + c.Message
}

// complete judges the result of a run that completed.
func (r *runner) complete(v *Verdict, j *judge, result Result) {
	v.Outcome = Passed
	if j.schema == nil && !result.Present() {
		return
	}
	if j.schema != nil {
		v.Schema = j.schema.Digest()
	}
	problems, unwrapped := check(j.schema, result)
	v.Unwrapped = unwrapped
	if len(problems) == 0 {
		return
	}
	r.masks.maskProblems(problems)
	v.Outcome, v.Problems = Invalid, problems
	v.Message = summary(problems)
}

// check validates a raw result, which without a schema need only be JSON within
// the limits. A result of the vendor's wrapped form is
// judged by its output, unless the schema describes an output itself.
func check(s *schema.Schema, result Result) (problems []schema.Problem, unwrapped bool) {
	if !result.Present() {
		return []schema.Problem{{Kind: "schema", Keyword: "result", Message: "the run completed without a result"}}, false
	}
	if result.Size > schema.MaxResultBytes {
		return []schema.Problem{{
			Kind: "size", Keyword: "size",
			Message: fmt.Sprintf("is %d bytes long, more than the %d that are judged", result.Size, schema.MaxResultBytes),
		}}, false
	}
	raw := result.Raw
	if result.File != "" {
		var err error
		if raw, err = os.ReadFile(result.File); err != nil {
			return []schema.Problem{{Kind: "schema", Keyword: "internal", Message: "the stored result can't be read: " + err.Error()}}, false
		}
	}
	if s == nil {
		return schema.Limits(raw), false
	}
	if !s.Declares("output") {
		if output, ok := unwrap(raw); ok {
			return s.Validate(output), true
		}
	}
	return s.Validate(raw), false
}

// unwrap returns the output of a result of the form that the vendor's own code
// reads: {output: {…}, summary, stepsTaken, taskDuration}. It reads member by
// member and ends at the first other one, since a result may have millions.
func unwrap(raw json.RawMessage) (json.RawMessage, bool) {
	var output, other json.RawMessage
	d := json.NewDecoder(bytes.NewReader(raw)) // it bounds the depth of a member
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		into := &other
		switch name, err := d.Token(); {
		case err != nil:
			return nil, false
		case name == "output":
			into = &output
		case name != "summary" && name != "stepsTaken" && name != "taskDuration":
			return nil, false
		}
		if d.Decode(into) != nil {
			return nil, false
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return output, len(output) > 0 && output[0] == '{'
}

// summary is the first problem in a line, and how many more there are.
func summary(problems []schema.Problem) string {
	p := problems[0]
	where := p.InstancePath
	if where == "" {
		where = "result"
	}
	if len(where) > pathMost {
		where = strings.ToValidUTF8(where[:pathMost], "") + "…"
	}
	text := where + ": " + p.Message
	if n := len(problems) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// judgeOf finds what judges a new task: its own schema, else its agent's. An
// [*agentError] says that no run should be bought.
func (r *runner) judgeOf(ctx context.Context, task Task) (*judge, error) {
	if task.Schema != nil || task.Spec.AgentID == "" {
		return &judge{task.Schema}, nil
	}
	s, err := r.agentSchema(ctx, task.Spec.AgentID)
	return &judge{s}, err
}

// judgeOfRow finds what judges a task that was started before.
func (r *runner) judgeOfRow(row Row) (*judge, error) {
	if row.Schema != "" {
		s, err := r.schemas.compiled(row.Schema, r.Ledger)
		return &judge{s}, err
	}
	if row.AgentID == "" {
		return &judge{}, nil
	}
	text, ok, err := r.Ledger.Agent(row.AgentID)
	if err != nil || !ok || text == nil {
		return &judge{}, err
	}
	s, err := compileAgent(row.AgentID, text)
	return &judge{s}, err
}

// notJudgeable ends a task that nothing was bought for, since nothing could
// judge its result.
func (r *runner) notJudgeable(row Row, err error) error {
	var refused *RefusedError
	var bad *agentError
	var unreachable *UnreachableError
	switch {
	case errors.As(err, &bad):
		return r.judged(row, Verdict{Outcome: Failed, Reason: Rejected, Message: bad.Error()})
	case errors.As(err, &refused):
		return r.halt(err)
	case errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &unreachable):
		return r.halt(err)
	}
	return err
}

// isNull reports whether a JSON text is absent or null.
func isNull(text json.RawMessage) bool {
	t := bytes.TrimSpace(text)
	return len(t) == 0 || bytes.Equal(t, []byte("null"))
}
