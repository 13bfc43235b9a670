package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/bbbatch/bbbatch/internal/failpoint"
)

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
		c.Policy = Policy{Expect: c.Policy.Expect} // nothing starts
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
		budget:  newBudgeter(c.Policy, c.Ledger),
		judging: semaphore.NewWeighted(judgeAtOnce),
		hiding:  newHiding(c.Secrets),
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
	hiding  *hiding             // of the secrets alone
	agents  agentCache
	schemas schemaCache

	checkers checkerCache
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
			r.SubmitOnly = false // another round watches what was started, and stops it
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
			return r.finish(ctx)
		}
	}
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

// append makes events durable together and then tells of them.
func (r *runner) append(events ...Event) error {
	now := time.Now().UTC()
	for i := range events {
		if events[i].At.IsZero() {
			events[i].At = now
		}
		events[i].Message = r.hidesAt(events[i].Position).texts.Mask(events[i].Message)
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
