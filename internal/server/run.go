package server

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// The status words of the reference (get-a-run).
const (
	statusPending   = "PENDING"
	statusRunning   = "RUNNING"
	statusPaused    = "PAUSED" // not in the first cut; a script's run can have it
	statusCompleted = "COMPLETED"
	statusFailed    = "FAILED"
	statusStopped   = "STOPPED"
	statusTimedOut  = "TIMED_OUT"
)

var statuses = []string{statusPending, statusRunning, statusPaused, statusCompleted, statusFailed, statusStopped, statusTimedOut}

// terminal reports whether a word is one that a run ends with.
func terminal(status string) bool {
	switch status {
	case statusCompleted, statusFailed, statusStopped, statusTimedOut:
		return true
	}
	return false
}

// runs are the runs that are kept, by id and in order of creation.
type runs struct {
	byID  map[string]*run
	order ordered[*run]
	ended []*run // oldest end first
	bytes int64  // of the results of ended
}

// A run is one run as readers see it, and what is needed to work on it. It is
// guarded by the server's mutex.
type run struct {
	number    uint64
	id        string
	agentID   string          // "" for an ad-hoc run
	task      string          // as sent
	echoed    string          // the task as it is told
	schema    json.RawMessage // echoed, its keys sorted; nil for none
	status    string
	sessionID string
	result    json.RawMessage
	cause     *Cause
	messages  []storedMessage
	createdAt time.Time
	updatedAt time.Time
	startedAt time.Time
	endedAt   time.Time // zero while the run is alive
	gone      bool      // forgotten
	told      told      // what is said of it in place of the truth; nil as a rule

	job  *job                    // what to do; nil once it is done
	stop context.CancelCauseFunc // nil unless at work
}

// A job is what a run is to do. It holds the values of variables, and is
// dropped when the work ends.
type job struct {
	task      string
	prompt    string
	schema    json.RawMessage // as sent
	settings  json.RawMessage
	variables map[string]string
}

type storedMessage struct {
	id        string
	createdAt time.Time
	message   json.RawMessage
}

func (r *run) seq() uint64        { return r.number }
func (r *run) created() time.Time { return r.createdAt }
func (r *run) forgotten() bool    { return r.gone }
func (r *run) alive() bool        { return r.endedAt.IsZero() }

// write appends the run as JSON. The schema and the result go out byte for byte,
// however deep and large they are: encoding/json would look inside.
func (r *run) write(b *bytes.Buffer) {
	b.Grow(len(r.result) + len(r.schema) + len(r.echoed) + 512)
	raw := func(name string, text []byte) {
		b.WriteString(`,"` + name + `":`)
		b.Write(text)
	}
	word := func(name, ours string) { // a word of our own, which needs no escape
		b.WriteString(`,"` + name + `":"` + ours + `"`)
	}
	b.WriteString(`{"runId":"` + r.id + `"`)
	if r.agentID != "" {
		raw("agentId", encode(r.agentID))
	}
	raw("task", encode(r.echoed))
	raw("status", encode(r.status))
	if r.sessionID != "" {
		raw("sessionId", encode(r.sessionID))
	}
	if r.schema != nil {
		raw("resultSchema", r.schema)
	}
	if r.result != nil {
		raw("result", r.result)
	}
	if r.cause != nil {
		raw("cause", encode(r.cause))
	}
	if !r.startedAt.IsZero() {
		word("startedAt", stamp(r.startedAt))
	}
	if !r.endedAt.IsZero() {
		word("endedAt", stamp(r.endedAt))
	}
	word("createdAt", stamp(r.createdAt))
	word("updatedAt", stamp(r.updatedAt))
	b.WriteByte('}')
}

func (r *run) json() json.RawMessage {
	var b bytes.Buffer
	r.write(&b)
	return b.Bytes()
}
