package ledger

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// eventData is the data column of an event. Its names are part of the file
// format: they stay when the engine's words change. What a run echoes of its
// request is not kept, and neither is its result, which lives once, in its own
// row or file.
type eventData struct {
	Last    *int                 `json:"last,omitempty"`
	Digest  string               `json:"digest,omitempty"`
	Marker  string               `json:"marker,omitempty"`
	Offset  int64                `json:"offset,omitempty"`
	Run     *runData             `json:"run,omitempty"`
	Echo    *string              `json:"echo,omitempty"`
	Verdict json.RawMessage      `json:"verdict,omitempty"`
	Message string               `json:"message,omitempty"`
	Agent   string               `json:"agent,omitempty"`
	Schema  string               `json:"schema,omitempty"` // digest
	Then    string               `json:"then,omitempty"`
	Stale   bool                 `json:"stale,omitempty"`
	Reuse   *batch.Reuse         `json:"reuse,omitempty"`
	Retries int                  `json:"retries,omitempty"`
	Of      int                  `json:"of,omitempty"`
	After   int64                `json:"after,omitempty"`
	Why     string               `json:"why,omitempty"`
	Policy  *batch.Policy        `json:"policy,omitempty"`
	Whole   []batch.WholeVerdict `json:"whole,omitempty"`
}

type runData struct {
	ID         string     `json:"id,omitempty"`
	Status     string     `json:"status,omitempty"`
	AgentID    string     `json:"agentId,omitempty"`
	SessionID  string     `json:"sessionId,omitempty"`
	Cause      *causeData `json:"cause,omitempty"`
	CreatedAt  int64      `json:"createdAt,omitempty"`
	StartedAt  int64      `json:"startedAt,omitempty"`
	EndedAt    int64      `json:"endedAt,omitempty"`
	ResultSize int64      `json:"resultSize,omitempty"`
}

type causeData struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

// parseCause reads a stored cause; nil is none.
func parseCause(text []byte) (*batch.Cause, error) {
	if text == nil {
		return nil, nil
	}
	var d causeData
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	return (*batch.Cause)(&d), nil
}

type verdictData struct {
	Outcome    string          `json:"outcome"`
	Reason     string          `json:"reason,omitempty"`
	Message    string          `json:"message,omitempty"`
	Problems   json.RawMessage `json:"problems,omitempty"`
	Schema     string          `json:"schema,omitempty"`
	Unwrapped  bool            `json:"unwrapped,omitempty"`
	Candidates []string        `json:"candidates,omitempty"`
	Leaked     []string        `json:"leaked,omitempty"`
}

// clean makes a copy of e whose words can be stored and read back unchanged:
// what a service sends need not be text.
func clean(e batch.Event) batch.Event {
	e.Message = text(e.Message)
	e.Agent = text(e.Agent)
	if e.Run != nil {
		run := *e.Run
		run.ID, run.SessionID, run.AgentID = text(run.ID), text(run.SessionID), text(run.AgentID)
		run.Status = batch.Status(text(string(run.Status)))
		if run.Cause != nil {
			run.Cause = &batch.Cause{Code: text(run.Cause.Code), Message: text(run.Cause.Message)}
		}
		e.Run = &run
	}
	if e.Verdict != nil {
		v := *e.Verdict
		v.Message = text(v.Message)
		e.Verdict = &v
	}
	for i, v := range e.Whole {
		if i == 0 {
			e.Whole = slices.Clone(e.Whole)
		}
		v.Message, v.Values = text(v.Message), valid(v.Values)
		e.Whole[i] = v
	}
	return e
}

