package api

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// A Run is one execution of an agent as the service described it. Only RunID
// and Status are sure to be there; whatever else was absent, null, of the wrong
// type or unreadable is zero. Unknown members are ignored, and of two members
// with one name the last wins.
type Run struct {
	RunID     string // 1 to 256 visible characters
	Partial   bool   // the answer could not be read to its end: what is absent may have been there
	Task      string // the text as echoed, cut to 262,144 characters
	Status    string // the service's word, cut to 64 characters
	AgentID   string // at most 256 characters, else ""; likewise the next two
	SessionID string // may come later than the run
	SandboxID string

	ResultSchema json.RawMessage // as echoed; nil when over 1 MiB

	// Result is the raw result; nil when the run has none, when it is in
	// ResultFile, and for a large one on a page. ResultSize is always its
	// length in bytes, 0 for none. A result of null is none.
	Result     json.RawMessage
	ResultFile string // the caller's to remove
	ResultSize int64

	Cause *Cause

	CreatedAt time.Time // UTC; likewise the others
	UpdatedAt time.Time
	StartedAt time.Time
	EndedAt   time.Time
}

// A Cause is the service's account of a failed run.
type Cause struct {
	Code    string // at most 200 characters; one that was cut ends with "…", likewise Message
	Message string // at most 2,000 characters
}

// Limits bound what is kept of an answer; see [Config].
type Limits struct {
	MaxResultBytes int64
	MaxPageBytes   int64 // 0 stands for DefaultMaxPageBytes
	SpillDir       string
}

const (
	maxID      = 256
	maxStatus  = 64
	maxTask    = 256 << 10
	maxSchema  = 1 << 20
	maxCode    = 200
	maxCauseIn = 2000
)

// A FieldError is a run without a member that it can't be used without.
type FieldError struct{ Field string } // runId or status

func (e *FieldError) Error() string {
	return e.Field + ": missing, not a string, empty, or unreadable"
}

// DecodeRun reads a document that is one run. Beside an error the Run holds
// what was read before it, but no result: a RunID there was whole.
func DecodeRun(r io.Reader, l Limits) (Run, error) {
	s := NewScanner(r)
	d := runDecoder{scan: s, limits: l}
	err := d.decode()
	if err == nil {
		err = s.End()
	}
	if err == nil {
		err = d.check()
	}
	if err == nil {
		err = d.keepResult()
	}
	if err != nil {
		d.result.discard()
		d.run.Result, d.run.ResultFile, d.run.ResultSize = nil, "", 0
	}
	return d.run, err
}

// A runDecoder reads one run from a scanner.
type runDecoder struct {
	scan   *Scanner
	limits Limits
	run    Run
	result capture
}

func (d *runDecoder) decode() error { return d.scan.Object(d.member) }

// check says which member is missing without which nothing can be done.
func (d *runDecoder) check() error {
	switch {
	case d.run.RunID == "":
		return &FieldError{Field: "runId"}
	case d.run.Status == "":
		return &FieldError{Field: "status"}
	}
	return nil
}

// keepResult puts the captured result into the run.
func (d *runDecoder) keepResult() error {
	file, err := d.result.close()
	if err != nil {
		return err
	}
	d.run.ResultSize, d.run.ResultFile = d.result.size, file
	if file == "" && d.result.size > d.result.limit {
		return fmt.Errorf("a result of %d bytes: %w", d.result.size, ErrTooLarge)
	}
	if file == "" && d.result.size > 0 {
		d.run.Result = d.result.data
	}
	return nil
}

func (d *runDecoder) member(name string) (err error) {
	s, run := d.scan, &d.run
	switch name {
	case "runId":
		run.RunID, err = s.id()
	case "task":
		run.Task, _, err = s.Text(maxTask)
	case "status":
		run.Status, err = s.words(maxStatus)
	case "agentId":
		run.AgentID, err = s.id()
	case "sessionId":
		run.SessionID, err = s.id()
	case "sandboxId":
		run.SandboxID, err = s.id()
	case "resultSchema":
		run.ResultSchema, err = s.rawOrNull(maxSchema)
	case "result":
		err = d.readResult()
	case "cause":
		run.Cause, err = readCause(s)
	case "createdAt":
		run.CreatedAt, err = s.Time()
	case "updatedAt":
		run.UpdatedAt, err = s.Time()
	case "startedAt":
		run.StartedAt, err = s.Time()
	case "endedAt":
		run.EndedAt, err = s.Time()
	default:
		err = s.Skip()
	}
	return err
}

func (d *runDecoder) readResult() error {
	d.result.discard() // of an earlier member with this name
	d.result = capture{limit: d.limits.MaxResultBytes, spill: d.limits.SpillDir}
	first, err := d.scan.Peek()
	if err != nil {
		return err
	}
	if first == 'n' {
		return d.scan.Skip()
	}
	return d.scan.captured(&d.result, d.scan.value)
}

// readCause reads {code, message}; a plain string is a message.
func readCause(s *Scanner) (*Cause, error) {
	first, err := s.Peek()
	if err != nil {
		return nil, err
	}
	var c Cause
	switch first {
	case '{':
		err = s.Object(func(name string) (err error) {
			switch name {
			case "code":
				c.Code, err = s.words(maxCode)
			case "message":
				c.Message, err = s.words(maxCauseIn)
			default:
				err = s.Skip()
			}
			return err
		})
	case '"':
		c.Message, err = s.words(maxCauseIn)
	default:
		err = s.Skip()
	}
	if err != nil || c == (Cause{}) {
		return nil, err
	}
	return &c, nil
}

// words reads text for people, cut to limit characters. One that was cut ends
// with "…", by which half a secret at its end can be told.
func (s *Scanner) words(limit int) (string, error) {
	text, whole, err := s.Text(limit)
	if err != nil || whole || text == "" {
		return text, err
	}
	return cut(text+"…", limit), nil
}

// id reads an id; "" when it is none that could be used.
func (s *Scanner) id() (string, error) {
	id, whole, err := s.Text(maxID)
	if err != nil || !whole || !printable(id) {
		return "", err
	}
	return id, nil
}

// rawOrNull reads any value; nil for null and for more than limit bytes.
func (s *Scanner) rawOrNull(limit int64) (json.RawMessage, error) {
	first, err := s.Peek()
	if err != nil {
		return nil, err
	}
	if first == 'n' {
		return nil, s.Skip()
	}
	raw, _, err := s.Raw(limit)
	return raw, err
}

// Time reads any value into a time in UTC, zero when it is not RFC 3339.
func (s *Scanner) Time() (time.Time, error) {
	text, _, err := s.Text(64)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, nil
	}
	return t.UTC(), nil
}
