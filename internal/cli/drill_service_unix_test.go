//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/server"
)

// What must be nowhere but on the wire.
const (
	drillKey   = "canary-key-5f2c9d1b7a"
	drillToken = "canary-token-8e3a6b0c4d"
)

// drillWire is how long a create, and its answer, may be under way: so that
// kills hit both windows.
const drillWire = 20 * time.Millisecond

// A drillService is the local server and the wire to it. It outlives the
// processes that buy of it, and counts what they bought.
type drillService struct {
	*server.Server
	http    *httptest.Server
	agentID string

	mu      sync.Mutex
	trap    *trap
	revoked bool // every request is answered 401
}

// A trap kills a process at one of its creates.
type trap struct {
	left     int      // creates that are still to arrive, the last included
	accepted bool     // once the service has accepted it, else before
	victim   *process // which gets no answer
}

func newDrillService(t *testing.T, faults string, seed uint64, http2 bool) *drillService {
	t.Helper()
	f, err := server.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Key: drillKey, Agent: &drillAgent{works: map[string]int{}}, Faults: f, Seed: int64(seed), Concurrency: 200})
	if err != nil {
		t.Fatal(err)
	}
	d := &drillService{Server: s}
	d.http = httptest.NewUnstartedServer(d)
	if d.http.EnableHTTP2 = http2; http2 {
		d.http.StartTLS()
	} else {
		d.http.Start()
	}
	t.Cleanup(func() { d.http.CloseClientConnections(); _ = s.Close(); d.http.Close() })
	// Made without the wire: no fault is meant for this.
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/v1/agents", strings.NewReader(`{"name":"drill","resultSchema":`+drillSchema+`}`))
	r.Header.Set("X-BB-API-Key", drillKey)
	r.Header.Set("Content-Type", "application/json")
	s.ServeHTTP(w, r)
	var made struct{ AgentID string }
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.AgentID == "" {
		t.Fatalf("the agent: %d %s", w.Code, w.Body)
	}
	d.agentID = made.AgentID
	return d
}

func (d *drillService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	revoked := d.revoked
	d.mu.Unlock()
	switch {
	case revoked:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"statusCode":401,"error":"Unauthorized","message":"the key was revoked"}`)
		return
	case r.Method != http.MethodPost || r.URL.Path != "/v1/agents/runs":
		d.Server.ServeHTTP(w, r)
		return
	}
	// The request was written whole, whatever becomes of who wrote it.
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r = r.WithContext(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	sprung := d.spring()
	time.Sleep(rand.N(drillWire))
	if sprung != nil && !sprung.accepted {
		sprung.victim.signal(syscall.SIGKILL)
	}
	d.Server.ServeHTTP(&lateWriter{ResponseWriter: w, before: func() {
		if sprung != nil && sprung.accepted {
			sprung.victim.signal(syscall.SIGKILL)
			panic(http.ErrAbortHandler)
		}
		time.Sleep(rand.N(drillWire))
	}}, r)
}

// spring counts a create that arrives, and returns the trap that it springs.
func (d *drillService) spring() *trap {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trap == nil {
		return nil
	}
	if d.trap.left--; d.trap.left > 0 {
		return nil
	}
	sprung := d.trap
	d.trap = nil
	return sprung
}

func (d *drillService) set(t *trap) {
	d.mu.Lock()
	d.trap = t
	d.mu.Unlock()
}

func (d *drillService) revoke(yes bool) {
	d.mu.Lock()
	d.revoked = yes
	d.mu.Unlock()
}

// A lateWriter does something before the first byte of an answer.
type lateWriter struct {
	http.ResponseWriter
	once   sync.Once
	before func()
}

func (w *lateWriter) WriteHeader(code int) {
	w.once.Do(w.before)
	w.ResponseWriter.WriteHeader(code)
}

func (w *lateWriter) Write(b []byte) (int, error) {
	w.once.Do(w.before)
	return w.ResponseWriter.Write(b)
}

func (w *lateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack is for faults that reset the connection.
func (w *lateWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// A drillAgent answers by the word and the number in a task's text, so that
// the result of one task is never that of another.
type drillAgent struct {
	mu    sync.Mutex
	works map[string]int // runs, by task
}

func (a *drillAgent) Work(ctx context.Context, r server.Run) (server.Answer, error) {
	text, _, _ := strings.Cut(strings.TrimPrefix(r.Task, "do "), " ")
	word, number, _ := strings.Cut(text, "-")
	var n int
	_, _ = fmt.Sscan(number, &n)
	r.OpenSession()
	work := time.Duration(10+n%7*10) * time.Millisecond
	switch word {
	case "slow":
		work = time.Minute // it is stopped at its timeout
	case "steady":
		work = 300 * time.Millisecond
	}
	a.mu.Lock()
	a.works[text]++
	first := a.works[text] == 1
	a.mu.Unlock()
	select {
	case <-time.After(work):
	case <-ctx.Done():
		return server.Answer{}, context.Cause(ctx)
	}
	result := fmt.Appendf(nil, `{"id":%q,"n":%d}`, text, n)
	switch word {
	case "invalid":
		result = fmt.Appendf(nil, `{"id":%q,"n":"about %d"}`, text, n)
	case "failing":
		return server.Answer{Status: "FAILED", Cause: &server.Cause{
			Code: "LOGIN_FAILED", Message: fmt.Sprintf("%s did not open door %d", r.Variables["token"], n),
		}}, nil
	case "flaky":
		if first {
			return server.Answer{Status: "FAILED", Cause: &server.Cause{Code: "UNLUCKY", Message: "the first time"}}, nil
		}
	case "big":
		result = fmt.Appendf(nil, `{"id":%q,"n":%d,"pad":%q}`, text, n, strings.Repeat("x", 1_100_000))
	case "huge":
		result = fmt.Appendf(nil, `{"id":%q,"n":%d,"pad":%q}`, text, n, strings.Repeat("x", 50<<20))
	case "deep":
		result = []byte(strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000))
	case "number":
		result = fmt.Appendf(nil, `{"id":%q,"n":1e10000000}`, text)
	case "odd":
		result = fmt.Appendf(nil, `{"id":%q,"n":%d,"say":"=cmd|'/c calc'!A0 \u001b]0;x\u0007 <script>\u202e"}`, text, n)
	}
	return server.Answer{Result: result}, nil
}
