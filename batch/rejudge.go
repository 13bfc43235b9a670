package batch

import (
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/semaphore"

	"github.com/bbbatch/bbbatch/schema"
)

// A Stored is what a ledger keeps of how a task ended.
type Stored struct {
	Verdict Verdict
	Reuse   *Reuse // nil where the result is its own
}

// A RejudgeLedger has what judging again needs.
type RejudgeLedger interface {
	Ledger

	// Stored reads how a task that is done has ended.
	Stored(position int) (Stored, error)
}

// RejudgeConfig says what is judged again and by what.
type RejudgeConfig struct {
	Ledger RejudgeLedger

	// Tasks judge the results of the tasks with their ids; the other tasks are
	// left out. Nil has every task judged by the schema and the checks that it has.
	Tasks iter.Seq2[Task, error]

	// Checker compiles the expectations of tasks, Whole those of the batch: see
	// [RejudgeWhole].
	Checker func(Checks) (Checker, error)
	Whole   func(Checks) (Whole, error)

	// Secrets hides the values of those that are known. What a result says that
	// holds another one is hidden as a whole.
	Secrets Secrets
}

// A Rejudged is a stored result that was judged again.
type Rejudged struct {
	Row             Row
	Schema          *schema.Schema // of its own that judges it now, nil for none; only where Edited
	Checks          *Checks        // likewise
	Facts           *Facts         // what Checks ask of the task now; only where Edited and it has such
	Judge           string         // fingerprint; only where Edited
	Run             string         // fingerprint, where the schema is all that is asked otherwise now; "" leaves that of the row
	Template, Group string         // of the edited task; only where Edited
	Edited          bool           // it is judged by something else than the task has
	Reuse           *Reuse
	Was             Verdict
	Is              Verdict
}

// Changed reports whether there is anything to write.
func (r Rejudged) Changed() bool { return r.Edited || r.Outcome() || r.Words() }

// Outcome reports whether the outcome is another.
func (r Rejudged) Outcome() bool { return r.Was.Outcome != r.Is.Outcome }

// Words reports whether the outcome is the same, and what is said of it is not.
func (r Rejudged) Words() bool {
	return !r.Outcome() && (r.Was.Message != r.Is.Message ||
		r.Was.Unwrapped != r.Is.Unwrapped || len(r.Was.Problems) != len(r.Is.Problems))
}

// Rejudge judges the results of every run that completed once more, as [Run]
// does. It sends nothing and writes nothing; what it yields is in the manifest's
// order, one result at a time. Tasks without such a run are not among it, and
// neither are those that left the manifest, or that an agent's default schema
// would judge that was never read.
func Rejudge(c RejudgeConfig) iter.Seq2[Rejudged, error] {
	return func(yield func(Rejudged, error) bool) {
		r := &rejudger{
			RejudgeConfig: c,
			runner: runner{
				Config:  Config{Ledger: c.Ledger, Secrets: c.Secrets, Checker: c.Checker},
				judging: semaphore.NewWeighted(judgeAtOnce),
				hiding:  newHiding(c.Secrets),
			},
		}
		for again, err := range r.rows() {
			ok := true
			if err == nil {
				ok, err = r.judge(&again)
			}
			if err == nil && !ok {
				continue
			}
			if !yield(again, err) || err != nil {
				return
			}
		}
	}
}

type rejudger struct {
	RejudgeConfig
	runner runner
	prints Fingerprinter
}

