// Package browserbase is a client of Browserbase's Agents API: it runs agents,
// reads what became of the runs, and stops them. Start at [New].
//
// Each method makes one request and repeats none. A create and a stop are sent
// so that no transport can repeat them either: a create costs money and the
// service knows no idempotency key, so after an error whose [api.Error] says
// Sent a run may exist. The iterators make one request a page.
//
// It owns the requests and answers of the API's own words. It refuses to judge
// them: unknown members are ignored, unknown statuses handed on.
package browserbase

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/api"
)

// DefaultBaseURL is the public service (reference/api/run-an-agent).
const DefaultBaseURL = "https://api.browserbase.com"

// A Config says how to reach the service. Only APIKey is required.
type Config struct {
	APIKey string

	// BaseURL is the service's address without /v1, [DefaultBaseURL] when
	// empty. With http:// the key is sent in the clear, which is right only
	// for a server on this machine or behind a tunnel.
	BaseURL string

	// The rest is as in [api.Config].
	HTTP           *http.Client
	UserAgent      string
	Timeout        time.Duration
	MaxResultBytes int64
	MaxPageBytes   int64
	MaxBody        int64
	SpillDir       string
	Trace          func(api.Exchange)
}

// A Client is safe for concurrent use.
type Client struct {
	Runs   *Runs
	Agents *Agents
	api    *api.Client
}

// New returns a client. It sends nothing. An error never holds the key.
func New(c Config) (*Client, error) {
	switch {
	case c.APIKey == "":
		return nil, errors.New("API key: is empty")
	case strings.ContainsFunc(c.APIKey, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("API key: has a space, a line end or another character that no key has")
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if u, err := url.Parse(c.BaseURL); err == nil && strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/v1") {
		return nil, errors.New("base URL: must be the host without /v1, which is added to it")
	}
	a, err := api.New(api.Config{
		BaseURL:        c.BaseURL,
		Header:         http.Header{"X-Bb-Api-Key": {c.APIKey}},
		HTTP:           c.HTTP,
		UserAgent:      c.UserAgent,
		Timeout:        c.Timeout,
		MaxResultBytes: c.MaxResultBytes,
		MaxPageBytes:   c.MaxPageBytes,
		MaxBody:        c.MaxBody,
		SpillDir:       c.SpillDir,
		Trace:          c.Trace,
	})
	if err != nil {
		return nil, err
	}
	return &Client{Runs: &Runs{api: a}, Agents: &Agents{api: a}, api: a}, nil
}

// Close closes the connections that no request is using.
func (c *Client) Close() { c.api.Close() }

// segment returns an id as one part of a path.
func segment(what, id string) (string, error) {
	switch id {
	case "":
		return "", errors.New(what + ": is empty")
	case ".", "..":
		return "", errors.New(what + ": is no id")
	}
	return url.PathEscape(id), nil
}
