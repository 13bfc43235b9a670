package report

import (
	"bytes"
	"io"
	"strconv"

	"github.com/bbbatch/bbbatch/batch"
)

// DetailRecord writes a task for programs: one JSON object on a line. It is the
// record of the JSONL report with more members: state, retries (used up) and
// nextAttemptAt where it is to be tried again, text, agentId, timeoutSeconds,
// schema, events and, when it was asked for, messages.
func DetailRecord(w io.Writer, d Detail) error {
	b := bytes.TrimSuffix(appendRecord(nil, d.Record), []byte("}\n"))
	b = appendText(append(b, `,"state":`...), string(d.Record.State))
	if d.Row.Retries > 0 {
		b = strconv.AppendInt(append(b, `,"retries":`...), int64(d.Row.Retries), 10)
	}
	if at := stamp(d.Row.After); at != "" {
		b = appendText(append(b, `,"nextAttemptAt":`...), at)
	}
	b = appendText(append(b, `,"text":`...), d.Row.Text)
	if d.Row.AgentID != "" {
		b = appendText(append(b, `,"agentId":`...), d.Row.AgentID)
	}
	if d.Row.Timeout > 0 {
		b = append(b, `,"timeoutSeconds":`...)
		b = strconv.AppendFloat(b, d.Row.Timeout.Seconds(), 'f', -1, 64)
	}
	if d.Schema != nil {
		b = appendRaw(append(b, `,"schema":`...), d.Schema)
	}
	b = append(b, `,"events":[`...)
	for i, e := range d.Events {
		text, err := encode(eventRecordOf(e))
		if err != nil {
			return err
		}
		b = append(comma(b, i), text...)
	}
	b = append(b, ']')
	if d.HasMessages {
		b = append(b, `,"messages":[`...)
		for i, m := range d.Messages {
			b = appendRaw(comma(b, i), m)
		}
		b = append(b, ']')
	}
	_, err := w.Write(append(b, '}', '\n'))
	return err
}

// An eventRecord is an event of one task as programs read it.
type eventRecord struct {
	Time          *string       `json:"time"`
	Event         batch.Kind    `json:"event"`
	Attempt       int           `json:"attempt,omitempty"`
	RunID         string        `json:"runId,omitempty"`
	Status        batch.Status  `json:"status,omitempty"`
	Outcome       batch.Outcome `json:"outcome,omitempty"`
	Reason        batch.Reason  `json:"reason,omitempty"`
	Message       string        `json:"message,omitempty"`
	Digest        string        `json:"digest,omitempty"`
	OffsetSeconds float64       `json:"offsetSeconds,omitempty"` // the service's clock minus ours
	ResultBytes   int64         `json:"resultBytes,omitempty"`

	Then    batch.State      `json:"then,omitempty"`
	Stale   bool             `json:"stale,omitempty"`
	Reused  *batch.Reuse     `json:"reused,omitempty"`
	Retries int              `json:"retries,omitempty"`
	After   string           `json:"after,omitempty"`
	Why     batch.StopReason `json:"why,omitempty"`
}

func eventRecordOf(e batch.Event) eventRecord {
	r := eventRecord{
		Time: stampOrNull(e.At), Event: e.Kind, Attempt: e.Attempt, Message: e.Message,
		Digest: e.Digest, OffsetSeconds: e.Offset.Seconds(),
		Then: e.Then, Stale: e.Stale, Reused: e.Reuse, Retries: e.Retries, After: stamp(e.After), Why: e.Why,
	}
	if e.Run != nil {
		r.RunID, r.Status, r.ResultBytes = e.Run.ID, e.Run.Status, e.Run.Result.Size
	}
	if v := e.Verdict; v != nil {
		r.Outcome, r.Reason = v.Outcome, v.Reason
		if r.Message == "" {
			r.Message = v.Message
		}
	}
	return r
}