// rows yields the tasks that may have a result, with what judges them.
func (r *rejudger) rows() iter.Seq2[Rejudged, error] {
	return func(yield func(Rejudged, error) bool) {
		if r.Tasks == nil {
			for row, err := range r.Ledger.Rows(0) {
				if !yield(Rejudged{Row: row}, err) || err != nil {
					return
				}
			}
			return
		}
		for task, err := range r.Tasks {
			var row Row
			found := false
			if err == nil {
				row, found, err = r.Ledger.Named(task.ID)
			}
			again := Rejudged{Row: row}
			if err == nil && found {
				again.Judge = r.prints.JudgeFingerprint(task)
				again.Edited = again.Judge != row.Judge
				again.Schema = task.Schema
				again.Template, again.Group = task.Template, task.Group
				if again.Edited {
					again.Run, err = r.runOf(task, row)
				}
				if again.Edited && task.Checks.any() {
					again.Checks = task.Checks
					again.Facts = &Facts{Row: task.Row, Matrix: task.Matrix, Tags: task.Tags}
				}
				r.runner.terms = map[int]terms{}
				r.runner.setTerms(row.Position, terms{cells: task.Hidden})
			}
			if (found || err != nil) && !yield(again, err) || err != nil {
				return
			}
		}
	}
}

// runOf is the run fingerprint that a task gets with its new schema, so that an
// edited manifest finds it judged and not changed. It is "" where something else
// is asked otherwise too.
func (r *rejudger) runOf(t Task, row Row) (string, error) {
	was := t.Spec
	was.ResultSchema = nil
	if row.Schema != "" {
		text, err := r.Ledger.Schema(row.Schema)
		if err != nil {
			return "", err
		}
		was.ResultSchema = text
	}
	if was.RunFingerprint() != row.Run {
		return "", nil
	}
	return t.Spec.RunFingerprint(), nil
}

// judge fills in the two verdicts. It is not ok where there is nothing to judge.
func (r *rejudger) judge(again *Rejudged) (ok bool, err error) {
	row := again.Row
	if row.State != StateDone || row.Left {
		return false, nil
	}
	switch row.Outcome {
	case Passed, Invalid, Wrong:
	default:
		return false, nil
	}
	stored, err := r.Ledger.Stored(row.Position)
	if err != nil {
		return false, err
	}
	again.Was, again.Reuse = stored.Verdict, stored.Reuse
	attempt := row.Attempt
	if stored.Reuse != nil {
		attempt, row.Status = 0, StatusCompleted
	}
	if row.Status != StatusCompleted {
		return false, nil
	}
	result, err := r.Ledger.Result(row.Position, attempt)
	if err != nil {
		return false, err
	}
	by, err := r.by(*again)
	if err != nil {
		return false, fmt.Errorf("task %q: %w", row.ID, err)
	}
	if by == nil {
		return false, nil
	}
	row.Hidden = nil // which of them the result holds was found when it came
	if again.Edited {
		row.Template, row.Group = again.Template, again.Group
	}
	for _, name := range stored.Verdict.Leaked { // an older ledger has it there alone
		if !slices.Contains(result.Leaked, name) {
			result.Leaked = append(result.Leaked, name)
		}
	}
	e := ending{row: row, judge: by, result: result}
	if again.Facts != nil {
		if e.facts, err = r.facts(*again); err != nil {
			return false, err
		}
	}
	again.Is, err = r.runner.verdict(e)
	return err == nil, err
}

// facts are those of the run that the task has, with what the edited task says.
func (r *rejudger) facts(again Rejudged) (*Facts, error) {
	facts, err := r.Ledger.Facts(again.Row.Position)
	facts.Row, facts.Matrix, facts.Tags = again.Facts.Row, again.Facts.Matrix, again.Facts.Tags
	return &facts, err
}

// by finds what judges a task now: nil where that is its agent's default schema,
// which nobody has read.
func (r *rejudger) by(again Rejudged) (*judge, error) {
	row := again.Row
	if again.Edited {
		row.Schema, row.Checks = "", ""
	}
	var j *judge
	if again.Edited && again.Schema != nil {
		j = &judge{schema: again.Schema}
	} else {
		if row.Schema == "" && row.AgentID != "" {
			if _, ok, err := r.Ledger.Agent(row.AgentID); err != nil || !ok {
				return nil, err
			}
		}
		var err error
		if j, err = r.runner.judgeOfRow(row); err != nil {
			return nil, err
		}
	}
	if again.Edited {
		return j, r.runner.check(j, again.Checks)
	}
	return j, nil
}
