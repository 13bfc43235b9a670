package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// An agentError says that an agent can't be used, so that no run is bought.
type agentError struct {
	id  string
	why string
}

func (e *agentError) Error() string { return fmt.Sprintf("agent %q: %s", e.id, e.why) }

// An agentCache holds the default schemas of the agents that were read in this
// process. The ledger has them all; the cache only spares compiling, and is
// emptied when it has grown large.
type agentCache struct {
	mu   sync.Mutex // held while an agent is read: each is read once
	read map[string]*agentSchema
}

type agentSchema struct {
	schema *schema.Schema // nil when the agent has none
	err    error
}

const agentsMost = 1000

// agentSchema returns an agent's default schema, read once per batch.
func (r *runner) agentSchema(ctx context.Context, id string) (*schema.Schema, error) {
	r.agents.mu.Lock()
	defer r.agents.mu.Unlock()
	if a := r.agents.read[id]; a != nil {
		return a.schema, a.err
	}
	text, ok, err := r.Ledger.Agent(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		if text, err = r.readAgent(ctx, id); err != nil {
			var bad *agentError
			if errors.As(err, &bad) {
				r.remember(id, nil, err)
			}
			return nil, err
		}
		if r.hiding.texts.holds(text) {
			err := &agentError{id, "its default result schema holds the value of a secret; give the task a resultSchema"}
			r.remember(id, nil, err)
			return nil, err
		}
		if err := r.append(Event{Kind: AgentRead, Position: -1, Agent: id, Schema: text}); err != nil {
			return nil, err
		}
	}
	if text == nil {
		r.remember(id, nil, nil)
		return nil, nil
	}
	s, err := compileAgent(id, text)
	r.remember(id, s, err)
	return s, err
}

func (r *runner) remember(id string, s *schema.Schema, err error) {
	if len(r.agents.read) >= agentsMost {
		clear(r.agents.read)
	}
	r.agents.read[id] = &agentSchema{s, err}
}

func compileAgent(id string, text []byte) (*schema.Schema, error) {
	s, err := schema.Compile(text, schema.Options{Name: "agent " + id})
	if err != nil {
		return nil, &agentError{id, fmt.Sprintf("its default result schema can't be used to judge (%s); give the task a resultSchema", err)}
	}
	return s, nil
}

// readAgent asks the service, patiently: a read costs nothing.
func (r *runner) readAgent(ctx context.Context, id string) ([]byte, error) {
	began := time.Now()
	for try := 1; ; try++ {
		if err := r.pace.wait(ctx); err != nil {
			return nil, context.Canceled
		}
		text, err := r.Provider.AgentSchema(ctx, id)
		var refused *RefusedError
		var rejected *RejectedError
		var throttled *ThrottledError
		wait := jitter(backoff(try, resendFirst, resendMost))
		switch {
		case err == nil && isNull(text):
			return nil, nil
		case err == nil:
			return text, nil
		case ctx.Err() != nil:
			return nil, context.Canceled
		case errors.Is(err, ErrNotFound):
			return nil, &agentError{id, "the service does not know it"}
		case errors.As(err, &refused):
			return nil, err
		case errors.As(err, &rejected):
			return nil, &agentError{id, err.Error()}
		case errors.As(err, &throttled):
			r.pace.throttled()
			wait = max(wait, throttled.RetryAfter)
		case time.Since(began) > unreachableFor:
			return nil, &UnreachableError{Err: err}
		}
		if !sleep(ctx, wait) {
			return nil, context.Canceled
		}
	}
}

// A schemaCache compiles schemas of the ledger by their digests.
type schemaCache struct {
	mu   sync.Mutex
	done map[string]*schema.Schema
}

func (c *schemaCache) compiled(digest string, l Ledger) (*schema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.done[digest]; s != nil {
		return s, nil
	}
	text, err := l.Schema(digest)
	if err != nil {
		return nil, err
	}
	s, err := schema.Compile(text, schema.Options{Name: "stored schema"})
	if err != nil {
		return nil, err
	}
	if c.done == nil || len(c.done) >= agentsMost {
		c.done = make(map[string]*schema.Schema)
	}
	c.done[digest] = s
	return s, nil
}
