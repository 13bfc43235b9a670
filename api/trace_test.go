package api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// Trace is told of every request when it has ended, with nothing that could be
// secret.
func TestTrace(t *testing.T) {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	var got []Exchange
	c, err := New(Config{BaseURL: h.URL + "/base", Trace: func(x Exchange) { got = append(got, x) }})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() {
		_, err := c.Do(t.Context(), Request{Op: "ask", Method: http.MethodGet, Path: "/v1/x", Query: url.Values{"q": {"SECRET"}}},
			func(io.Reader) error { return nil })
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("got %v, want an error of the service", err)
		}
	}
	ask()
	h.Close()
	ask()
	if len(got) != 2 {
		t.Fatalf("told of %d requests, want 2", len(got))
	}
	for i, status := range []int{http.StatusTeapot, 0} {
		if took := got[i].Took; took <= 0 || took > time.Minute {
			t.Errorf("request %d took %s", i, took)
		}
		got[i].Took = 0
		if want := (Exchange{Method: "GET", Path: "/v1/x", Status: status}); got[i] != want {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
	}
}
