package providertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

func (p Protocol) testStart(t *testing.T) {
	o, err := p.serve(t, answer(p.Created, p.Run("r1", "PENDING", ""))).Start(t.Context(), spec)
	if err != nil || o.ID != "r1" || o.Status != batch.StatusPending || o.Result.Present() {
		t.Errorf("got %+v, %v", o, err)
	}
	o, err = p.serve(t, answer(p.Created, p.Run("r1", "DREAMING", ""))).Start(t.Context(), spec)
	if err != nil || o.Status != "DREAMING" {
		t.Errorf("an unknown status: got %+v, %v", o, err)
	}
}

// fate is what an error of Start says.
func fate(err error) string {
	var (
		notCreated *batch.NotCreatedError
		throttled  *batch.ThrottledError
		rejected   *batch.RejectedError
		refused    *batch.RefusedError
	)
	switch {
	case err == nil:
		return "created"
	case errors.As(err, &notCreated):
		return "not created"
	case errors.As(err, &throttled):
		return "throttled"
	case errors.As(err, &rejected):
		return fmt.Sprint("rejected ", rejected.Status)
	case errors.As(err, &refused):
		return fmt.Sprint("refused ", refused.Status)
	}
	return "unknown"
}

// Only a few answers prove that nothing was bought.
func (p Protocol) testStartStatuses(t *testing.T) {
	const words = "the service's words"
	var status atomic.Int64
	provider := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		answer(int(status.Load()), `{"statusCode":1,"error":"E","message":"`+words+`"}`)(w, r)
	})
	for s := 200; s <= 599; s++ {
		status.Store(int64(s))
		want := "unknown"
		switch s {
		case 400, 404, 413, 422:
			want = fmt.Sprint("rejected ", s)
		case 401, 402, 403:
			want = fmt.Sprint("refused ", s)
		case 429:
			want = "throttled"
		}
		_, err := provider.Start(t.Context(), spec)
		if got := fate(err); got != want {
			t.Errorf("%d: got %s (%v), want %s", s, got, err, want)
		} else if s >= 400 && !strings.Contains(err.Error(), words) {
			t.Errorf("%d: got %q, want the service's words", s, err)
		}
	}
	for s := 100; s <= 199; s++ {
		provider := p.serve(t, cut(fmt.Sprintf("HTTP/1.1 %d X\r\n\r\n", s)))
		if _, err := provider.Start(t.Context(), spec); fate(err) != "unknown" {
			t.Errorf("%d: got %v", s, err)
		}
	}
	for value, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "soon": 0, "86400": 10 * time.Minute} {
		_, err := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", value)
			answer(429, `{}`)(w, r)
		}).Start(t.Context(), spec)
		var throttled *batch.ThrottledError
		if !errors.As(err, &throttled) || throttled.RetryAfter != want {
			t.Errorf("Retry-After %q: got %v, want %v", value, err, want)
		}
	}
}

func (p Protocol) testStartSendsOnce(t *testing.T) {
	created := p.Run("r1", "PENDING", "")
	for name, h := range map[string]http.HandlerFunc{
		"accepted":           answer(p.Created, created),
		"a server error":     answer(503, `{}`),
		"throttled":          answer(429, `{}`),
		"closed after it":    cut(""),
		"half a status line": cut("HTTP/1.1 2"),
		"half a body":        cut("HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"),
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"redirected to a GET": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusSeeOther) },
	} {
		var creates atomic.Int64
		var drop atomic.Bool
		provider := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !drop.Load() { // the read that leaves a used connection behind
				answer(200, created)(w, r)
				return
			}
			creates.Add(1)
			if r.URL.Path == "/elsewhere" {
				answer(p.Created, created)(w, r)
				return
			}
			h(w, r)
		})
		if _, err := provider.Get(t.Context(), "r1"); err != nil {
			t.Fatal(err)
		}
		drop.Store(true)
		_, err := provider.Start(t.Context(), spec)
		if creates.Load() != 1 {
			t.Errorf("%s: %d requests, error %v", name, creates.Load(), err)
		}
	}
}

func (p Protocol) testStartNotCreated(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for name, base := range map[string]string{
		"refused":      "http://" + l.Addr().String(),
		"no such host": "http://nobody.invalid",
	} {
		if _, err := p.Open(t, base).Start(t.Context(), spec); fate(err) != "not created" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }).Start(ctx, spec)
	if fate(err) != "not created" || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: got %v", err)
	}
}

func (p Protocol) testStartUnknown(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"closed after it":    cut(""),
		"half a status line": cut("HTTP/1.1 2"),
		"half a head":        cut("HTTP/1.1 201 Created\r\nContent-Le"),
		"half a body":        cut("HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"ru"),
		"not HTTP":           cut("hello\r\n\r\n"),
		"an empty body":      answer(p.Created, ""),
		"another object":     answer(p.Created, `{}`),
		"an id of no use":    answer(p.Created, p.Run("", "PENDING", "")),
		"HTML":               answer(p.Created, "<html></html>"),
		"HTML as 200":        answer(200, "<html></html>"),
		"an object as 200":   answer(200, `{}`),
		"no content":         answer(204, ""),
		"an HTML 502":        answer(502, "<html></html>"),
	} {
		o, err := p.serve(t, h).Start(t.Context(), spec)
		if fate(err) != "unknown" {
			t.Errorf("%s: got %+v, %s: %v", name, o, fate(err), err)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		answerAfterCancel(cancel, r)
	}).Start(ctx, spec)
	if fate(err) != "unknown" || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: got %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = p.serve(t, func(w http.ResponseWriter, r *http.Request) {
		answerAfterCancel(func() {}, r)
	}).Start(ctx, spec)
	if fate(err) != "unknown" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of time while waiting: got %v", err)
	}
}

// answerAfterCancel takes the request and never answers it.
func answerAfterCancel(cancel func(), r *http.Request) {
	_, _ = r.Body.Read(make([]byte, 1<<10))
	cancel()
	select {
	case <-r.Context().Done():
	case <-time.After(5 * time.Second):
	}
}

func (p Protocol) testStartHidesSecrets(t *testing.T) {
	s := spec
	s.Variables = []batch.Variable{
		{Name: "password", Value: "hunter2", Masked: "${{ secrets.PASSWORD }}"},
		{Name: "header", Value: "Bearer tok-77", Masked: "Bearer ${{ secrets.TOKEN }}"},
	}
	for _, status := range []int{400, 401, 429, 500} {
		_, err := p.serve(t, answer(status, `{"message":"hunter2, Bearer tok-77 and tok-77 are bad"}`)).Start(t.Context(), s)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "tok-77") {
			t.Errorf("%d: got %v", status, err)
		}
	}
}
