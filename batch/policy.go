package batch

import "time"

// A Policy is what bounds a batch and decides whether it is good enough. It is
// stored when the batch is opened and each time it is continued. The zero value
// bounds nothing and wants every task to pass.
type Policy struct {
	Price     *Price        `json:"price,omitempty"` // nil when the user has not said
	Budget    Budget        `json:"budget,omitzero"`
	Canary    Canary        `json:"canary,omitzero"`
	Halt      Halt          `json:"halt,omitzero"`
	FailFast  bool          `json:"failFast,omitempty"`  // halts at the first task that did not pass
	MaxTime   time.Duration `json:"maxTime,omitempty"`   // from the batch's opening on; then nothing new starts; 0 for no bound
	Accept    *Share        `json:"accept,omitempty"`    // of the tasks that must pass; nil for all
	AllowFail []string      `json:"allowFail,omitempty"` // tags of tasks that need not pass
	Expect    *Checks       `json:"expect,omitempty"`    // what must be true of the batch as a whole; nil for nothing
}

// A Budget is what a batch may use, retries and continuations included; 0 is no
// bound. No new run starts that would pass one.
type Budget struct {
	Runs int           `json:"runs,omitempty"`
	Time time.Duration `json:"time,omitempty"` // paid run time
	USD  Money         `json:"usd,omitempty"`
}

// A Canary is a number of tasks, spread over the manifest, that run before all
// others; unless enough of them pass, the batch is halted. The zero Canary is
// none.
type Canary struct {
	Tasks int    `json:"tasks,omitempty"`
	Pass  *Share `json:"pass,omitempty"` // nil for all
}

// A Halt says how many tasks may end without passing before nothing new starts.
type Halt struct {
	Failures *Share `json:"failures,omitempty"` // of the tasks that came to their end; nil never halts
	Min      int    `json:"min,omitempty"`      // tasks that must have come to their end before a percentage counts
	PerGroup bool   `json:"perGroup,omitempty"` // counts each group for itself, and stops that group alone
}

// A Retry says when a task is tried again, which is paid for again.
type Retry struct {
	Max     int           // attempts after the first; 0 never tries again
	On      []string      // outcomes and reasons that are worth it; nil is failed
	Backoff time.Duration // before the first of them; doubled before each further one
}

// Repetition makes a task one of several that ask the same and are judged as a
// group: its id is that of the group, # and the member's number.
type Repetition struct {
	Group  string `json:"group"`         // id of the group
	Number int    `json:"number"`        // from 1 to Times
	Times  int    `json:"times"`         // members
	Pass   int    `json:"pass"`          // how many must pass for the group to pass
	All    bool   `json:"all,omitempty"` // run every member, also when the verdict is certain
}
