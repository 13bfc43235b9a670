package batch

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// A Config says what to run and with what. Provider and Ledger are required;
// the zero value of everything else works.
type Config struct {
	Provider Provider
	Ledger   Ledger

	// Tasks expands the manifest's tasks in order, the same that the ledger's
	// rows were made of. Nil gives the batch up: what is in flight is waited
	// for, nothing new starts, and the batch is closed.
	Tasks iter.Seq2[Task, error]

	Concurrency       int           // runs in flight; default 10
	RequestsPerSecond float64       // of all calls together; 0 is no limit
	CreatesPerMinute  float64       // of creates alone; 0 is no limit
	PerGroup          int           // runs of one group in flight; 0 is no limit
	FirstLook         time.Duration // age at which a new run is first read; default 2s
	Settle            time.Duration // how long after an unsure create a listing is believed to show it
	Batch             string        // the batch's id, for markers; "" sends none
	Tracking          Tracking      // which creates carry a marker; "" is [TrackAuto]
	Offset            time.Duration // the service's clock minus ours, as [Preflight] found it
	Secrets           Secrets

	// Checker compiles the expectations of tasks, Whole those of the batch, of
	// Policy.Expect: they are evaluated over all its tasks just before it is closed,
	// unless something was given up. Each is required where there are any.
	Checker func(Checks) (Checker, error)
	Whole   func(Checks) (Whole, error)

	// Policy is what bounds the batch. Total is how many tasks it has, which a
	// canary is spread over; OpenedAt, when it was opened, which MaxTime counts
	// from.
	Policy   Policy
	Total    int
	OpenedAt time.Time

	// Terms are the tasks of the manifest where Tasks is nil, for what they say of
	// tasks in flight, such as whether they are tried again, and which cells of
	// their rows are secret. Nil tries none again, and repeats nothing that is said
	// of those with secret cells.
	Terms iter.Seq2[Task, error]

	// Anew has a halt count only what comes to its end from now on: what stands as
	// it was is not held against who ordered the batch to go on.
	Anew bool

	// Collect waits for what is in flight and leaves the batch open. Tasks is nil
	// then.
	Collect bool

	// Reuse returns the result of an earlier batch that a task may take over, nil
	// where there is none. A nil Reuse looks for none.
	Reuse func(Row) (*Reuse, Result, error)

	// LookBack, when set, is when the batch was opened, and says that the ledger
	// may have lost its newest commits: marked runs of this batch that it does
	// not know are looked for in a listing from then on.
	LookBack time.Time

	// Only, when set, says which pending tasks may start; the others are left as
	// they are, and Run returns [ErrLeft] where it would have closed the batch.
	Only func(position int) bool

	// Drain, once closed, lets nothing new start; what is in flight is waited
	// for. Cancelling Run's context detaches: runs go on remotely.
	Drain <-chan struct{}

	// Stop, once closed, drains too, and has the runs in flight stopped and their
	// end waited for, three minutes at most. The task of a run that was stopped so
	// is pending again; one that had completed before keeps its result.
	Stop <-chan struct{}

	// SubmitOnly starts every task and watches no run: Concurrency bounds the
	// creates that are on their way. The batch stays unfinished while runs are in
	// flight.
	SubmitOnly bool

	// Blind says that not all secrets are known, so that nothing may be kept of
	// what a run says: one that was stopped by order is recorded as such, any other
	// end is left to the next process.
	Blind bool

	// Notify is told of every event after it is durable, and Warn of what a
	// person should know. Both are called from several goroutines.
	Notify func(Event)
	Warn   func(message string)
}

func (c Config) validate() error {
	switch {
	case c.Provider == nil:
		return errors.New("batch.Config.Provider: is required")
	case c.Ledger == nil:
		return errors.New("batch.Config.Ledger: is required")
	case c.Collect && c.Tasks != nil:
		return errors.New("batch.Config.Tasks: must be nil to collect what is in flight")
	case c.Concurrency < 0:
		return fmt.Errorf("batch.Config.Concurrency: must not be negative, not %d", c.Concurrency)
	case c.RequestsPerSecond < 0:
		return fmt.Errorf("batch.Config.RequestsPerSecond: must not be negative, not %v", c.RequestsPerSecond)
	case c.CreatesPerMinute < 0:
		return fmt.Errorf("batch.Config.CreatesPerMinute: must not be negative, not %v", c.CreatesPerMinute)
	case c.PerGroup < 0:
		return fmt.Errorf("batch.Config.PerGroup: must not be negative, not %d", c.PerGroup)
	case c.Policy.Canary.Tasks > 0 && c.Total == 0 && c.Tasks != nil:
		return errors.New("batch.Config.Total: is required with a canary")
	case c.Policy.Expect.expects() && c.Whole == nil:
		return errors.New("batch.Config.Whole: is required with Policy.Expect")
	case c.Policy.MaxTime > 0 && c.OpenedAt.IsZero():
		return errors.New("batch.Config.OpenedAt: is required with a longest time")
	}
	return nil
}
