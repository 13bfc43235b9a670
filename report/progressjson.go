package report

import (
	"maps"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// The kinds of objects that are no events of the ledger: what a person reads as
// words, for programs. schemas/event.schema.json describes them all.
const (
	kindMessage  = "message"
	kindWarning  = "warning"
	kindError    = "error"
	kindProgress = "progress"
	kindRequest  = "request"
	kindSummary  = "summary"
)

// A said is a message, a warning or an error as an object.
type said struct {
	Time    string `json:"time"`
	Batch   string `json:"batch,omitempty"`
	Event   string `json:"event"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (s said) encode() []byte { return mustEncode(s) }

// MessageLine, WarningLine and ErrorLine are what a person would read, as an
// object on a line of its own, without its end. hint says what to do; "" for
// nothing.
func MessageLine(text, hint string) []byte { return said{now(), "", kindMessage, text, hint}.encode() }

// WarningLine is like [MessageLine].
func WarningLine(text, hint string) []byte { return said{now(), "", kindWarning, text, hint}.encode() }

// ErrorLine is like [MessageLine].
func ErrorLine(text, hint string) []byte { return said{now(), "", kindError, text, hint}.encode() }

// RequestLine is one request to the service, as an object. status is 0 when no
// answer came.
func RequestLine(method, path string, status int, took time.Duration) []byte {
	return mustEncode(struct {
		Time         string `json:"time"`
		Event        string `json:"event"`
		Method       string `json:"method"`
		Path         string `json:"path"`
		HTTPStatus   int    `json:"httpStatus,omitempty"`
		Milliseconds int64  `json:"milliseconds"`
	}{now(), kindRequest, method, path, status, took.Milliseconds()})
}

// snapshots says where a batch stands.
type snapshots struct {
	Time     string                `json:"time"`
	Batch    string                `json:"batch,omitempty"`
	Event    string                `json:"event"`
	Total    int                   `json:"total"`
	Counts   map[batch.Outcome]int `json:"counts"`
	InFlight int                   `json:"inFlight"`
	Elapsed  float64               `json:"elapsedSeconds"`
	Left     *float64              `json:"leftSeconds,omitempty"`
	USD      *batch.Money          `json:"usd,omitempty"`
}

// snapshot writes an object about where the batch stands, if that has changed,
// or nothing was written for the time of a heartbeat, or it is asked for.
func (p *Progress) snapshot(always bool) {
	p.mu.Lock()
	elapsed := time.Since(p.began)
	t := p.tally
	s := snapshots{
		Time: now(), Batch: p.o.Batch, Event: kindProgress, Total: t.total, Counts: maps.Clone(t.done),
		InFlight: t.running(), Elapsed: inSeconds(elapsed),
	}
	if left := t.left(elapsed); left > 0 {
		left := inSeconds(left)
		s.Left = &left
	}
	if t.price != nil {
		cost := t.cost
		s.USD = &cost
	}
	p.mu.Unlock()
	same := s.InFlight == p.last.InFlight && maps.Equal(s.Counts, p.last.Counts)
	if !always && same && time.Since(p.since) < p.o.Heartbeat {
		return
	}
	p.last, p.since = s, time.Now()
	_, _ = p.w.Write(append(mustEncode(s), '\n'))
}

// inSeconds has three digits after the point.
func inSeconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func now() string { return stamp(time.Now()) }

// mustEncode encodes what always can be: our own structs of text and numbers.
func mustEncode(v any) []byte {
	text, err := encode(v)
	if err != nil {
		panic(err)
	}
	return text
}