func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// encode returns the data column of a clean event, and the verdict's alone.
func encode(e batch.Event) (data, verdict []byte, err error) {
	d := eventData{Digest: e.Digest, Marker: e.Marker, Offset: int64(e.Offset), Message: e.Message, Agent: e.Agent,
		Then: string(e.Then), Stale: e.Stale, Reuse: e.Reuse, Retries: e.Retries, Of: e.Of, After: nanos(e.After).Int64, Why: string(e.Why), Policy: e.Policy, Whole: e.Whole,
	}
	if e.Echo != nil {
		words := echoWords(e.Echo).String
		d.Echo = &words
	}
	switch e.Kind {
	case batch.TaskAdded:
		d.Last = &e.Last
	case batch.AgentRead:
		if e.Schema != nil {
			d.Schema = batch.SchemaDigest(e.Schema)
		}
	}
	if e.Verdict != nil {
		if verdict, err = encodeVerdict(*e.Verdict); err != nil {
			return nil, nil, err
		}
		d.Verdict = verdict
	}
	if r := e.Run; r != nil {
		d.Run = &runData{
			ID: r.ID, Status: string(r.Status), AgentID: r.AgentID, SessionID: r.SessionID,
			CreatedAt: nanos(r.CreatedAt).Int64, StartedAt: nanos(r.StartedAt).Int64, EndedAt: nanos(r.EndedAt).Int64,
			ResultSize: r.Result.Size,
		}
		if r.Cause != nil {
			d.Run.Cause = (*causeData)(r.Cause)
		}
	}
	data, err = marshal(d)
	return data, verdict, err
}

// decode fills e from its data column.
func decode(data []byte, e *batch.Event) error {
	var d eventData
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Errorf("a %s event: %w", e.Kind, err)
	}
	e.Digest, e.Marker, e.Offset, e.Message, e.Agent = d.Digest, d.Marker, time.Duration(d.Offset), d.Message, d.Agent
	e.Then, e.Stale, e.Reuse, e.Retries, e.Of, e.After = batch.State(d.Then), d.Stale, d.Reuse, d.Retries, d.Of, stored(d.After)
	e.Why, e.Policy, e.Whole = batch.StopReason(d.Why), d.Policy, d.Whole
	if d.Echo != nil {
		e.Echo = parseEcho(*d.Echo)
	}
	if d.Last != nil {
		e.Last = *d.Last
	}
	if r := d.Run; r != nil {
		e.Run = &batch.Observed{
			ID: r.ID, Status: batch.Status(r.Status), AgentID: r.AgentID, SessionID: r.SessionID,
			Cause:     (*batch.Cause)(r.Cause),
			CreatedAt: stored(r.CreatedAt), StartedAt: stored(r.StartedAt), EndedAt: stored(r.EndedAt),
			Result: batch.Result{Size: r.ResultSize},
		}
	}
	if d.Verdict != nil {
		v, err := decodeVerdict(d.Verdict)
		if err != nil {
			return err
		}
		e.Verdict = &v
	}
	return nil
}

// stored reads a time of an event's data, where 0 stands for none.
func stored(n int64) time.Time { return moment(sql.NullInt64{Int64: n, Valid: n != 0}) }

func encodeVerdict(v batch.Verdict) ([]byte, error) {
	d := verdictData{
		Outcome: string(v.Outcome), Reason: string(v.Reason), Message: v.Message, Schema: v.Schema,
		Unwrapped: v.Unwrapped, Candidates: v.Candidates, Leaked: v.Leaked,
	}
	if len(v.Problems) > 0 {
		problems := append(v.Problems[:0:0], v.Problems...)
		for i := range problems {
			problems[i].Expected = valid(problems[i].Expected)
			problems[i].Actual = valid(problems[i].Actual)
			problems[i].Values = valid(problems[i].Values)
		}
		var err error
		if d.Problems, err = marshal(problems); err != nil {
			return nil, err
		}
	}
	return marshal(d)
}

// valid turns what is no JSON, such as a value that was cut, into a string. A
// result must not be able to make its own verdict unstorable.
func valid(raw json.RawMessage) json.RawMessage {
	if raw == nil || json.Valid(raw) {
		return raw
	}
	quoted, err := marshal(string(raw))
	if err != nil {
		return nil
	}
	return quoted
}

func decodeVerdict(data []byte) (batch.Verdict, error) {
	var d verdictData
	if err := json.Unmarshal(data, &d); err != nil {
		return batch.Verdict{}, fmt.Errorf("a verdict: %w", err)
	}
	v := batch.Verdict{
		Outcome: batch.Outcome(d.Outcome), Reason: batch.Reason(d.Reason), Message: d.Message, Schema: d.Schema,
		Unwrapped: d.Unwrapped, Candidates: d.Candidates, Leaked: d.Leaked,
	}
	if d.Problems != nil {
		if err := json.Unmarshal(d.Problems, &v.Problems); err != nil {
			return batch.Verdict{}, fmt.Errorf("a verdict's problems: %w", err)
		}
	}
	return v, nil
}

// marshal is json.Marshal that leaves the bytes of <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
