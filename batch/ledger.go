package batch

import (
	"encoding/json"
	"errors"
	"iter"
	"time"
)

// A Ledger is the durable record of one batch, the only truth about it. It is
// safe for concurrent use.
type Ledger interface {
	// Append makes the events, in their order, and the states that they lead to
	// durable in one transaction, and returns when all are. [ErrConflict] when a
	// task or attempt is not in a state that an event may follow: those before it
	// are written then, it and those after it are not. Any other error is final:
	// the process must create nothing more.
	//
	// A Result whose bytes are large, or which came in a file, is kept in a
	// side file of the ledger's.
	Append(events ...Event) error

	// Task reads one task's row; Rows yields those from a place on, in the
	// manifest's order, those that left it last. Rows sees later changes only of
	// rows that it has not yet read.
	Task(position int) (Row, error)
	Rows(from int) iter.Seq2[Row, error]

	// Named reads the row of the task with an id; ok is false when there is none.
	Named(id string) (row Row, ok bool, err error)

	// Open yields the rows in the given states, in order.
	Open(states ...State) iter.Seq2[Row, error]

	// Result reads the raw result of an attempt, from the row or the side file, with
	// what verdicts of it have said that it leaks.
	Result(position, attempt int) (Result, error)

	// Schema returns the text of a schema by its digest.
	Schema(digest string) ([]byte, error)

	// Checks returns checks by their digest.
	Checks(digest string) (Checks, error)

	// Facts reads what the expectations of a task may ask beside its result.
	Facts(position int) (Facts, error)

	// Records yields everything known of the tasks from a place on, in order.
	Records(from int) iter.Seq2[Record, error]

	// Agent returns what agent.read stored; ok is false when it was not read.
	Agent(id string) (schema []byte, ok bool, err error)

	// Owns reports whether any batch of this ledger has the run.
	Owns(runID string) (bool, error)

	// Echoes tells how the service of this batch repeats requests, from what
	// attempt.started said of the newest 100 that were compared, in any batch of
	// its address.
	Echoes() (Echoes, error)

	// Usage is what the batch has used of a budget until now.
	Usage(p Price) (Usage, error)

	// Tallies counts the tasks that are done, by group and outcome, without those
	// that left the manifest. A repetition is counted once, when its verdict is
	// certain: as passed, or as failed.
	Tallies() ([]Tally, error)

	// Members reads the rows of the members of a repetition, in order.
	Members(group string) ([]Row, error)

	// Typical is the median length of the newest 200 runs of a template that
	// completed in batches of this one's name, address and provider; 0 when there
	// is none.
	Typical(template string) (time.Duration, error)

	// Doubts yields the attempts in any batch of this batch's address, intended
	// at or after since by our clock, of which it is not known whether they made
	// a run: those of tasks that are unsure, or have ended as unknown.
	Doubts(since time.Time) iter.Seq2[Doubt, error]
}

// Facts are what the expectations of a task may ask beside its result.
type Facts struct {
	Row    json.RawMessage // nil without one
	Matrix json.RawMessage // likewise
	Tags   []string
	Reuse  *Reuse // whose result the task has; nil for its own

	// Of the newest attempt's run, by the service's clock; zero where unknown.
	CreatedAt time.Time
	StartedAt time.Time
	EndedAt   time.Time
}

// A Doubt is an attempt whose create may have made a run that nobody knows.
type Doubt struct {
	Text   string // the task's
	Agent  string
	Digest string // of the request
}

// A Usage is how much of a budget is used: how many runs were bought, and what
// those that have ended took.
type Usage struct {
	Runs  int           // creates that were accepted, or may have been
	Ended int           // runs that ended
	Time  time.Duration // their paid time
	USD   Money         // their cost, an estimate

	Unmeasured []Unmeasured
}

// An Unmeasured is how many creates were accepted, or may have been, and will
// never be known to have ended.
type Unmeasured struct {
	Template string
	Timeout  time.Duration
	Creates  int
}

// A Tally is how many tasks of a group came to an outcome.
type Tally struct {
	Group   string // "" for tasks without one
	Outcome Outcome
	Tasks   int
}

// ErrConflict says that a state was not the one that an event may follow:
// another process, or a bug, moved it.
var ErrConflict = errors.New("the ledger's state is not the one expected")

