package batch

// A Class says what apply does with a task.
type Class string

// The classes.
const (
	ClassNew        Class = "new"        // the batch does not have it yet: a run is bought
	ClassToRun      Class = "to run"     // not started yet, or to be tried again: a run is bought
	ClassChanged    Class = "changed"    // it did not pass, and asks something else now: a run is bought
	ClassRerun      Class = "rerun"      // it passed, asks something else now, and is to be run anew: a run is bought
	ClassContinued  Class = "continued"  // its run is in flight: it is watched
	ClassReconciled Class = "reconciled" // the answer to its create was lost: its run is looked for
	ClassRejudged   Class = "rejudged"   // its schema or expectations changed: the stored result is judged again
	ClassStale      Class = "stale"      // it passed, and asks something else now: it is kept
	ClassReused     Class = "reused"     // an earlier batch has a result of the same request
	ClassSkipped    Class = "skipped"    // its if is false or its row is bad: nothing is bought for it
	ClassKept       Class = "kept"       // it is done
	ClassLeft       Class = "left"       // the manifest no longer has it: it is kept, or never started
)

// Classes lists every class, those that cost first.
var Classes = [...]Class{
	ClassNew, ClassToRun, ClassChanged, ClassRerun, ClassContinued, ClassReconciled,
	ClassRejudged, ClassStale, ClassReused, ClassSkipped, ClassKept, ClassLeft,
}

// Buys reports whether apply buys a run for a task of the class.
func (c Class) Buys() bool {
	switch c {
	case ClassNew, ClassToRun, ClassChanged, ClassRerun:
		return true
	}
	return false
}

// A Change is what becomes of one task when a manifest is applied to a batch.
type Change struct {
	Class Class
	Why   string // in words; "" where the class says it all
	Task  Task   // as the manifest has it; zero for one that left
	Row   Row    // as the ledger has it; zero for a new one
	Reuse *Reuse // for ClassReused

	// Wait says that the task has a run, or may have one, which was bought with
	// another request: that is settled before anything of the task is changed.
	Wait bool
}

// Again reports whether the change buys a run for a task that has passed.
func (c Change) Again() bool {
	return c.Class.Buys() && c.Row.State == StateDone && c.Row.Outcome == Passed
}
