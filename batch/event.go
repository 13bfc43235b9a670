package batch

import (
	"encoding/json"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// A Kind names what happened.
type Kind string

// The kinds of events. Each is stored in the transaction that moves the state
// rows; the comment gives the move of the task's [State].
const (
	BatchOpened     Kind = "batch.opened"     // the manifest and the policy are stored; Policy
	BatchContinued  Kind = "batch.continued"  // a later process took the batch up, also a closed one; Policy, Message
	TaskAdded       Kind = "task.added"       // Tasks from Position to Last exist: none -> pending
	TaskChanged     Kind = "task.changed"     // defined anew: stays, or done -> pending to run anew, or done -> ended to be judged anew; Then, Stale, Message
	TaskLeft        Kind = "task.left"        // the manifest no longer has it: stays
	TaskSkipped     Kind = "task.skipped"     // pending -> done, nothing is bought for it, also at once when it is added; Verdict
	TaskReused      Kind = "task.reused"      // pending -> done, by the result of an earlier batch; Verdict, Reuse
	TaskRetried     Kind = "task.retried"     // pending, unsure, running, ended or done -> pending, for a new attempt; Verdict of the one before, unless it was done
	AttemptIntended Kind = "attempt.intended" // pending -> starting; Digest
	AttemptStarted  Kind = "attempt.started"  // starting -> running; Run
	AttemptUnknown  Kind = "attempt.unknown"  // starting -> unsure; Message
	AttemptAdopted  Kind = "attempt.adopted"  // unsure, or pending in a ledger that lost the intent -> running; Run, Message
	AttemptRejected Kind = "attempt.rejected" // starting or unsure -> pending, surely not created; Message
	RunObserved     Kind = "run.observed"     // running -> running, the status changed; Run
	StopIntended    Kind = "stop.intended"    // running -> running, before a stop is sent; Why, Message
	AttemptEnded    Kind = "attempt.ended"    // running -> ended; Run with its raw result
	AgentRead       Kind = "agent.read"       // an agent's default schema was read; Agent, Schema
	TaskJudged      Kind = "task.judged"      // pending, unsure, running or ended -> done; Verdict
	BatchHalted     Kind = "batch.halted"     // nothing new starts; Message
	BatchClosed     Kind = "batch.closed"     // every task is done, or the rest was given up; Message, Whole
)

// An Event is one thing that happened, with all that its kind needs. Zero
// fields do not belong to the kind.
type Event struct {
	Kind     Kind
	Position int       // the task; -1 for events of the batch
	ID       string    // task.judged and the like: the task's id, for who is told; not stored
	Place    int       // likewise: its place in the manifest's order
	Attempt  int       // 1-based; 0 where no attempt is meant
	At       time.Time // by our clock, UTC

	Last    int            // task.added: the last position of the range
	Digest  string         // attempt.intended: sha256 of the request, secrets by name
	Marker  string         // attempt.intended: what a listing would show the run by; "" for none
	Offset  time.Duration  // attempt.intended: the service's clock minus ours
	Run     *Observed      // attempt.started, attempt.adopted, run.observed, attempt.ended
	Echo    *Echo          // attempt.started: what of the request the answer repeated; nil when that was not compared
	Verdict *Verdict       // task.judged
	Message string         // in words, secrets masked
	Then    State          // task.changed: where the task is then; "" where it was
	Stale   bool           // task.changed: it passed, and what would be sent is another request now
	Reuse   *Reuse         // task.reused
	Retries int            // task.retried: attempts beyond the first that the task's retry has used up
	Of      int            // task.retried: attempts beyond the first that its retry allows; 0 when it was ordered
	After   time.Time      // task.retried: the next attempt waits until then; zero for at once
	Why     StopReason     // stop.intended
	Policy  *Policy        // batch.opened, batch.continued
	Whole   []WholeVerdict // batch.closed: of the expectations of the batch, where they were evaluated
	Agent   string         // agent.read
	Schema  []byte         // agent.read: the schema's text; nil when the agent has none
}

// An Observed is a run as the service described it at one moment. Nothing in
// it is trusted: any field may be missing or absurd.
type Observed struct {
	ID        string
	Partial   bool // what is absent may have been in the answer, which could not be read to its end
	Status    Status
	Task      string // echoed text
	AgentID   string
	SessionID string
	Schema    json.RawMessage // echoed result schema
	Cause     *Cause
	Result    Result
	CreatedAt time.Time // zero when absent or unreadable; likewise the others
	StartedAt time.Time
	EndedAt   time.Time
}

// A StopReason says why we stop a run.
type StopReason string

// The reasons. What a run that we stopped comes to depends on it.
const (
	StopDeadline StopReason = "deadline" // its time is up: the task has failed
	StopOrder    StopReason = "order"    // we were told to stop: the task is pending again
)

// A Reuse says whose result a task took over instead of buying a run.
type Reuse struct {
	Batch   string    `json:"batch"`
	RunID   string    `json:"runId"`
	EndedAt time.Time `json:"endedAt"`

	Position int `json:"position"` // of the task in that batch
	Attempt  int `json:"attempt"`
}

// A Cause is the service's account of a failed run.
type Cause struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

// A Result is a run's raw answer: its bytes, or the file that holds them.
type Result struct {
	Raw  json.RawMessage // nil when absent or in File
	File string          // path of a file that holds the bytes; "" when in Raw
	Size int64           // bytes; 0 when there is no result

	// Leaked names the secrets that were found in it when it was judged before,
	// with the values that they had then. Only [Ledger.Result] gives them.
	Leaked []string
}

// Present reports whether the run had a result.
func (r Result) Present() bool { return r.Size > 0 }

// A Verdict is how a task ended.
type Verdict struct {
	Outcome    Outcome
	Reason     Reason           // for Failed
	Message    string           // why, in words; secrets masked; "" for Passed
	Problems   []schema.Problem // for Invalid and Wrong
	Schema     string           // digest of the schema that judged; "" for none
	Unwrapped  bool             // the judged value is the result's "output"
	Candidates []string         // for Unknown: ids of runs that may be the one
	Leaked     []string         // names of secrets whose values the result contains
}

// asideLimit is the size in bytes above which a result does not lie in a row.
const asideLimit = 1 << 20

// Aside reports whether a ledger keeps the result in a file of its own: it is
// large, or so deep that who reads a report might not be able to.
func (r Result) Aside() bool {
	return r.File != "" || len(r.Raw) > asideLimit || schema.TooDeep(r.Raw)
}
