package browserbase

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/bbbatch/bbbatch/api"
)

// A CreateRun is what [Runs.Create] sends. Its members and bounds are those of
// https://docs.browserbase.com/reference/api/run-an-agent; the service takes
// no others.
type CreateRun struct {
	// Task is the text, not empty; %name% stands for a variable.
	Task string

	// AgentID names the agent whose prompt and schema apply; "" for none.
	AgentID string

	// ResultSchema is a JSON Schema object, sent as it is; nil for none.
	ResultSchema json.RawMessage

	BrowserSettings *BrowserSettings    // nil for the service's defaults
	Variables       map[string]Variable // by name, without the percent signs

	// PauseWhen says in words when the agent is to pause and wait; with "" it
	// never does (platform/agents/pausing-runs).
	PauseWhen string

	// Secrets are not sent: they are values, such as those of some Variables,
	// that must not appear in an error when the service repeats them.
	Secrets []string
}

// A Variable is the value of a placeholder. The service does not keep it.
type Variable struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"` // when to use it
}

// BrowserSettings configure the browser of a run.
type BrowserSettings struct {
	Context *BrowserContext `json:"context,omitempty"`

	// Proxies is true, false, or a list of proxy configurations, as JSON.
	Proxies json.RawMessage `json:"proxies,omitempty"`

	Verified *bool `json:"verified,omitempty"` // Browserbase Verified

	// JSON, when not nil, is sent in place of all other fields: an object with
	// settings as the service defines them.
	JSON json.RawMessage `json:"-"`
}

// A BrowserContext is a stored login and its cookies.
type BrowserContext struct {
	ID      string `json:"id"`
	Persist bool   `json:"persist,omitempty"` // write the state back at the end
}

// A RequestError is a request that was not sent since the service could only
// refuse it.
type RequestError struct{ Text string } // names the member

func (e *RequestError) Error() string { return e.Text }

// Request returns what [Runs.Create] sends, to the byte. The error is a
// [*RequestError].
func (r *CreateRun) Request() (api.Request, error) { return r.request(new(compactSchema)) }

func (r *CreateRun) request(schemas *compactSchema) (api.Request, error) {
	body, err := r.encode(schemas)
	if err != nil {
		return api.Request{}, err
	}
	return api.Request{
		Op:      "create run",
		Method:  http.MethodPost,
		Path:    "/v1/agents/runs",
		Body:    body,
		Unsafe:  true,
		Secrets: r.Secrets,
	}, nil
}

// encode returns the request as JSON with every raw part as it was given,
// numbers and the order of members included.
func (r *CreateRun) encode(schemas *compactSchema) ([]byte, error) {
	settings, err := r.settings()
	if err != nil {
		return nil, err
	}
	if r.Task == "" {
		return nil, &RequestError{"task: is empty"}
	}
	var out bytes.Buffer
	// What is left to fail is raw JSON, and that was looked at.
	err = encodeJSON(&out, struct {
		AgentID string `json:"agentId,omitempty"`
		Task    string `json:"task"`
	}{r.AgentID, r.Task})
	if r.ResultSchema != nil {
		text, ok := schemas.of(r.ResultSchema)
		if !ok {
			return nil, &RequestError{"resultSchema: is not a JSON object"}
		}
		out.Truncate(out.Len() - 1)
		out.WriteString(`,"resultSchema":`)
		out.Write(text)
		out.WriteByte('}')
	}
	if settings != nil || len(r.Variables) > 0 || r.PauseWhen != "" {
		at := out.Len() - 1
		err = errors.Join(err, encodeJSON(&out, struct {
			BrowserSettings json.RawMessage     `json:"browserSettings,omitempty"`
			Variables       map[string]Variable `json:"variables,omitempty"`
			PauseWhen       string              `json:"pauseWhen,omitempty"`
		}{settings, r.Variables, r.PauseWhen}))
		// The two objects become one.
		text := out.Bytes()
		text[at] = ','
		out.Truncate(at + 1 + copy(text[at+1:], text[at+2:]))
	}
	if err != nil {
		return nil, &RequestError{"the request: " + err.Error()}
	}
	return out.Bytes(), nil
}

// encodeJSON appends v, without a line end.
func encodeJSON(out *bytes.Buffer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1)
	return nil
}

// A compactSchema remembers the last schema that was sent, checked and without
// white space: those of a batch are mostly the same, and larger than the rest
// of their requests.
type compactSchema struct {
	mu            sync.Mutex
	given, result json.RawMessage
}

// of returns the schema without white space; ok is false when it is not a JSON
// object.
func (c *compactSchema) of(given json.RawMessage) (result json.RawMessage, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.given != nil && bytes.Equal(c.given, given) {
		return c.result, true
	}
	var out bytes.Buffer
	if !isObject(given) || json.Compact(&out, given) != nil {
		return nil, false
	}
	c.given, c.result = bytes.Clone(given), out.Bytes()
	return c.result, true
}

func (r *CreateRun) settings() (json.RawMessage, error) {
	s := r.BrowserSettings
	if s == nil {
		return nil, nil
	}
	if s.JSON != nil {
		if !isObject(s.JSON) {
			return nil, &RequestError{"browserSettings: is not a JSON object"}
		}
		return s.JSON, nil
	}
	if s.Context != nil && s.Context.ID == "" {
		return nil, &RequestError{"browserSettings.context.id: is empty"}
	}
	if s.Proxies != nil && !isProxies(s.Proxies) {
		return nil, &RequestError{"browserSettings.proxies: is neither true nor false nor a list"}
	}
	var out bytes.Buffer
	if err := encodeJSON(&out, s); err != nil {
		return nil, &RequestError{"browserSettings: " + err.Error()}
	}
	return out.Bytes(), nil
}

func isObject(raw json.RawMessage) bool {
	return json.Valid(raw) && bytes.TrimLeft(raw, " \t\r\n")[0] == '{'
}

func isProxies(raw json.RawMessage) bool {
	return json.Valid(raw) && bytes.IndexByte([]byte("tf["), bytes.TrimLeft(raw, " \t\r\n")[0]) >= 0
}
