package batch

// An Outcome is our verdict on a task. Reports, exit codes and filters use
// exactly these words.
type Outcome string

// The outcomes. The first six are final; the others describe a task that has
// not come to its end.
const (
	Passed     Outcome = "passed"      // the run completed and its result fits its schema
	Invalid    Outcome = "invalid"     // the run completed and its result breaks its schema
	Wrong      Outcome = "wrong"       // the result fits its schema, and an expectation of it is false
	Failed     Outcome = "failed"      // the run did not complete; the Reason says why
	Unknown    Outcome = "unknown"     // a create whose fate could not be settled
	Skipped    Outcome = "skipped"     // nothing was to be bought: its if is false or its row is bad, the manifest no longer has it, or its group is decided
	NotStarted Outcome = "not_started" // nothing was bought: the batch was stopped first
	Pending    Outcome = "pending"     // waits for its turn
	Running    Outcome = "running"     // a run exists or is being created
)

// Outcomes lists every outcome in the order in which reports count them.
var Outcomes = [...]Outcome{Passed, Invalid, Wrong, Failed, Unknown, Skipped, NotStarted, Running, Pending}

// A Reason says why a task is [Failed]. It is empty for every other outcome.
type Reason string

// The reasons.
const (
	RunFailed Reason = "run_failed" // the service ended the run as FAILED
	Stopped   Reason = "stopped"    // the run was stopped, and not by us
	TimedOut  Reason = "timed_out"  // the service's own time limit
	Deadline  Reason = "deadline"   // the task's timeout passed and we stopped the run
	Rejected  Reason = "rejected"   // the service refused the request; no run exists
	Lost      Reason = "lost"       // the service no longer knows the run, or nothing that it says of it can be read
	Panicked  Reason = "panic"      // a bug of ours while the task was handled
)
