package batch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/bbbatch/bbbatch/internal/failpoint"
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

	// Policy is what bounds the batch. Total is how many tasks it has, which a
	// canary is spread over; OpenedAt, when it was opened, which MaxTime counts
	// from.
	Policy   Policy
	Total    int
	OpenedAt time.Time

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
	case c.Policy.MaxTime > 0 && c.OpenedAt.IsZero():
		return errors.New("batch.Config.OpenedAt: is required with a longest time")
	}
	return nil
}

// ErrInterrupted says that [Run] ended with work unfinished because it was
// told to: the same batch can be continued.
var ErrInterrupted = errors.New("interrupted with work unfinished")

// An UnreachableError says that the service could not be reached, or did not
// answer as it should, for so long that the batch was halted. Nothing is lost:
// it can be continued.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string { return "the service can't be used: " + e.Err.Error() }
func (e *UnreachableError) Unwrap() error { return e.Err }

// A ChangedError says that a task expanded differently than when the batch was
// opened: a data file was edited in between.
type ChangedError struct {
	ID  string
	Why string
}

func (e *ChangedError) Error() string { return fmt.Sprintf("task %q: %s", e.ID, e.Why) }

// Run carries the ledger's batch to its end and returns nil when every task is
// done and the batch is closed. Tasks that fail are outcomes, not errors.
//
// It returns [ErrInterrupted] when it was drained or detached before the end,
// a [*HaltedError] when a policy left tasks over, a [*RefusedError] when the service refused the key or the quota, an
// [*UnreachableError], a [*ChangedError], or what an expansion of Tasks
// returned; the batch can then be continued. Any other error means that the
// ledger is broken and the process should end.
func Run(ctx context.Context, c Config) error {
	if err := c.validate(); err != nil {
		return err
	}
	if c.Concurrency == 0 {
		c.Concurrency = 10
	}
	if c.FirstLook == 0 {
		c.FirstLook = 2 * time.Second
	}
	if c.Tasks == nil {
		c.Policy = Policy{} // nothing starts
	}
	if c.Warn == nil {
		c.Warn = func(string) {}
	}
	r := &runner{
		Config:  c,
		pace:    newPacer(c.RequestsPerSecond, c.CreatesPerMinute),
		halted:  make(chan struct{}),
		refused: make(chan struct{}),
		known:   make(map[Status]bool),
		passes:  make(map[int]pass),
		vain:    make(map[int]int),
		terms:   make(map[int]terms),
		members: newMemberLocks(),
		budget:  newBudgeter(c.Policy, c.Ledger, c.SubmitOnly),
		judging: semaphore.NewWeighted(judgeAtOnce),
		leaks:   newLeakFinder(c.Secrets),
		masks:   newMasker(c.Secrets, secretLeast),
		idMasks: newMasker(c.Secrets, secretInID),
	}
	r.agents.read = make(map[string]*agentSchema)
	r.watch = newPoller(c.Provider, r.pace, c.FirstLook)
	return r.run(ctx)
}

// A runner is one Run at work.
type runner struct {
	Config
	pace  *pacer
	watch watcher

	noMore   context.CancelFunc // lets nothing new start
	haltOnce sync.Once
	halted   chan struct{} // closed when nothing new may start
	refused  chan struct{} // closed when the service refused us: nothing can be read either
	cause    error         // why; read only after halted is closed

	anew       atomic.Bool // a task that the dispatcher has passed is to be run anew
	forgetOnce sync.Once   // at the order to stop

	mu          sync.Mutex
	known       map[Status]bool // unknown status words that were warned of
	unsureInRow int             // creates without an answer since the last run that started
	lastSilent  time.Time       // when a person was last told that nothing is heard
	unmarked    bool            // the service refuses requests with a marker
	answered    int             // creates that gave a run
	stopsTold   int             // stops without effect that a person was told of
	terms       map[int]terms   // of the tasks in flight, by position
	stopped     *HaltedError    // the policy that lets nothing new start; nil for none
	told        bool            // the ledger says so

	// By position; only while no round is under way.
	passes map[int]pass
	vain   map[int]int // creates that were lost and surely made no run

	vainSince time.Time // when the first of those was intended; zero for none

	canaries canaries
	probing  bool // only canaries start
	tallies  *tallies
	members  *memberLocks
	budget   *budgeter

	judging *semaphore.Weighted // bytes of results that are being judged
	leaks   *leakFinder
	masks   *Masker // for texts
	idMasks *Masker // for ids
	agents  agentCache
	schemas schemaCache
}

