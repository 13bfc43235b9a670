package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrTooLarge says that an answer, or a result where no file may take it, is
// larger than the limit.
var ErrTooLarge = errors.New("larger than the limit")

// An Error is a request that did not give what was asked for: it was not sent,
// it got no answer, it was refused, or its answer could not be read. Its texts
// are free of secrets and control characters. It matches with [errors.Is] what
// its cause matches, such as [context.Canceled], and [context.DeadlineExceeded]
// when the time limit passed; the cause itself is not reachable, since its
// text may hold a secret.
type Error struct {
	Op     string // what was asked for, such as "create run"
	Method string
	URL    string // without user name and query

	// Status is the answer's, 0 when there was none. It is 2xx when the answer
	// could not be read.
	Status int

	Code       string        // the service's word for the error; "" when it gave none
	Message    string        // one line, at most 500 characters
	RequestID  string        // the X-Request-Id of the answer
	RetryAfter time.Duration // from 0 to 10 minutes

	// Sent is false only when surely not one byte of the request was written:
	// the name lookup, the dial, the proxy or the TLS handshake failed, or the
	// context was done before there was a connection.
	Sent bool

	cause error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s: ", e.Op, e.Method, e.URL)
	if status := fmt.Sprint(e.Status); e.Status != 0 && !strings.HasPrefix(e.Message, status+" ") {
		b.WriteString(status + ": ")
	}
	b.WriteString(e.Message)
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// Is reports whether the error's cause matches target.
func (e *Error) Is(target error) bool { return e.cause != nil && errors.Is(e.cause, target) }

// fail turns an error of ours, the transport's or a decoder's into an Error.
func (x *exchange) fail(a Answer, err error) error {
	e := x.newError(a)
	e.cause = err
	switch {
	case x.parent.Err() != nil:
		e.cause = errors.Join(x.parent.Err(), context.Cause(x.parent))
		e.Message = x.parent.Err().Error()
	case x.ctx != nil && context.Cause(x.ctx) == errTimeLimit:
		e.cause = context.DeadlineExceeded
		e.Message = "no complete answer within the time limit of " + x.client.timeout.String()
	default:
		err = reachable(err)
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		text := hideUserinfo(err.Error())
		if a.Status != 0 {
			text = "the answer can't be read: " + text
		}
		e.Message = x.clean(text, maxMessage)
	}
	return e
}

// refused turns an answer that is not 2xx into an Error.
func (x *exchange) refused(a Answer, resp *http.Response, body io.Reader) error {
	e := x.newError(a)
	e.RetryAfter = retryAfter(resp.Header, time.Now())
	if loc, err := resp.Location(); err == nil && a.Status/100 == 3 {
		to := url.URL{Scheme: loc.Scheme, Host: loc.Host}
		e.Message = x.clean("redirected to "+to.String()+", which is not followed", maxMessage)
		return e
	}
	code, message := errorWords(a.Status, resp.Header.Get("Content-Type"), body)
	e.Code, e.Message = x.clean(code, 100), x.clean(oneForm(message), maxMessage)
	return e
}

func (x *exchange) newError(a Answer) *Error {
	return &Error{
		Op:        x.req.Op,
		Method:    x.req.Method,
		URL:       x.clean(x.url.String(), 1000),
		Status:    a.Status,
		RequestID: a.RequestID,
		Sent:      x.sent(),
	}
}

// clean makes foreign text fit for an error: one line without control
// characters and secrets, at most limit characters. Secrets are looked for
// after the cleaning, which could join one, and before the cut, which could
// leave half of one.
func (x *exchange) clean(text string, limit int) string {
	text = plainLine(text)
	text = hide(text, x.client.secrets)
	text = hide(text, x.req.Secrets)
	return cut(text, limit)
}
