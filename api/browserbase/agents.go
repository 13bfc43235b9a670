package browserbase

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bbbatch/bbbatch/api"
)

// Agents is the resource /v1/agents.
type Agents struct{ api *api.Client }

// An Agent is a stored prompt and schema. What was absent or of the wrong type
// is zero.
type Agent struct {
	AgentID      string
	Name         string
	SystemPrompt string          // cut to 262,144 characters
	ResultSchema json.RawMessage // nil when it has none
	CreatedAt    time.Time       // UTC
	UpdatedAt    time.Time
}

// maxAgentSchema bounds an agent's schema, in bytes. One that is longer is an
// error: without it results would pass unjudged.
const maxAgentSchema = 4 << 20

// Get reads an agent as it is now. Source:
// https://docs.browserbase.com/reference/api/get-an-agent
func (a *Agents) Get(ctx context.Context, agentID string) (Agent, error) {
	id, err := segment("agent id", agentID)
	if err != nil {
		return Agent{}, err
	}
	var agent Agent
	_, err = a.api.Do(ctx, api.Request{
		Op:     "get agent",
		Method: http.MethodGet,
		Path:   "/v1/agents/" + id,
	}, func(body io.Reader) (err error) {
		agent, err = decodeAgent(body)
		return err
	})
	if err != nil {
		return Agent{}, err
	}
	return agent, nil
}

func decodeAgent(body io.Reader) (Agent, error) {
	var a Agent
	s := api.NewScanner(body)
	err := s.Object(func(name string) (err error) {
		switch name {
		case "agentId":
			a.AgentID, _, err = s.Text(256)
		case "name":
			a.Name, _, err = s.Text(255)
		case "systemPrompt":
			a.SystemPrompt, _, err = s.Text(256 << 10)
		case "resultSchema":
			a.ResultSchema, err = agentSchema(s)
		case "createdAt":
			a.CreatedAt, err = s.Time()
		case "updatedAt":
			a.UpdatedAt, err = s.Time()
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil {
		err = s.End()
	}
	if err == nil && a.AgentID == "" {
		err = &api.FieldError{Field: "agentId"}
	}
	return a, err
}

func agentSchema(s *api.Scanner) (json.RawMessage, error) {
	raw, size, err := s.Raw(maxAgentSchema)
	switch {
	case err != nil:
		return nil, err
	case size > maxAgentSchema:
		return nil, fmt.Errorf("resultSchema of %d bytes: %w", size, api.ErrTooLarge)
	case string(raw) == "null":
		return nil, nil
	}
	return raw, nil
}