func (r *runner) run(ctx context.Context) (err error) {
	undrained, cancel := context.WithCancel(ctx)
	starting, noMore := context.WithCancel(undrained)
	r.noMore = noMore
	var watching sync.WaitGroup
	var late error // of what is written when the time is up
	defer func() {
		cancel()
		noMore()
		watching.Wait()
		if late != nil {
			err = late
		}
	}()
	if r.ordered() {
		cancel() // before anything is settled
	}
	watching.Go(func() {
		select {
		case <-r.Drain:
			cancel()
		case <-r.Stop:
			cancel()
		case <-undrained.Done():
		}
	})
	echoes, err := r.Ledger.Echoes()
	if err != nil {
		return err
	}
	r.unmarked = echoes.Unmarked
	if err := r.recover(); err != nil {
		return err
	}
	if err := r.takeTally(); err != nil {
		return err
	}
	if err := r.takeStock(ctx); err != nil {
		return err
	}
	if !r.Blind {
		if err := r.judgeStored(ctx); err != nil {
			return err
		}
	}
	if err := r.takeOver(ctx, starting); err != nil {
		return err
	}
	if err := r.takeCanary(); err != nil {
		return err
	}
	if r.Policy.MaxTime > 0 {
		up := &HaltedError{policyMaxTime, fmt.Sprintf("the batch has had its longest time, %s", r.Policy.MaxTime)}
		left := time.Until(r.OpenedAt.Add(r.Policy.MaxTime))
		if left <= 0 {
			if err := r.stop(up); err != nil {
				return err
			}
		}
		watching.Go(func() {
			if sleep(starting, left) {
				late = r.stop(up)
			}
		})
	}
	for {
		again, err := r.round(ctx, starting)
		if r.SubmitOnly && r.ordered() && (err == nil || errors.Is(err, ErrInterrupted)) && ctx.Err() == nil {
			r.SubmitOnly, r.budget.final = false, false // another round watches what was started, and stops it
			continue
		}
		if err != nil {
			return err
		}
		more, err := r.settle(ctx, undrained)
		if err != nil {
			return err
		}
		again = r.anew.Swap(false) || again
		switch {
		case more || again && starting.Err() == nil:
		case r.probing:
			if err := r.endCanary(); err != nil {
				return err
			}
		default:
			if err := r.lookForLate(ctx); err != nil {
				return err
			}
			return r.finish()
		}
	}
}

// round starts every pending task, watches every run, and returns when none is
// in flight. again says that a further round may start something.
func (r *runner) round(ctx, starting context.Context) (again bool, err error) {
	flight, err := r.inFlight()
	if err != nil {
		return false, err
	}
	unsure, err := r.unsureRows()
	if err != nil {
		return false, err
	}
	abroad, err := r.abroad()
	if err != nil {
		return false, err
	}
	r.learnTerms(slices.Concat(flight, abroad, unsure))
	if err := r.budget.open(slices.Concat(flight, abroad), unsure); err != nil {
		return false, err
	}
	group, gctx := errgroup.WithContext(ctx)
	starting, cancel := context.WithCancel(starting)
	defer context.AfterFunc(gctx, cancel)()
	defer cancel()
	d := &dispatcher{runner: r, group: group, slots: newSlots(r.Concurrency, len(flight)), line: newLine(newLanes(r.PerGroup))}
	for _, row := range slices.Concat(unsure, abroad) {
		d.line.occupy(d.line.lanes.of(row.Group, r.termsOf(row.Position)))
	}
	// A task whose run has ended has given its slot away and is being judged and
	// written: as many of those again at most.
	group.SetLimit(2 * d.slots.limit)
	for _, row := range flight {
		d.slots.take()
		w := waiter{position: row.Position, lanes: d.line.lanes.of(row.Group, r.termsOf(row.Position))}
		d.line.begin(w.position, w.lanes)
		group.Go(func() error {
			free := sync.OnceFunc(d.slots.give)
			defer free()
			return d.walk(w, row, func() error { return r.resume(gctx, row, free) })
		})
	}
	again, stopped := d.dispatch(gctx, starting)
	err = group.Wait()
	switch {
	case err != nil:
		return false, err
	case r.isHalted():
		return false, r.cause
	case ctx.Err() != nil:
		return false, ErrInterrupted
	case errors.Is(stopped, ErrInterrupted) && r.stoppedBy() != nil && !r.drained():
		return false, nil
	case errors.Is(stopped, ErrInterrupted):
		return false, r.unlessStarted(stopped)
	}
	return again, stopped
}

