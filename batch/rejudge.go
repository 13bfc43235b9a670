package batch

import (
	"encoding/json"
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
	// left out. Nil has every task judged by the schema that it has.
	Tasks iter.Seq2[Task, error]

	// Secrets hides the values of those that are known. What a result says that
	// holds another one is hidden as a whole.
	Secrets Secrets
}

// A Rejudged is a stored result that was judged again.
type Rejudged struct {
	Row    Row
	Schema *schema.Schema // of its own that judges it now, nil for none; only where Edited
	Judge  string         // fingerprint; only where Edited
	Run    string         // fingerprint, where the schema is all that is asked otherwise now; "" leaves that of the row
	Edited bool           // it is judged by another schema than the task has
	Reuse  *Reuse
	Was    Verdict
	Is     Verdict
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
				Config:  Config{Ledger: c.Ledger, Secrets: c.Secrets},
				judging: semaphore.NewWeighted(judgeAtOnce),
				leaks:   newLeakFinder(c.Secrets),
				masks:   newMasker(c.Secrets, secretLeast),
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

	// The last schema of a task and its fingerprint: neighbours mostly share it.
	schema *schema.Schema
	print  string
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
				again.Judge = r.fingerprint(task)
				again.Edited = again.Judge != row.Judge
				again.Schema = task.Schema
				if again.Edited {
					again.Run, err = r.runOf(task, row)
				}
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

func (r *rejudger) fingerprint(t Task) string {
	if r.print == "" || r.schema != t.Schema {
		r.schema, r.print = t.Schema, t.JudgeFingerprint()
	}
	return r.print
}

// judge fills in the two verdicts. It is not ok where there is nothing to judge.
func (r *rejudger) judge(again *Rejudged) (ok bool, err error) {
	row := again.Row
	if row.State != StateDone || row.Left {
		return false, nil
	}
	switch row.Outcome {
	case Passed, Invalid:
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
	again.Is = r.runner.verdict(row, by, result)
	r.hide(again)
	return true, nil
}

// by finds what judges a task now: nil where that is its agent's default schema,
// which nobody has read.
func (r *rejudger) by(again Rejudged) (*judge, error) {
	if again.Edited && again.Schema != nil {
		return &judge{again.Schema}, nil
	}
	row := again.Row
	if again.Edited {
		row.Schema = ""
	}
	if row.Schema == "" && row.AgentID != "" {
		if _, ok, err := r.Ledger.Agent(row.AgentID); err != nil || !ok {
			return nil, err
		}
	}
	return r.runner.judgeOfRow(row)
}

// hide keeps what was found in a result before: which secrets it holds. Those
// whose values are not known now can't be masked, so that nothing of the result
// is repeated then.
func (r *rejudger) hide(again *Rejudged) {
	unknown := false
	for _, name := range again.Was.Leaked {
		if !slices.Contains(again.Is.Leaked, name) {
			again.Is.Leaked = append(again.Is.Leaked, name)
			unknown = unknown || len(r.Secrets[name]) < secretLeast
		}
	}
	slices.Sort(again.Is.Leaked)
	if !unknown || len(again.Is.Problems) == 0 {
		return
	}
	for i := range again.Is.Problems {
		p := &again.Is.Problems[i]
		p.InstancePath, p.Message = "", "breaks the schema's "+p.Keyword+" (what is hidden may hold a secret)"
		if p.Actual != nil {
			p.Actual = json.RawMessage(hidden)
		}
		if p.Expected != nil {
			p.Expected = json.RawMessage(hidden)
		}
	}
	again.Is.Message = summary(again.Is.Problems)
}
