package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
)

// Browserbase returns the provider that makes its runs through c. It also
// serves the kind local, whose server speaks the same protocol.
func Browserbase(c *browserbase.Client) batch.Provider { return &browserbaseProvider{c} }

type browserbaseProvider struct{ client *browserbase.Client }

// Check lists one run. Without a clock in the answer the offset is 0. An
// answer that no agents API gives to this request is a RejectedError.
func (p *browserbaseProvider) Check(ctx context.Context) (time.Duration, error) {
	offset, _, err := p.client.Runs.ClockOffset(ctx)
	if err != nil {
		return 0, checkError(err)
	}
	return offset, nil
}

func (p *browserbaseProvider) Start(ctx context.Context, s batch.Spec) (batch.Observed, error) {
	run, err := p.client.Runs.Create(ctx, createRun(s))
	if err != nil {
		return batch.Observed{}, startError(err)
	}
	return observed(run), nil
}

func (p *browserbaseProvider) Get(ctx context.Context, id string) (batch.Observed, error) {
	run, err := p.client.Runs.Get(ctx, id)
	if err != nil {
		return batch.Observed{}, getError(err)
	}
	o := observed(run)
	if o.ID != id {
		// A result that is not this run's must not become this task's.
		remove(o.Result)
		return batch.Observed{}, &batch.UnreadableError{Err: fmt.Errorf("the service was asked for the run %q and answered with %q", id, o.ID)}
	}
	if o.Result.File != "" && !o.Status.Ended() {
		// Nobody wants a result before the end, and every look would leave a
		// file behind.
		remove(o.Result)
		o.Result = batch.Result{}
	}
	return o, nil
}

func remove(r batch.Result) {
	if r.File != "" {
		_ = os.Remove(r.File)
	}
}

func (p *browserbaseProvider) Stop(ctx context.Context, id string) error {
	if _, err := p.client.Runs.Stop(ctx, id); err != nil {
		return stopError(err)
	}
	return nil
}

// pageLimit is the most runs that the service puts on a page.
const pageLimit = 1000

// List leaves out a result that is too large for a page: the run is then as
// one without a result, and Get reads it.
func (p *browserbaseProvider) List(ctx context.Context, since time.Time) iter.Seq2[batch.Observed, error] {
	return func(yield func(batch.Observed, error) bool) {
		filter := browserbase.RunFilter{StartAt: since, Limit: pageLimit}
		for run, err := range p.client.Runs.All(ctx, filter) {
			var o batch.Observed
			if err != nil {
				err = refusal(err)
			} else {
				o = observed(run)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

func (p *browserbaseProvider) AgentSchema(ctx context.Context, agentID string) (json.RawMessage, error) {
	agent, err := p.client.Agents.Get(ctx, agentID)
	if err != nil {
		return nil, agentError(err)
	}
	return agent.ResultSchema, nil
}

// CreateRequest returns the request that Start sends for s, to the byte. It
// needs no client. An error says that the service could only refuse it.
func CreateRequest(s batch.Spec) (api.Request, error) {
	r := createRun(s)
	return r.Request()
}

func createRun(s batch.Spec) browserbase.CreateRun {
	r := browserbase.CreateRun{
		Task:         s.Task,
		AgentID:      s.AgentID,
		ResultSchema: s.ResultSchema,
	}
	if s.BrowserSettings != nil {
		r.BrowserSettings = &browserbase.BrowserSettings{JSON: s.BrowserSettings}
	}
	if len(s.Variables) > 0 {
		r.Variables = make(map[string]browserbase.Variable, len(s.Variables))
	}
	for _, v := range s.Variables {
		r.Variables[v.Name] = browserbase.Variable{Value: v.Value, Description: v.Description}
		r.Secrets = append(r.Secrets, secrets(v)...)
	}
	return r
}

// placeholder is what stands in Masked for a secret.
var placeholder = regexp.MustCompile(`\$\{\{[^{}]*\}\}`)

// secrets returns what must not appear in an error of a variable that holds
// secrets: its value, and each secret within it whose place is known by the
// text around it.
func secrets(v batch.Variable) []string {
	if v.Value == v.Masked {
		return nil
	}
	found := []string{v.Value}
	around := placeholder.Split(v.Masked, -1)
	rest, ok := strings.CutPrefix(v.Value, around[0])
	for i := 1; ok && i < len(around); i++ {
		var secret string
		if i == len(around)-1 {
			secret, ok = strings.CutSuffix(rest, around[i])
		} else {
			secret, rest, ok = strings.Cut(rest, around[i])
		}
		if ok {
			found = append(found, secret)
		}
	}
	return found
}

func observed(r api.Run) batch.Observed {
	o := batch.Observed{
		ID:        r.RunID,
		Partial:   r.Partial,
		Status:    batch.Status(r.Status),
		Task:      r.Task,
		AgentID:   r.AgentID,
		SessionID: r.SessionID,
		Schema:    r.ResultSchema,
		CreatedAt: r.CreatedAt,
		StartedAt: r.StartedAt,
		EndedAt:   r.EndedAt,
	}
	if r.Cause != nil {
		o.Cause = &batch.Cause{Code: r.Cause.Code, Message: r.Cause.Message}
	}
	if r.Result != nil || r.ResultFile != "" {
		o.Result = batch.Result{Raw: r.Result, File: r.ResultFile, Size: r.ResultSize}
	}
	return o
}
