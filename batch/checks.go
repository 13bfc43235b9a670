package batch

import (
	"encoding/json"

	"github.com/bbbatch/bbbatch/schema"
)

// Checks are what judges a result beside its schema. They are stored as they
// are, so that a stored result can be judged again without the manifest.
type Checks struct {
	// Path is where in an answer the judged value lies: names joined by dots;
	// "." is the answer itself, "" is found out as the service's own code does.
	Path   string          `json:"path,omitempty"`
	Expect []Expectation   `json:"expect,omitempty"` // in the author's order
	Params json.RawMessage `json:"params,omitempty"` // the parameters that Expect uses, as a JSON object
}

// An Expectation is an expression that must be true.
type Expectation struct {
	That    string `json:"that"`
	Because string `json:"because,omitempty"` // why it is expected; often ""
}

// A Checker evaluates the expectations of one Checks. It is safe for concurrent
// use.
type Checker interface {
	// Check returns a problem of the kind expect for each expectation that is
	// not true of what it is given, in their order. Of any one that cannot be
	// evaluated it says so; it never fails as a whole.
	Check(Judged) []schema.Problem
}

// A Judged is a result that fits its schema, with what expectations may ask
// beside it.
type Judged struct {
	Result   json.RawMessage // the judged value
	Row      json.RawMessage // nil without a row
	Matrix   json.RawMessage // nil without a matrix
	ID       string
	Template string
	Group    string
	Tags     []string
	Number   int // of a repetition; 0 for none
	Attempt  int
	RunID    string
	Status   Status
	Seconds  float64 // from its start to its end, by the service's clock; negative where unknown
}

// A Whole evaluates expectations of a batch as a whole, in one pass over its
// tasks. One goroutine uses it.
type Whole interface {
	// Add takes a task that came to its end, with its result; those that left the
	// manifest are not added. The record is not kept.
	Add(Record) error

	// Verdicts are the expectations in their order, once every task was added.
	Verdicts() []WholeVerdict
}

// A WholeVerdict is what became of one expectation of a batch.
type WholeVerdict struct {
	Expectation
	Holds   bool            `json:"holds"`
	Message string          `json:"message,omitempty"` // why it does not hold, in words; "" when it does
	Values  json.RawMessage `json:"values,omitempty"`  // what its aggregates were, as a JSON object
}