// unlessStarted is nil if nothing is left that could start, so that whoever was
// told to end at the very end has ended all the same.
func (r *runner) unlessStarted(interrupted error) error {
	for row, err := range r.Ledger.Open(StatePending) {
		if err != nil {
			return err
		}
		if !row.Left && !r.excludes(row) {
			return interrupted
		}
	}
	return nil
}

// drained reports whether somebody said that nothing new is to start.
func (r *runner) drained() bool {
	select {
	case <-r.Drain:
		return true
	default:
		return r.ordered()
	}
}

// finish closes the batch if nothing is left to do, or if what is left was
// given up.
func (r *runner) finish() error {
	if r.Collect {
		return nil
	}
	if err := r.skipLeft(); err != nil {
		return err
	}
	switch halted, err := r.leftOver(); {
	case err != nil:
		return err
	case halted != nil:
		return halted
	}
	if left, err := r.submitted(); left || err != nil {
		return err
	}
	closed := Event{Kind: BatchClosed, Position: -1}
	left := false
	for row, err := range r.Ledger.Open(StatePending, StateStarting, StateUnsure, StateRunning, StateEnded) {
		if err != nil {
			return err
		}
		if r.Tasks == nil && !r.ordered() {
			closed.Message = "given up: what had not started was left"
			break
		}
		if r.ordered() || !r.excludes(row) {
			return ErrInterrupted
		}
		left = true
	}
	if left {
		return ErrLeft
	}
	return r.append(closed)
}

// recover takes note of the creates that an earlier process left without an
// answer: a run may exist.
func (r *runner) recover() error {
	var cut []Row
	for row, err := range r.Ledger.Open(StateStarting) {
		if err != nil {
			return err
		}
		cut = append(cut, row)
	}
	for _, row := range cut {
		if err := r.unknown(row, "the process ended before the answer to the create came"); err != nil {
			return err
		}
	}
	return nil
}

// inFlight returns the rows whose runs are in flight; they are no more
// than were once in flight together, and those that were adopted.
func (r *runner) inFlight() ([]Row, error) {
	var flight []Row
	if r.SubmitOnly {
		return nil, nil
	}
	for row, err := range r.Ledger.Open(StateRunning) {
		if err != nil {
			return nil, err
		}
		flight = append(flight, row)
	}
	return flight, nil
}

// append makes events durable together and then tells of them.
func (r *runner) append(events ...Event) error {
	now := time.Now().UTC()
	for i := range events {
		if events[i].At.IsZero() {
			events[i].At = now
		}
		events[i].Message = r.masks.Mask(events[i].Message)
	}
	for _, e := range events {
		failpoint.Before(string(e.Kind))
	}
	if err := r.Ledger.Append(events...); err != nil {
		return fmt.Errorf("ledger: %s of task %d: %w", events[0].Kind, events[0].Position, err)
	}
	for _, e := range events {
		failpoint.After(string(e.Kind))
	}
	if r.Notify != nil {
		for _, e := range events {
			r.Notify(e)
		}
	}
	return nil
}

// halt lets nothing new start. The first cause stays.
func (r *runner) halt(cause error) error {
	var err error
	r.haltOnce.Do(func() {
		err = r.append(Event{Kind: BatchHalted, Position: -1, Message: cause.Error()})
		r.cause = cause
		close(r.halted)
		r.noMore() // before any slot is freed, so that nothing slips through
		var refused *RefusedError
		if errors.As(cause, &refused) {
			close(r.refused)
		}
	})
	return err
}

func (r *runner) isHalted() bool {
	select {
	case <-r.halted:
		return true
	default:
		return false
	}
}
