package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The faults that send an answer in an odd way, or an odd form of it.
const (
	faultSlow    = "slow"
	faultStall   = "stall"
	faultEndless = "endless"
	faultShort   = "short"
	faultGzip    = "gzip"
	faultNUL     = "nul"
	faultHeaders = "headers"
)

const (
	slowPause   = time.Millisecond // between two bytes
	oddHeaders  = 100              // of a thousand characters each
	shortByMany = 100              // bytes that Content-Length promises too many
)

// writeOddly sends an answer as the fault wants it, and reports whether there
// is such a fault.
func (s *Server) writeOddly(w http.ResponseWriter, r *http.Request, a answer, fault strike) bool {
	switch fault {
	case faultSlow:
		s.writeSlowly(w, r, a)
	case faultStall:
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		flush(w)
		s.hang(r)
	case faultEndless:
		s.writeForEver(w, a)
	case faultShort:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+shortByMany))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
		flush(w)
		panic(http.ErrAbortHandler)
	case faultGzip:
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(a.body) // a buffer takes everything
		_ = z.Close()
		a.body = b.Bytes()
		a.write(w)
	case faultNUL:
		a.body = append([]byte{0}, a.body...)
		a.write(w)
	case faultHeaders:
		for i := range oddHeaders {
			w.Header().Set(fmt.Sprintf("X-Padding-%d", i), strings.Repeat("p", 1000))
		}
		a.write(w)
	default:
		return false
	}
	return true
}

func (s *Server) writeSlowly(w http.ResponseWriter, r *http.Request, a answer) {
	w.WriteHeader(a.status)
	tick := time.NewTicker(slowPause)
	defer tick.Stop()
	for i := range a.body {
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		}
		_, _ = w.Write(a.body[i : i+1])
		flush(w)
	}
}

// writeForEver goes on with a string where the answer's object should end,
// until the client has had enough.
func (s *Server) writeForEver(w http.ResponseWriter, a answer) {
	w.WriteHeader(a.status)
	body := bytes.TrimSuffix(a.body, []byte("}"))
	_, err := w.Write(append(bytes.Clone(body), `,"padding":"`...))
	more := bytes.Repeat([]byte("x"), 64<<10)
	for err == nil && s.closing.Err() == nil {
		_, err = w.Write(more)
	}
	panic(http.ErrAbortHandler)
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
