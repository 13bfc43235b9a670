package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Config says how a server behaves. Only Agent is required.
type Config struct {
	Key    string // what X-BB-API-Key must hold; "" takes any key, and none
	Agent  Agent
	Faults Faults // how it misbehaves; the zero value does not
	Seed   int64  // decides faults that are given as a chance

	Concurrency      int           // runs at work at once, the others wait as PENDING; default 25
	MaxActive        int           // a create beyond so many unfinished runs is answered 429; 0 for no limit
	CreatesPerMinute int           // likewise beyond so many creates in 60 seconds; 0 for no limit
	RunTime          time.Duration // a run at work for longer ends as TIMED_OUT; default 15m

	// Retain is how many finished runs are kept; older ones are forgotten and
	// answer 404. Default 20,000. Results of more than 256 MB together are
	// forgotten from the oldest as well, a minute after their runs have ended.
	Retain int

	// Log is told of every request in one line. It is called from many
	// goroutines at once and never sees a key, a body or a query.
	Log func(format string, args ...any)
}

const (
	defaultConcurrency = 25
	defaultRunTime     = 15 * time.Minute
	defaultRetain      = 20_000
	retainBytes        = 256 << 20
)

func (c Config) validate() error {
	switch {
	case c.Agent == nil:
		return errors.New("server: Agent is missing")
	case c.Concurrency < 0, c.MaxActive < 0, c.CreatesPerMinute < 0, c.Retain < 0:
		return errors.New("server: Concurrency, MaxActive, CreatesPerMinute and Retain must not be negative")
	case c.RunTime < 0:
		return errors.New("server: RunTime must not be negative")
	}
	return nil
}

// A Server is the agents API. It is an [http.Handler] for any listener.
type Server struct {
	config  Config
	faults  *misbehaviour
	cursors cursors
	echoes  echoes
	started time.Time       // with the monotonic clock, so that createdAt never goes back
	done    <-chan struct{} // closed by Close
	closed  context.CancelCauseFunc
	closing context.Context // the parent of every run's context
	work    sync.WaitGroup

	mu       sync.Mutex
	runs     runs
	agents   agents
	queue    []*run // PENDING, in order; may hold runs that were stopped
	active   int    // runs that have not ended
	working  int    // runs that an agent works on
	recent   []time.Time
	requests map[string]int
	creates  int
	peak     int
}

// New returns a server that answers at once. Close ends it.
func New(c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.RunTime == 0 {
		c.RunTime = defaultRunTime
	}
	if c.Retain == 0 {
		c.Retain = defaultRetain
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Server{
		config:   c,
		faults:   newMisbehaviour(c.Faults, c.Seed),
		cursors:  newCursors(),
		started:  time.Now(),
		closing:  ctx,
		closed:   cancel,
		done:     ctx.Done(),
		runs:     runs{byID: map[string]*run{}},
		agents:   agents{byID: map[string]*agentRecord{}},
		requests: map[string]int{},
	}, nil
}

// Close stops every run and every request that hangs, and waits for the
// agents to return. Later requests are answered 503.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed(errClosed)
	s.mu.Unlock()
	s.work.Wait()
	return nil
}

var errClosed = errors.New("the server was closed")

// Stats are numbers for tests.
type Stats struct {
	Creates  int            // runs created
	ByTask   map[string]int // runs by the task's text as sent, of those still kept
	Requests map[string]int // by endpoint: create, get, list, stop, messages, agents; those with a good key
	Faults   map[string]int // how often each fault struck
	Active   int            // runs that have not ended
	Peak     int            // most runs at work at the same time
}

// Stats counts what happened so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Creates: s.creates, Active: s.active, Peak: s.peak,
		ByTask: map[string]int{}, Requests: maps.Clone(s.requests), Faults: s.faults.counts(),
	}
	for _, r := range s.runs.byID {
		st.ByTask[r.task]++
	}
	return st
}

// now is the server's clock: to the millisecond, and wrong by the fault skew.
func (s *Server) now() time.Time {
	return s.started.Add(time.Since(s.started)).Add(s.config.Faults.skew).UTC().Truncate(time.Millisecond)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	h := w.Header()
	h.Set("Date", s.now().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Request-Id", newID())

	e, known := route(r)
	var a answer
	var fault strike
	if s.config.Log != nil {
		// Deferred, since a fault may end the request without an answer.
		defer func() {
			s.config.Log("%s %s %d %v%s", clip(r.Method, 20), clip(r.URL.EscapedPath(), 200), a.status,
				time.Since(begun).Round(time.Microsecond), fault.tag())
		}()
	}
	switch {
	case s.closing.Err() != nil:
		a = problem(http.StatusServiceUnavailable, "the server is closed")
	case !s.authorized(r):
		a = problem(http.StatusUnauthorized, "The X-BB-API-Key header is missing or holds no valid key.")
	case !known:
		a = problem(http.StatusNotFound, fmt.Sprintf("Route %s:%s not found", clip(r.Method, 20), clip(r.URL.EscapedPath(), 200)))
	default:
		s.count(e.name)
		if refusal, refused := s.refused(e.name); refused {
			a, fault = refusal, "refuse"
			break
		}
		fault = s.faults.strike(e.name)
		a = s.misbehave(w, r, e, fault)
	}
	if !s.writeOddly(w, r, a, fault) {
		a.write(w)
	}
}

func (s *Server) authorized(r *http.Request) bool {
	if s.config.Key == "" {
		return true
	}
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("X-BB-API-Key")), []byte(s.config.Key)) == 1
}

func (s *Server) count(endpoint string) {
	s.mu.Lock()
	s.requests[endpoint]++
	s.mu.Unlock()
}

// newID is a random UUID, as run and agent ids look like one. It does not
// follow the seed: an id must not come again in another server.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
