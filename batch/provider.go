package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// A Provider talks to one service. Its methods make one request each, except
// List, and never repeat one by themselves. Every method may return a
// [*RefusedError] or a [*ThrottledError]; any other error of a read means that
// nothing was learned.
type Provider interface {
	// Check proves the address and the key with one harmless request and
	// returns the service's clock minus ours. A [*RejectedError] says that
	// what answers there is not the service.
	Check(ctx context.Context) (time.Duration, error)

	// Start sends exactly one create. A [*NotCreatedError], [*ThrottledError],
	// [*RejectedError] or [*RefusedError] says that surely no run was created.
	// Any other error means that a run may exist. The Observed has an ID.
	Start(ctx context.Context, s Spec) (Observed, error)

	// Get reads a run; [ErrNotFound] when the service does not know it, an
	// [*UnreadableError] when it answered and that was of no use.
	Get(ctx context.Context, id string) (Observed, error)

	// Stop asks the service to stop a run, once. [ErrAlreadyEnded] when it had
	// finished before, a [*NotCreatedError] when the request did not reach the
	// service.
	Stop(ctx context.Context, id string) error

	// List yields the runs created at or after since, every page, each run
	// once, in no particular order. After an error the listing is incomplete.
	List(ctx context.Context, since time.Time) iter.Seq2[Observed, error]

	// AgentSchema reads an agent's default result schema; nil when it has
	// none; [ErrNotFound] when the service does not know the agent, a
	// [*RejectedError] when it finds fault with the id.
	AgentSchema(ctx context.Context, agentID string) (json.RawMessage, error)
}

// Conditions that a Provider reports.
var (
	ErrNotFound     = errors.New("not found")
	ErrAlreadyEnded = errors.New("the run had already ended")
)

// A NotCreatedError says that a create, or a stop, did not reach the service: the
// dial, the name lookup or the handshake failed, or nothing had been written. It
// is safe to send again.
type NotCreatedError struct{ Err error }

func (e *NotCreatedError) Error() string { return e.Err.Error() }
func (e *NotCreatedError) Unwrap() error { return e.Err }

// A ThrottledError is a 429: surely nothing was done. It is safe to send again
// after RetryAfter, which is 0 when the service named no time.
type ThrottledError struct {
	RetryAfter time.Duration
	Message    string
}

func (e *ThrottledError) Error() string { return "429 too many requests: " + e.Message }

// An UnreadableError is an answer that says yes and from which the run can't be
// read: cut short, too long, not JSON, or about another run.
type UnreadableError struct{ Err error }

func (e *UnreadableError) Error() string { return e.Err.Error() }
func (e *UnreadableError) Unwrap() error { return e.Err }

// A RejectedError is an answer that refuses this one request (400, 404, 413,
// 422): sending it again would change nothing.
type RejectedError struct {
	Status  int
	Message string // the service's words
}

func (e *RejectedError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }

// A RefusedError is an answer that refuses the account (401, 402, 403): the
// key, the quota or the plan. No other request would fare better.
type RefusedError struct {
	Status  int
	Message string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }
