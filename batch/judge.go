package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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
	schema  *schema.Schema // nil accepts every result
	checks  *Checks        // nil for none
	checker Checker        // of their expectations; nil when there is none
}

// judged ends an attempt with a verdict.
func (r *runner) judged(row Row, v Verdict) error { return r.endAttempt(row, v) }

// endAttempt writes the end of an attempt: what is before, and its verdict, which
// is the task's unless that is tried again. Then it draws what follows from it
// for the batch.
func (r *runner) endAttempt(row Row, v Verdict, before ...Event) error {
	defer r.lockMember(row)()
	e := r.conclusion(row, v)
	if err := r.append(append(before, e)...); err != nil {
		return err
	}
	r.forgetTerms(row.Position)
	if row.State == StateRunning { // nobody saw its end
		r.budget.ended(row, max(time.Since(row.StartedAt), 0))
	}
	if e.Kind == TaskRetried {
		return nil
	}
	if row.Repeat == nil {
		c := count{ended: 1}
		if v.Outcome.fails() {
			c.failed = 1
		}
		return r.tally(row.Group, c)
	}
	f, certain, err := r.memberEnded(row)
	if err != nil || !certain {
		return err
	}
	c := count{ended: 1}
	if f.lost() {
		c.failed = 1
	}
	return r.tally(row.Group, c)
}

// An ending is a run that has ended, and what it is judged by.
type ending struct {
	row    Row
	judge  *judge
	result Result
	run    *Observed // as it was seen last; nil where only the ledger knows
	reuse  *Reuse    // whose result it is that is to be taken over; nil for the row's own
	facts  *Facts    // what expectations ask; nil for what the ledger has
}

// verdict says what became of a run that has ended. Its error is the ledger's.
func (r *runner) verdict(e ending) (Verdict, error) {
	weight := min(max(e.result.Size, 1), judgeAtOnce)
	_ = r.judging.Acquire(context.Background(), weight) // ends: nobody waits while judging
	defer r.judging.Release(weight)
	row, hides := e.row, r.hides(e.row).of(e.result)
	v := Verdict{Leaked: hides.found(e.result)}
	var err error
	switch row.Status {
	case StatusCompleted:
		err = r.complete(&v, e, hides)
	case StatusStopped:
		v.Outcome, v.Reason, v.Message = Failed, Stopped, "the run was stopped, and not by this batch"
		if row.StopWhy == StopDeadline {
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
	return v, err
}

// inWords is a cause as "CODE: message".
func inWords(c Cause) string {
	if c.Code == "" || c.Message == "" {
		return c.Code + c.Message
	}
	return c.Code + ": " + c.Message
}

// complete judges the result of a run that completed: its expectations are asked
// only of one that fits its schema.
func (r *runner) complete(v *Verdict, e ending, hides *hiding) error {
	j := e.judge
	v.Outcome = Passed
	if j.schema == nil && !j.checks.any() && !e.result.Present() {
		return nil
	}
	if j.schema != nil {
		v.Schema = j.schema.Digest()
	}
	value, problems := j.fits(e.result, &v.Unwrapped)
	outcome := Invalid
	if len(problems) == 0 && j.checker != nil {
		about, err := r.about(e, value)
		if err != nil {
			return err
		}
		outcome, problems = Wrong, asked(j.checker, about)
	}
	if len(problems) == 0 {
		return nil
	}
	hides.problems(problems)
	v.Outcome, v.Problems = outcome, problems
	v.Message = summary(problems)
	return nil
}

// fits validates a raw result, which without a schema need only be JSON within
// the limits, and returns the value in it that is judged.
func (j *judge) fits(result Result, unwrapped *bool) (value json.RawMessage, problems []schema.Problem) {
	if !result.Present() {
		if j.schema == nil && !j.checks.descends() {
			return json.RawMessage("null"), nil // the expectations say whether that is good
		}
		return nil, []schema.Problem{{Kind: "schema", Keyword: "result", Message: "the run completed without a result"}}
	}
	if result.Size > schema.MaxResultBytes {
		return nil, []schema.Problem{{
			Kind: "size", Keyword: "size",
			Message: fmt.Sprintf("is %d bytes long, more than the %d that are judged", result.Size, schema.MaxResultBytes),
		}}
	}
	raw := result.Raw
	if result.File != "" {
		var err error
		if raw, err = os.ReadFile(result.File); err != nil {
			return nil, []schema.Problem{{Kind: "schema", Keyword: "internal", Message: "the stored result can't be read: " + err.Error()}}
		}
		if int64(len(raw)) != result.Size {
			return nil, []schema.Problem{{
				Kind: "schema", Keyword: "internal",
				Message: fmt.Sprintf("the stored result has %d bytes, and had %d when it was stored", len(raw), result.Size),
			}}
		}
	}
	if value, problems = j.find(raw, unwrapped); len(problems) > 0 {
		return nil, problems
	}
	if j.schema == nil {
		return value, schema.Limits(value)
	}
	return value, j.schema.Validate(value)
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
	if p.Kind == kindExpect {
		text = p.Message // its expression says where
	}
	if n := len(problems) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// judgeOf finds what judges a new task: its own schema, else its agent's, and its
// checks. An [*agentError] says that no run should be bought.
func (r *runner) judgeOf(ctx context.Context, task Task) (*judge, error) {
	j := &judge{schema: task.Schema}
	if err := r.check(j, task.Checks); err != nil {
		return nil, fmt.Errorf("task %q: %w", task.ID, err)
	}
	var err error
	if task.Schema == nil && task.Spec.AgentID != "" {
		j.schema, err = r.agentSchema(ctx, task.Spec.AgentID)
	}
	return j, err
}

// judgeOfRow finds what judges a task that was started before.
func (r *runner) judgeOfRow(row Row) (*judge, error) {
	j := new(judge)
	if err := r.checkRow(j, row); err != nil {
		return nil, fmt.Errorf("task %q: %w", row.ID, err)
	}
	if row.Schema != "" {
		s, err := r.schemas.compiled(row.Schema, r.Ledger)
		j.schema = s
		return j, err
	}
	if row.AgentID == "" {
		return j, nil
	}
	text, ok, err := r.Ledger.Agent(row.AgentID)
	if err != nil || !ok || text == nil {
		return j, err
	}
	j.schema, err = compileAgent(row.AgentID, text)
	return j, err
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
