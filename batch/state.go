package batch

// A State says how far a task has come. It is what the ledger stores; readers
// see an [Outcome].
type State string

const (
	// StatePending: entered when the task is added, and again when a create was
	// surely not accepted (a rejected key, a refused connection, a 429, or two
	// complete listings that do not show its run), with task.retried when it is
	// to be tried again, and with task.changed when what it asks was edited. The
	// dispatcher moves it on. A crash here costs nothing: nothing was sent.
	StatePending State = "pending"

	// StateStarting: entered with attempt.intended, before the create is
	// written to the socket. The answer to the create moves it on. After a
	// crash here a run may exist: the task becomes StateUnsure and is never
	// simply sent again.
	StateStarting State = "starting"

	// StateUnsure: entered with attempt.unknown, when the fate of a create is
	// not known. Reconciling with a listing moves it on: to StateRunning when
	// the run is found, to StatePending when there surely is none, and else to
	// StateDone with the outcome unknown. A crash here changes nothing.
	StateUnsure State = "unsure"

	// StateRunning: entered with attempt.started or attempt.adopted; the run id
	// is known. The
	// watcher moves it on when the run has ended. After a crash the run is
	// watched again by its id.
	StateRunning State = "running"

	// StateEnded: entered with attempt.ended, the raw result is stored, and with
	// task.changed when how it is judged was edited. The
	// judge moves it on. After a crash it is judged from what is stored.
	StateEnded State = "ended"

	// StateDone: entered with task.judged, task.skipped or task.reused; with
	// task.skipped also in the transaction that adds a task whose if is false or
	// whose row is bad. The outcome is final, unless somebody orders the task to be
	// tried again or edits it: one that the manifest no longer skips is pending
	// again. A crash here changes nothing.
	StateDone State = "done"
)

// A Status is the service's word for where a run stands. Words other than
// these are kept as they came and mean that the run is alive.
type Status string

// The statuses of Browserbase's agent runs (reference/api/get-a-run; PAUSED
// from reference/api/resume-a-run).
const (
	StatusPending   Status = "PENDING"
	StatusRunning   Status = "RUNNING"
	StatusPaused    Status = "PAUSED"
	StatusCompleted Status = "COMPLETED"
	StatusFailed    Status = "FAILED"
	StatusStopped   Status = "STOPPED"
	StatusTimedOut  Status = "TIMED_OUT"
)

// Ended reports whether a run with this status has come to its end. Unknown
// words have not.
func (s Status) Ended() bool {
	switch s {
	case StatusCompleted, StatusFailed, StatusStopped, StatusTimedOut:
		return true
	}
	return false
}

// Known reports whether the word is one that this version understands.
func (s Status) Known() bool {
	return s == StatusPending || s == StatusRunning || s == StatusPaused || s.Ended()
}