// A Row is what the ledger keeps of a task between its steps.
type Row struct {
	Position int // the ledger's number of it: its place when it was added
	Place    int // in the manifest's order
	ID       string
	Template string
	Run      string // run fingerprint
	Judge    string // judge fingerprint
	Schema   string // digest of the task's schema; "" for none
	Checks   string // digest of its checks; "" for none
	Group    string
	Repeat   *Repetition // nil for a task of its own
	Hidden   []string    // columns of the row's cells that are secret
	Skip     string      // why the manifest buys nothing for it; "" for a task to run
	Left     bool        // the manifest no longer has it
	Stale    bool        // it passed, and what would be sent is another request now
	Reused   bool        // its result is that of a run of an earlier batch
	State    State
	Outcome  Outcome   // set when State is StateDone
	Attempt  int       // the newest attempt; 0 before the first
	Retries  int       // attempts beyond the first that the task's retry has used up
	After    time.Time // the next attempt waits until then; zero for at once

	// Of the newest attempt:
	Digest     string // of the request
	Marker     string // that the request carried; "" for none
	Absent     bool   // its create was unknown, and listings showed that it made no run
	Spent      bool   // it had its verdict: the next is an attempt of its own
	RunID      string
	Status     Status
	AgentID    string
	IntendedAt time.Time     // by our clock
	Offset     time.Duration // the service's clock minus ours, then
	CreatedAt  time.Time     // by the service's clock
	StartedAt  time.Time     // by our clock: when the run id became known
	StopAt     time.Time     // by our clock: when stop.intended was written; zero if never
	StopWhy    StopReason    // "" if never
	Cause      *Cause        // the service's account of why it failed; nil if none
	Timeout    time.Duration
	Text       string // the task's text as it was sent
}

// A Record is everything known of one task, as reports show it.
type Record struct {
	Position int
	Place    int // in the manifest's order; those that left it come last
	ID       string
	Template string
	Group    string
	Tags     []string
	Repeat   *Repetition
	Left     bool
	Stale    bool
	Reuse    *Reuse // whose result it is; nil for its own
	State    State
	Outcome  Outcome // a display outcome while the task is unfinished
	Row      json.RawMessage
	Matrix   json.RawMessage // nil without one
	Checks   *Checks         // nil for none; shared, and not to be changed
	Skip     string          // why the manifest buys nothing for it; "" for a task to run
	Run      string
	Judge    string
	Verdict  Verdict // zero while unfinished
	Result   Result  // raw, of the newest attempt
	Attempts []Attempt
	Passed   int    // members of Repeat's group that passed, those that left apart
	Price    *Price // what its runs cost; nil when the user has not said
	BatchID  string
	StateDir string // folder that side files lie in
}

// An Attempt is one try at a task and owns at most one run.
type Attempt struct {
	Number     int
	RunID      string // "" when no run is known
	Status     Status
	SessionID  string
	Cause      *Cause
	IntendedAt time.Time
	CreatedAt  time.Time
	StartedAt  time.Time
	EndedAt    time.Time
	Message    string  // why it was rejected or is unknown, or what became of it
	Outcome    Outcome // of this attempt, once it is judged
	Reason     Reason
}

// An Info describes a batch.
type Info struct {
	ID           string // 8 hexadecimal digits
	Name         string
	Provider     string // browserbase or local
	BaseURL      string
	Label        string // the --batch key; "" for none
	Policy       Policy
	Selection    string // which part of the manifest was selected, in words; "" for all
	OpenedAt     time.Time
	ClosedAt     time.Time // zero while unfinished
	Halted       string    // why nothing new starts; "" when it does
	Total        int       // tasks
	Repeats      bool      // some of them are members of a repetition; told by the ledger alone
	ManifestPath string
	Manifest     []byte
	Params       json.RawMessage // values of the manifest's parameters, a JSON object; nil where it has none
}

// A Summary is a batch in numbers, read from the ledger.
type Summary struct {
	Info     Info
	Counts   map[Outcome]int // display outcomes; they add up to Info.Total
	Runs     int             // runs that the service is known to have created
	RunTime  time.Duration   // the sum of their lengths, by the service's clock
	Paid     time.Duration   // what of it is paid for, by the price; 0 without one
	Cost     Money           // of the runs that ended, an estimate; 0 without a price
	Wasted   Money           // what of it did not lead to a task that passed
	FirstTry int             // tasks that passed with their first run
	Retried  int             // tasks that had more than one run
	Stale    int             // tasks that passed and ask something else now
	Reused   int             // tasks that took an earlier batch's result
	Left     int             // tasks that the manifest no longer has; in no count but runs and cost

	// Short is how many repetitions fell short: fewer members passed than must,
	// and none is left.
	Short int

	// Excused are the tasks that did not pass and are not held against the batch:
	// by their tags, or as members of a repetition that passed as a whole.
	Excused  map[Outcome]int
	Failures []Failure // the commonest first, three at most
	Kinds    int       // how many such groups there are in all
	Leaked   int       // results that contain the value of a secret

	// Whole is what became of the expectations of the batch as a whole, in their
	// order; nil where there are none, or they were not evaluated: the batch is not
	// closed, or something of it was given up.
	Whole []WholeVerdict

	// Unevaluated says that the batch is closed, that nothing of it was given up, and
	// that what is expected of it as a whole was not evaluated: a process was killed
	// while its results were judged again.
	Unevaluated bool
}

// A Failure is a group of tasks that ended the same way.
type Failure struct {
	Outcome Outcome
	Reason  Reason
	Message string // of the example
	Count   int
	Example string // id of the first such task
	Excused int    // how many of them are not held against the batch
}
