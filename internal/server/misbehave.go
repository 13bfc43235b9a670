package server

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// misbehaviour decides which request is struck by which fault. The decision
// depends on nothing but the seed and the number of the request among those
// that came to the rule, so that a test meets the same faults each time.
type misbehaviour struct {
	rules []rule
	seed  int64

	mu     sync.Mutex
	seen   []int // requests that came to each rule
	struck map[string]int
	nonces uint32
}

func newMisbehaviour(f Faults, seed int64) *misbehaviour {
	return &misbehaviour{rules: f.rules, seed: seed, seen: make([]int, len(f.rules)), struck: map[string]int{}}
}

// A strike is the fault of one request; "" for none.
type strike string

func (f strike) tag() string {
	if f == "" {
		return ""
	}
	return " fault=" + string(f)
}

func (m *misbehaviour) strike(endpoint string) strike {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, r := range m.rules {
		if r.scope != "" && r.scope != endpoint {
			continue
		}
		m.seen[i]++
		n := m.seen[i]
		if r.from <= n && n <= r.to || r.chance > 0 && m.dice(i, n) < r.chance {
			m.struck[r.fault]++
			return strike(r.fault)
		}
	}
	return ""
}

// dice is a number in [0, 1) for the n-th request of a rule.
func (m *misbehaviour) dice(rule, n int) float64 {
	h := fnv.New64a()
	b := binary.BigEndian.AppendUint64(nil, uint64(m.seed))
	b = binary.BigEndian.AppendUint64(b, uint64(rule))
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	_, _ = h.Write(append(b, m.rules[rule].fault...))
	x := h.Sum64()
	// The low bytes of FNV are good, the high ones of short texts are not.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

func (m *misbehaviour) counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.struck)
}

func (m *misbehaviour) tell(fault string) {
	m.mu.Lock()
	m.struck[fault]++
	m.mu.Unlock()
}

func (m *misbehaviour) nonce() uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nonces++
	return m.nonces
}

// misbehave serves a request as its fault wants it. A fault that leaves the
// request without an answer panics with [http.ErrAbortHandler], by which the
// HTTP server closes the connection.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, e endpoint, fault strike) answer {
	switch fault {
	case "429":
		return s.tooMany("Too many requests.")
	case "500":
		return problem(http.StatusInternalServerError, "Something went wrong.")
	case "503":
		return problem(http.StatusServiceUnavailable, "Try again later.")
	case "bad-status":
		return problem(http.StatusBadRequest, "body: was refused")
	case "html502":
		return answer{
			status: http.StatusBadGateway,
			header: http.Header{"Content-Type": {"text/html"}},
			body:   []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"),
		}
	case "redirect":
		return answer{status: http.StatusTemporaryRedirect, header: http.Header{"Location": {r.URL.EscapedPath()}}}
	case "reset":
		drain(r)
		reset(w)
	case "hang":
		drain(r)
		s.hang(r)
	}
	a := e.serve(s, r, e.id)
	switch fault {
	case "500-after":
		return problem(http.StatusInternalServerError, "Something went wrong.")
	case "503-after":
		return problem(http.StatusServiceUnavailable, "Try again later.")
	case "lost-create":
		panic(http.ErrAbortHandler)
	case "reset-after":
		reset(w)
	case "hang-after":
		s.hang(r)
	case "truncate":
		a.body = a.body[:len(a.body)/2]
	}
	return a
}

// refused answers as to a key that was revoked, or a quota that ran out, once
// enough creates were accepted.
func (s *Server) refused(endpoint string) (answer, bool) {
	f := s.config.Faults
	if f.refuse == 0 || f.refuseOnly != "" && f.refuseOnly != endpoint {
		return answer{}, false
	}
	s.mu.Lock()
	accepted := s.creates
	s.mu.Unlock()
	if accepted < f.refuseAfter {
		return answer{}, false
	}
	s.faults.tell("refuse")
	words := map[int]string{
		401: "The API key is not valid.",
		402: "Your plan's quota is used up.",
		403: "The API key has no access to this.",
	}
	return problem(f.refuse, words[f.refuse]), true
}

// tooMany is a 429. The service documents no Retry-After; the fault of that
// name adds one.
func (s *Server) tooMany(message string) answer {
	a := problem(http.StatusTooManyRequests, message)
	f := s.config.Faults
	switch {
	case f.retryAfter <= 0:
	case f.retryDate:
		at := s.now().Add(f.retryAfter + time.Second - time.Nanosecond)
		a.header = http.Header{"Retry-After": {at.Format(http.TimeFormat)}}
	default:
		a.header = http.Header{"Retry-After": {strconv.FormatInt(int64((f.retryAfter+time.Second-1)/time.Second), 10)}}
	}
	return a
}

// hang waits until the client has gone or the server is closed, and closes the
// connection.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
	panic(http.ErrAbortHandler)
}

// drain reads a body that nobody will look at: the server notices that a
// client has gone only when there is nothing left to read.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody)) }

// reset breaks the connection off with an RST; over HTTP/2 it is the stream
// that is reset.
func reset(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetLinger(0)
			}
			_ = c.Close()
		}
	}
	panic(http.ErrAbortHandler)
}

// retell changes what a run echoes of its request.
func (f Faults) retell(task *string, schema *json.RawMessage) {
	if f.rewriteTask {
		*task = "The user asks: " + strings.ToUpper(*task)
	}
	switch {
	case f.dropSchema:
		*schema = nil
	case f.dropComment && *schema != nil:
		var root map[string]json.RawMessage
		if json.Unmarshal(*schema, &root) == nil {
			delete(root, "$comment")
			*schema = encode(root)
		}
	}
}
