package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The limits that a zero [Config] stands for.
const (
	DefaultTimeout        = time.Minute
	DefaultMaxResultBytes = 64 << 20
	DefaultMaxPageBytes   = 64 << 20
	DefaultMaxBody        = 1 << 30
)

// A Config says how to reach a service. All but BaseURL may be zero.
type Config struct {
	// BaseURL is the address that paths are added to: http or https, without
	// user name, query and fragment. A path in it is kept.
	BaseURL string

	// Header is sent with every request. Each of its values is a secret: none
	// appears in an error.
	Header http.Header

	// HTTP sends the requests; nil stands for a client of our own, with a pool
	// for several hundred requests at once. Only with that one, or with one
	// whose Transport is an [*http.Transport], can a failed request be known
	// not to have been sent; see [Error].
	HTTP *http.Client

	UserAgent string // "bbbatch" when empty

	// Timeout bounds one request from its first step to the end of the answer;
	// the time grows by a second for every 128 KiB of the body that arrived.
	// Zero stands for [DefaultTimeout].
	Timeout time.Duration

	// MaxResultBytes is the longest result of a run that is kept in memory. A
	// longer one goes to a file in SpillDir. Zero stands for
	// [DefaultMaxResultBytes].
	MaxResultBytes int64

	// MaxPageBytes bounds what one page keeps in memory: of a listing of runs
	// the results together, and likewise the texts and schemas; of a transcript
	// the messages. Zero stands for [DefaultMaxPageBytes].
	MaxPageBytes int64

	// MaxBody is the longest answer that is read, after decompression. Zero
	// stands for [DefaultMaxBody].
	MaxBody int64

	// SpillDir is an existing folder for results over MaxResultBytes; such a
	// result is an error when it is empty. The files belong to the caller.
	SpillDir string

	// Trace, if not nil, is told of every request when it has come to its end.
	// It is called from many goroutines and must not wait.
	Trace func(Exchange)
}

// An Exchange is what [Config.Trace] is told of one request: nothing of its
// query, its header or its body.
type Exchange struct {
	Method string
	Path   string        // after the base URL
	Status int           // 0 when no answer came
	Took   time.Duration // from its first step to the end of the answer
}

// A Client sends requests to one service. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	header    http.Header
	secrets   []string
	reads     *http.Client // follows redirects within the address
	unsafe    *http.Client // follows none
	traceable bool         // the transport reports when it has a connection
	timeout   time.Duration
	maxBody   int64
	limits    Limits
	trace     func(Exchange) // may be nil
}

// New returns a client for the address in c. It sends nothing. An error names
// the field and never repeats a value.
func New(c Config) (*Client, error) {
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	header, secrets, err := authHeader(c.Header)
	if err != nil {
		return nil, err
	}
	if c.UserAgent == "" {
		c.UserAgent = "bbbatch"
	}
	header.Set("User-Agent", c.UserAgent)
	header.Set("Accept", "application/json")

	var hc http.Client
	if c.HTTP != nil {
		hc = *c.HTTP
	} else {
		hc.Transport = newTransport()
	}
	if hc.Transport == nil {
		// Fixed now: a program may put a transport of another kind there.
		hc.Transport = http.DefaultTransport
	}
	_, traceable := hc.Transport.(*http.Transport)
	reads, unsafe := hc, hc
	reads.CheckRedirect = sameAddress
	unsafe.CheckRedirect = noRedirect

	return &Client{
		base:      base,
		header:    header,
		secrets:   secrets,
		reads:     &reads,
		unsafe:    &unsafe,
		traceable: traceable,
		timeout:   orDefault(c.Timeout, DefaultTimeout),
		maxBody:   orDefault(c.MaxBody, DefaultMaxBody),
		limits: Limits{
			MaxResultBytes: orDefault(c.MaxResultBytes, DefaultMaxResultBytes),
			MaxPageBytes:   orDefault(c.MaxPageBytes, DefaultMaxPageBytes),
			SpillDir:       c.SpillDir,
		},
		trace: c.Trace,
	}, nil
}

// Limits returns the bounds that the client's answers are decoded with.
func (c *Client) Limits() Limits { return c.limits }

// Close closes the connections that no request is using.
func (c *Client) Close() { c.reads.CloseIdleConnections() }

func orDefault[T int64 | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// parseBase never repeats the text: it may hold a password.
func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("base URL: is empty")
	case err != nil:
		return nil, errors.New("base URL: is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("base URL: must begin with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("base URL: has no host")
	case u.User != nil:
		return nil, errors.New("base URL: must not hold a user name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("base URL: must not have a query or fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func authHeader(h http.Header) (http.Header, []string, error) {
	var secrets []string
	for name, values := range h {
		for _, v := range values {
			if v == "" || strings.TrimSpace(v) != v || strings.ContainsFunc(v, isControl) {
				return nil, nil, errors.New("header " + name + ": its value is empty, or has a control character or white space around it")
			}
			secrets = append(secrets, v)
			// The credentials of a "Bearer x" are secret by themselves.
			if _, after, ok := strings.Cut(v, " "); ok {
				secrets = append(secrets, after)
			}
		}
	}
	out := h.Clone()
	if out == nil {
		out = http.Header{}
	}
	return out, secrets, nil
}
