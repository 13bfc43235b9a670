package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters reads a query. A parameter that the endpoint does not have, or
// that is given twice, is a 400: the reference is silent, and a client's slip
// should show.
func parameters(r *http.Request, known ...string) (map[string]string, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &fieldError{"query", "is not well-formed"}
	}
	out := make(map[string]string, len(q))
	for name, values := range q {
		switch {
		case len(known) == 0:
			return nil, &fieldError{"query." + name, "unknown parameter, there are none here"}
		case !slices.Contains(known, name):
			return nil, &fieldError{"query." + name, "unknown parameter, must be one of " + strings.Join(known, ", ")}
		case len(values) > 1:
			return nil, &fieldError{"query." + name, "must be given once"}
		}
		out[name] = values[0]
	}
	return out, nil
}

// limitOf is the page size: low to high, 20 when not given.
func limitOf(q map[string]string, high int) (int, error) {
	s, ok := q["limit"]
	if !ok {
		return 20, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > high || strconv.Itoa(n) != s {
		return 0, &fieldError{"query.limit", fmt.Sprintf("must be an integer from 1 to %d", high)}
	}
	return n, nil
}

// A window is the part of a list that a query asks for.
type window struct {
	from, to time.Time // createdAt, both inclusive; zero for open
	before   uint64    // entries with a lower sequence number only; 0 for all
	limit    int
}

func (s *Server) windowOf(q map[string]string, kind string) (w window, err error) {
	if w.limit, err = limitOf(q, 1000); err != nil {
		return w, err
	}
	for name, t := range map[string]*time.Time{"startAt": &w.from, "endAt": &w.to} {
		v, ok := q[name]
		if !ok {
			continue
		}
		if *t, err = time.Parse(time.RFC3339, v); err != nil {
			return w, &fieldError{"query." + name, "must be an RFC 3339 date and time, such as 2026-01-19T00:00:00Z"}
		}
	}
	if c, ok := q["cursor"]; ok {
		if w.before, ok = s.cursors.read(kind, c); !ok {
			return w, &fieldError{"query.cursor", "is not a cursor of this list"}
		}
	}
	return w, nil
}

// cursors make opaque page cursors. A cursor names the entry that the page
// before ended with, so new entries do not move it; a signature keeps a client
// from making its own.
type cursors struct{ key []byte }

func newCursors() cursors {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return cursors{key}
}

// write makes a cursor. Cursors that differ in nonce only lead to the same page.
func (c cursors) write(kind string, before uint64, nonce uint32) string {
	b := binary.BigEndian.AppendUint64(nil, before)
	b = binary.BigEndian.AppendUint32(b, nonce)
	return base64.RawURLEncoding.EncodeToString(append(b, c.sign(kind, b)...))
}

func (c cursors) read(kind, text string) (uint64, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 24 || !hmac.Equal(b[12:], c.sign(kind, b[:12])) {
		return 0, false
	}
	return binary.BigEndian.Uint64(b), true
}

func (c cursors) sign(kind string, b []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(kind))
	h.Write(b)
	return h.Sum(nil)[:12]
}
