package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// A Request is what [Client.Do] sends.
type Request struct {
	Op     string     // what it does, for errors: "create run"
	Method string     // GET or POST
	Path   string     // path after the base URL, each part escaped, with a leading slash
	Query  url.Values // may be nil
	Body   []byte     // JSON; nil for none

	// Unsafe says that the request must not reach the service twice: it is
	// sent so that no transport can repeat it, and no redirect is followed.
	Unsafe bool

	// Secrets are further values that must not appear in an error.
	Secrets []string
}

// An Answer is what is known of an answer besides its body.
type Answer struct {
	Status    int
	RequestID string

	// Offset is the service's clock minus ours, from the Date header and the
	// middle of the exchange, to about a second. Dated is false when the
	// header was absent or unreadable.
	Offset time.Duration
	Dated  bool
}

// Do sends r once and gives the body of a 2xx answer to decode. Every error is
// an [*Error]; a decode error is one with the answer's Status. The Answer is
// filled as far as the exchange came, also beside an error.
func (c *Client) Do(ctx context.Context, r Request, decode func(io.Reader) error) (Answer, error) {
	began := time.Now()
	a, err := c.do(ctx, r, decode)
	if c.trace != nil {
		c.trace(Exchange{Method: r.Method, Path: r.Path, Status: a.Status, Took: time.Since(began)})
	}
	return a, err
}

func (c *Client) do(ctx context.Context, r Request, decode func(io.Reader) error) (Answer, error) {
	x := &exchange{client: c, req: r, parent: ctx, url: c.base.JoinPath(r.Path)}
	if err := ctx.Err(); err != nil {
		return Answer{}, x.fail(Answer{}, err)
	}
	limit := startDeadline(ctx, c.timeout)
	defer limit.stop()
	x.ctx = limit.ctx

	hr, err := x.request()
	if err != nil {
		return Answer{}, x.fail(Answer{}, err)
	}
	client := c.reads
	if r.Unsafe {
		client = c.unsafe
	}
	x.began = time.Now()
	resp, err := client.Do(hr)
	if err != nil {
		return Answer{}, x.fail(Answer{}, err)
	}
	defer func() { _ = resp.Body.Close() }()
	x.answered = true
	a := x.answer(resp)
	body := &boundedBody{r: resp.Body, left: c.maxBody, limit: limit}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return a, x.refused(a, resp, body)
	}
	if err := decode(body); err != nil {
		return a, x.fail(a, err)
	}
	// What little is left is read so that the connection can serve again.
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	return a, nil
}

// An exchange is one request on its way.
type exchange struct {
	client   *Client
	req      Request
	parent   context.Context // the caller's
	ctx      context.Context // with our time limit
	url      *url.URL
	began    time.Time
	answered bool
	gotConn  atomic.Bool
	connAt   atomic.Int64 // unix nanoseconds
}

func (x *exchange) request() (*http.Request, error) {
	u := *x.url
	u.RawQuery = x.req.Query.Encode()
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		x.connAt.Store(time.Now().UnixNano())
		x.gotConn.Store(true)
	}}
	ctx := httptrace.WithClientTrace(x.ctx, trace)
	var body io.Reader
	if x.req.Body != nil {
		body = bytes.NewReader(x.req.Body)
	}
	if x.req.Unsafe {
		// Wrapped, also around nothing: from a bytes.Reader itself the
		// standard library derives GetBody, and with GetBody or without a body
		// its HTTP/2 transport sends a refused POST again. In a NopCloser it
		// still knows the bytes to be in memory, and sends them together with
		// the header.
		body = io.NopCloser(bytes.NewReader(x.req.Body))
		if len(x.req.Body) == 0 {
			body = io.MultiReader(bytes.NewReader(nil))
		}
	}
	hr, err := http.NewRequestWithContext(ctx, x.req.Method, u.String(), body)
	if err != nil {
		return nil, err
	}
	hr.ContentLength = int64(len(x.req.Body))
	hr.Header = x.client.header.Clone()
	if x.req.Body != nil {
		hr.Header.Set("Content-Type", "application/json")
	}
	if x.req.Unsafe {
		hr.GetBody = nil
		hr.Header.Del("Idempotency-Key")
		hr.Header.Del("X-Idempotency-Key")
	}
	return hr, nil
}

// sent reports whether any of the request may have been written. The transport
// announces the connection on the goroutine that calls it, before a byte of
// the request can be written; the later WroteHeaderField comes from another
// goroutine, and may come after a cancelled request was given up as unsent.
func (x *exchange) sent() bool {
	return x.gotConn.Load() || x.answered || !x.client.traceable
}

func (x *exchange) answer(resp *http.Response) Answer {
	a := Answer{Status: resp.StatusCode, RequestID: x.clean(resp.Header.Get("X-Request-Id"), 200)}
	began := x.began
	if at := x.connAt.Load(); at != 0 {
		began = time.Unix(0, at)
	}
	a.Offset, a.Dated = clockOffset(resp.Header.Get("Date"), began, time.Now())
	return a
}
