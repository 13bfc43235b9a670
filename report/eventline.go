package report

import (
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A LoggedEvent is an event of the ledger with what stands around it.
type LoggedEvent struct {
	Seq   int64  // its place in the ledger
	Batch string // id
	Task  string // id; "" for events of the batch and task.added
	batch.Event

	// Info is needed for batch.opened only.
	Info batch.Info

	// Mask hides secrets in what came from outside; nil hides nothing.
	Mask func(string) string
}

// An eventLine is such an event as an object; schemas/event.schema.json
// describes it. A result is told by its size only.
type eventLine struct {
	Seq         int64         `json:"seq"`
	Time        string        `json:"time"`
	Batch       string        `json:"batch"`
	Event       batch.Kind    `json:"event"`
	Name        string        `json:"name,omitempty"`
	Provider    string        `json:"provider,omitempty"`
	Tasks       *int          `json:"tasks,omitempty"`
	Task        string        `json:"task,omitempty"`
	Position    *int          `json:"position,omitempty"`
	Last        *int          `json:"last,omitempty"`
	Attempt     int           `json:"attempt,omitempty"`
	Digest      string        `json:"digest,omitempty"`
	Marker      string        `json:"marker,omitempty"`
	RunID       string        `json:"runId,omitempty"`
	Status      string        `json:"status,omitempty"`
	SessionID   string        `json:"sessionId,omitempty"`
	AgentID     string        `json:"agentId,omitempty"`
	CreatedAt   string        `json:"createdAt,omitempty"`
	StartedAt   string        `json:"startedAt,omitempty"`
	EndedAt     string        `json:"endedAt,omitempty"`
	Cause       *batch.Cause  `json:"cause,omitempty"`
	ResultBytes *int64        `json:"resultBytes,omitempty"`
	Outcome     batch.Outcome `json:"outcome,omitempty"`
	Reason      batch.Reason  `json:"reason,omitempty"`
	Problems    int           `json:"problems,omitempty"`
	Candidates  []string      `json:"candidates,omitempty"`
	Leaked      []string      `json:"leaked,omitempty"`
	Message     string        `json:"message,omitempty"`
	Then        batch.State   `json:"then,omitempty"`
	Stale       bool          `json:"stale,omitempty"`
	Reused      *reused       `json:"reused,omitempty"`
	Retries     int           `json:"retries,omitempty"`
	Of          int           `json:"of,omitempty"`
	After       string        `json:"after,omitempty"`
	Why         string        `json:"why,omitempty"`
	Policy      *policyObject `json:"policy,omitempty"`
	Whole       []wholeObject `json:"batchExpect,omitempty"`
}

// Line is the event as an object on one line, its end included.
func (l LoggedEvent) Line() []byte {
	mask := func(s string) string {
		if s == "" || l.Mask == nil {
			return s
		}
		return l.Mask(s)
	}
	out := eventLine{
		Seq: l.Seq, Time: stamp(l.At), Batch: l.Batch, Event: l.Kind, Task: l.Task, Attempt: l.Attempt,
		Digest: l.Digest, Marker: l.Marker, AgentID: l.Agent, Message: mask(l.Message),
		Then: l.Then, Stale: l.Stale, Retries: l.Retries, Of: l.Of, After: stamp(l.After), Why: string(l.Why),
		Policy: policyOf(l.Policy), Whole: wholeOf(l.Whole, false),
	}
	if l.Reuse != nil {
		said := reusedOf(l.Reuse)
		out.Reused = &said
	}
	switch l.Kind {
	case batch.BatchOpened:
		out.Name, out.Provider, out.Tasks = l.Info.Name, l.Info.Provider, &l.Info.Total
	case batch.TaskAdded:
		out.Last = &l.Last
	}
	if l.Position >= 0 {
		out.Position = &l.Position
	}
	if r := l.Run; r != nil {
		out.RunID, out.SessionID, out.Status = r.ID, mask(r.SessionID), string(r.Status)
		if !r.Status.Known() {
			out.Status = mask(out.Status)
		}
		out.CreatedAt, out.StartedAt, out.EndedAt = stamp(r.CreatedAt), stamp(r.StartedAt), stamp(r.EndedAt)
		if r.Cause != nil {
			out.Cause = &batch.Cause{Code: mask(r.Cause.Code), Message: mask(r.Cause.Message)}
		}
		if l.Kind == batch.AttemptEnded {
			out.ResultBytes = &r.Result.Size
		}
	}
	if v := l.Verdict; v != nil {
		out.Outcome, out.Reason, out.Problems = v.Outcome, v.Reason, len(v.Problems)
		out.Candidates, out.Leaked, out.Message = v.Candidates, v.Leaked, mask(v.Message)
		if len(v.Problems) > 0 { // whose words quote the result
			p := v.Problems[0]
			out.Message = mask(joined(": ", p.InstancePath, p.Keyword, p.Expression))
		}
	}
	return append(mustEncode(out), '\n')
}

// Detail is the event on one line for people.
func (l LoggedEvent) Detail() string {
	parts := []string{ClockDetail(l.At), string(l.Kind), l.Task}
	if l.Attempt > 0 {
		parts = append(parts, "attempt "+Count(l.Attempt))
	}
	if l.Kind == batch.TaskAdded {
		parts = append(parts, counted(l.Last-l.Position+1, "task", "tasks"))
	}
	message := l.Message
	if r := l.Run; r != nil {
		parts = append(parts, r.ID, string(r.Status))
		if l.Kind == batch.AttemptEnded {
			parts = append(parts, Count(int(r.Result.Size))+" bytes")
		}
		if r.Cause != nil {
			message = joined(": ", r.Cause.Code, r.Cause.Message)
		}
	}
	if v := l.Verdict; v != nil {
		parts = append(parts, string(outcomeAfter(l.Event)))
		message = joined(": ", string(v.Reason), verdictInWords(*v))
		if l.Kind == batch.TaskRetried {
			message = joined(": ", again(l.Event), message)
		}
	}
	if l.Kind == batch.TaskChanged {
		parts = append(parts, changed(l.Event))
	}
	if l.Reuse != nil {
		parts = append(parts, "result of batch "+l.Reuse.Batch+", run "+l.Reuse.RunID)
	}
	if l.Why != "" {
		parts = append(parts, string(l.Why))
	}
	line := joined("  ", append(parts, l.Agent, message)...)
	if l.Mask != nil {
		line = l.Mask(line)
	}
	return fit(Clean(line), maxLine)
}

// ClockDetail is the time of day that a line of details begins with.
func ClockDetail(at time.Time) string { return at.Local().Format("15:04:05.000") }
