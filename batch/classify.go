package batch

import (
	"encoding/json"
	"fmt"
	"strings"
)

// classify says what becomes of a task that the batch has.
func (c *comparison) classify(task Task, row Row) (Change, error) {
	change := Change{Task: task, Row: row, Class: ClassKept}
	if task.Skip != "" {
		return skippedBy(change), nil
	}
	run := c.runs.RunFingerprint(task.Spec)
	same := run == row.Run
	switch row.State {
	case StatePending:
		change.Class, change.Why = ClassToRun, whyToRun(row)
		if !same {
			return c.edited(change, ClassChanged)
		}
		return change, c.reuse(&change, run)
	case StateStarting, StateUnsure:
		change.Class, change.Why = ClassReconciled, "the answer to its create was lost"
		change.Wait = !same
	case StateRunning, StateEnded:
		change.Class, change.Wait = ClassContinued, !same
	}
	if change.Wait {
		change.Why = join("; ", change.Why, "it asks something else now: its run is settled first, as it was bought")
	}
	if row.State != StateDone {
		return change, nil
	}
	if row.Outcome == Skipped && row.Skip != "" {
		change.Class, change.Why = ClassToRun, "it is no longer skipped"
		return change, nil
	}
	if row.Outcome == Skipped && !row.Left && task.Repeat != nil {
		needed, err := c.needed(task)
		if needed {
			change.Class, change.Why = ClassToRun, "its repetition is not decided as it is asked for now"
		}
		return change, err
	}
	back := row.Left && row.Outcome == Skipped // it was never started since the manifest did not have it
	corrected, err := c.corrected(task, row, same)
	switch {
	case err != nil:
		return change, err
	case back && same:
		change.Class, change.Why = ClassToRun, "the manifest has it again"
		return change, c.reuse(&change, run)
	case corrected:
		change.Class, change.Why = ClassRejudged, "how its result is judged was edited"
	case same:
	case row.Outcome != Passed:
		return c.edited(change, ClassChanged)
	case c.options.RerunChanged:
		return c.edited(change, ClassRerun)
	default:
		return c.edited(change, ClassStale)
	}
	return change, nil
}

// skippedBy says what becomes of a task that the batch has and that the manifest
// skips now: a run that was bought is not given up for it.
func skippedBy(change Change) Change {
	switch row := change.Row; row.State {
	case StatePending:
		change.Class, change.Why = ClassSkipped, change.Task.Skip
	case StateDone:
		if row.Outcome == Skipped {
			change.Class, change.Why = ClassSkipped, change.Task.Skip
		}
	case StateStarting, StateUnsure:
		change.Class, change.Why = ClassReconciled, "the answer to its create was lost; "+change.Task.Skip
	case StateRunning, StateEnded:
		change.Class, change.Why = ClassContinued, change.Task.Skip
	}
	return change
}

// needed reports whether a member of a repetition that was skipped is needed
// after all: more of them are to pass now.
func (c *comparison) needed(task Task) (bool, error) {
	members, err := c.ledger.Members(task.Repeat.Group)
	return err == nil && !fateOf(*task.Repeat, members).won(), err
}

// corrected reports whether the task has a result that can be judged by what is
// said of it now: nothing else was edited.
func (c *comparison) corrected(task Task, row Row, same bool) (bool, error) {
	switch row.Outcome {
	case Passed, Invalid, Wrong:
	default:
		return false, nil
	}
	if same {
		return c.runs.JudgeFingerprint(task) != row.Judge, nil
	}
	if task.Schema == nil && task.Spec.AgentID != "" {
		return false, nil // the agent's own schema would judge, which the run was not asked for
	}
	spec, err := c.before(task.Spec, row)
	return err == nil && c.others.RunFingerprint(spec) == row.Run, err
}

// before is a request with the result schema that the row's had.
func (c *comparison) before(s Spec, row Row) (Spec, error) {
	s.ResultSchema = nil
	if row.Schema == "" {
		return s, nil
	}
	text, err := c.schemas.text(row.Schema, c.ledger)
	s.ResultSchema = text
	return s, err
}

// edited gives a task that asks something else its class, and says what of it
// differs.
func (c *comparison) edited(change Change, class Class) (Change, error) {
	task, row := change.Task, change.Row
	spec, err := c.before(task.Spec, row)
	if err != nil {
		return change, err
	}
	var what []string
	if row.Text != task.Spec.Task {
		what = append(what, "text")
	}
	if row.AgentID != task.Spec.AgentID {
		what = append(what, "agent")
	}
	digest := ""
	if task.Schema != nil {
		digest = task.Schema.Digest()
	}
	if row.Schema != digest {
		what = append(what, "result schema")
	}
	// With those as they were, is it the same request?
	spec.Task, spec.AgentID = row.Text, row.AgentID
	if c.others.RunFingerprint(spec) != row.Run {
		what = append(what, "variables or browser settings")
	}
	change.Class = class
	change.Why = "its " + strings.Join(what, " and its ") + " changed"
	if row.State == StateDone && row.Outcome != Passed {
		change.Why = fmt.Sprintf("it is %s, and %s", row.Outcome, change.Why)
	}
	if row.State == StatePending {
		return change, c.reuse(&change, c.runs.RunFingerprint(task.Spec))
	}
	return change, nil
}

// reuse looks for an earlier result of a task that no run was bought for. The
// members of a repetition are runs of their own; of secret cells a fingerprint has
// the names alone, and the result might be that of another row.
func (c *comparison) reuse(change *Change, run string) error {
	if c.options.Reuse == nil || !Reusable(change.Row) || change.Task.Repeat != nil || len(change.Task.Hidden) > 0 {
		return nil
	}
	reuse, err := c.options.Reuse(run)
	if err != nil || reuse == nil {
		return err
	}
	change.Class, change.Reuse = ClassReused, reuse
	change.Why = fmt.Sprintf("batch %s has the result of run %s", reuse.Batch, reuse.RunID)
	return nil
}

// Reusable reports whether the row, which is zero for a task that is new, may
// take over the result of an earlier batch: no run was ever bought for it, it is
// no member of a repetition, and no cell of its row is secret.
func Reusable(row Row) bool {
	return row.Attempt == 0 && row.Repeat == nil && len(row.Hidden) == 0 && (row.State == "" || row.State == StatePending)
}

func whyToRun(row Row) string {
	switch {
	case row.Retries > 0:
		return "it is tried again"
	case row.Spent:
		return "it is to be tried again"
	case row.Attempt > 0:
		return "its create was not accepted"
	}
	return ""
}

func whyLeft(row Row) string {
	switch {
	case row.Left:
		return ""
	case row.State == StatePending:
		return "it is not started"
	case row.State == StateDone:
		return fmt.Sprintf("it is %s, and is kept", row.Outcome)
	}
	return "its run is watched to its end"
}

func join(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}

// lastSchema remembers the text of the schema that was asked for last.
type lastSchema struct {
	digest string
	known  json.RawMessage
}

func (s *lastSchema) text(digest string, l Ledger) (json.RawMessage, error) {
	if s.digest == digest {
		return s.known, nil
	}
	text, err := l.Schema(digest)
	if err == nil && SchemaDigest(text) != digest {
		err = fmt.Errorf("the stored schema %s is damaged", digest)
	}
	if err == nil {
		s.digest, s.known = digest, text
	}
	return text, err
}
