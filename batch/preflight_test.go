package batch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type checks struct {
	Provider
	answers []error // one for each request; nil when there are no more
	n       int
}

func (p *checks) Check(context.Context) (time.Duration, error) {
	if p.n++; p.n <= len(p.answers) {
		return 0, p.answers[p.n-1]
	}
	return time.Second, nil
}

func TestThePreflightIsPatient(t *testing.T) {
	throttled := &ThrottledError{RetryAfter: 20 * time.Second}
	var unreachable *UnreachableError
	var refused *RefusedError
	for name, c := range map[string]struct {
		answers []error
		n       int // requests
		least   time.Duration
		want    any // pointer to the error's type; nil for none
	}{
		"at once":     {nil, 1, 0, nil},
		"throttled":   {[]error{throttled, throttled, throttled, throttled}, 5, 80 * time.Second, nil},
		"a bad line":  {[]error{errReset, errReset}, 3, 0, nil},
		"unreachable": {[]error{errReset, throttled, errReset, errReset, nil}, 4, 20 * time.Second, &unreachable},
		"refused":     {[]error{&RefusedError{Status: 401}}, 1, 0, &refused},
		"not it":      {[]error{&RejectedError{Status: 404}}, 1, 0, &unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &checks{answers: c.answers}
				began := time.Now()
				_, err := Preflight(t.Context(), p)
				if (c.want == nil) != (err == nil) || c.want != nil && !errors.As(err, c.want) {
					t.Errorf("got %v, want %T", err, c.want)
				}
				if d := time.Since(began); p.n != c.n || d < c.least {
					t.Errorf("%d requests in %s, want %d in at least %s", p.n, d, c.n, c.least)
				}
			})
		})
	}
}
