package report

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

func writeLines(w io.Writer, o Options, s Source) error {
	var line []byte
	for rec, err := range s.Records(0) {
		if err != nil {
			return err
		}
		shown, err := o.shows(rec)
		if err != nil {
			return err
		}
		if !shown {
			continue
		}
		line = appendRecord(line[:0], rec)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// appendRecord appends a task's line, LF included. The keys come in the order
// of the documentation; those of the first kind are always there, null or
// empty where nothing is known, the others only when they say something.
//
// The line is put together by hand because encoding/json would read the result
// again: it gives up at 10,000 levels and escapes < > &.
func appendRecord(b []byte, rec batch.Record) []byte {
	v := rec.Verdict
	b = appendText(append(b, `{"id":`...), rec.ID)
	b = appendText(append(b, `,"outcome":`...), string(rec.Outcome))
	if v.Reason != "" {
		b = appendText(append(b, `,"reason":`...), string(v.Reason))
	}
	b = appendTextOrNull(append(b, `,"status":`...), string(newest(rec).Status))
	b = appendResult(b, rec)
	b = appendProblems(append(b, `,"errors":`...), v.Problems)
	if v.Message != "" {
		b = appendText(append(b, `,"message":`...), v.Message)
	}
	if len(v.Candidates) > 0 {
		b = appendTexts(append(b, `,"candidates":`...), v.Candidates)
	}
	if len(v.Leaked) > 0 {
		b = appendTexts(append(b, `,"leaked":`...), v.Leaked)
	}
	if len(rec.Row) > 0 {
		b = appendRaw(append(b, `,"row":`...), rec.Row)
	}
	if len(rec.Matrix) > 0 {
		b = appendRaw(append(b, `,"matrix":`...), rec.Matrix)
	}
	b = appendBelonging(b, rec)
	b = append(b, `,"attempts":[`...)
	for i, a := range rec.Attempts {
		b = appendAttempt(comma(b, i), a, rec.Price)
	}
	b = appendText(append(b, `],"run":`...), rec.Run)
	b = appendText(append(b, `,"judge":`...), rec.Judge)
	if v.Schema != "" {
		b = appendText(append(b, `,"schema":`...), v.Schema)
	}
	b = appendText(append(b, `,"template":`...), rec.Template)
	b = appendText(append(b, `,"batch":`...), rec.BatchID)
	return append(b, '}', '\n')
}

// appendBelonging appends what the task belongs to, and what an edit of the
// manifest or an earlier batch have to do with it.
func appendBelonging(b []byte, rec batch.Record) []byte {
	if rec.Group != "" {
		b = appendText(append(b, `,"group":`...), rec.Group)
	}
	if len(rec.Tags) > 0 {
		b = appendTexts(append(b, `,"tags":`...), rec.Tags)
	}
	if rec.Repeat != nil {
		b = append(append(b, `,"repeat":`...), mustEncode(rec.Repeat)...)
	}
	if rec.Stale {
		b = append(b, `,"stale":true`...)
	}
	if rec.Left {
		b = append(b, `,"left":true`...)
	}
	if r := rec.Reuse; r != nil {
		b = append(append(b, `,"reused":`...), mustEncode(reusedOf(r))...)
	}
	return b
}

// appendResult appends the result, or where it lies, and where in it the judged
// value is, unless that is the whole of it. A task that waits to be tried again has none: that
// of the attempt before was judged, and not good enough.
func appendResult(b []byte, rec batch.Record) []byte {
	if rec.State == batch.StatePending && !rec.Stands() {
		return b
	}
	r := rec.Result
	inFile := r.Present() && r.File != ""
	if r.Present() && !inFile {
		b = appendRaw(append(b, `,"result":`...), r.Raw)
	}
	if rec.Verdict.Unwrapped {
		b = append(b, `,"unwrapped":true`...)
	}
	if way := rec.Way(); way != nil && !rec.Verdict.Unwrapped {
		b = appendText(append(b, `,"resultPath":`...), strings.Join(way, "."))
	}
	if inFile {
		b = appendText(append(b, `,"resultFile":`...), sideName(rec))
		b = strconv.AppendInt(append(b, `,"resultBytes":`...), r.Size, 10)
	}
	return b
}

// sideName is the result file as records name it: relative to the state
// folder, with slashes, so that it is the same on every machine that the folder
// is moved to.
func sideName(rec batch.Record) string {
	name := rec.Result.File
	if filepath.IsAbs(name) {
		rel, err := filepath.Rel(rec.StateDir, name)
		if err == nil && filepath.IsLocal(rel) {
			name = rel
		}
	}
	return filepath.ToSlash(name)
}

func appendProblems(b []byte, problems []schema.Problem) []byte {
	b = append(b, '[')
	for i, p := range problems {
		text, err := encode(p)
		if err != nil {
			// One of these is no JSON; the problem is one all the same.
			p.Expected, p.Actual, p.Values = nil, nil, nil
			text, _ = encode(p)
		}
		b = append(comma(b, i), text...)
	}
	return append(b, ']')
}

func appendAttempt(b []byte, a batch.Attempt, p *batch.Price) []byte {
	b = appendTextOrNull(append(b, `{"runId":`...), a.RunID)
	b = appendTextOrNull(append(b, `,"status":`...), string(a.Status))
	for _, t := range [...]struct {
		key string
		at  time.Time
	}{{`,"createdAt":`, a.CreatedAt}, {`,"startedAt":`, a.StartedAt}, {`,"endedAt":`, a.EndedAt}} {
		b = appendTextOrNull(append(b, t.key...), stamp(t.at))
	}
	b = appendTextOrNull(append(b, `,"sessionId":`...), a.SessionID)
	b = append(b, `,"cause":`...)
	if a.Cause == nil {
		b = append(b, "null"...)
	} else {
		b = appendText(append(b, `{"code":`...), a.Cause.Code)
		if a.Cause.Message != "" {
			b = appendText(append(b, `,"message":`...), a.Cause.Message)
		}
		b = append(b, '}')
	}
	if a.Outcome != "" {
		b = appendText(append(b, `,"outcome":`...), string(a.Outcome))
	}
	if a.Reason != "" {
		b = appendText(append(b, `,"reason":`...), string(a.Reason))
	}
	cost := chargeOf(a, p)
	if n := cost.minutes(); n != "" {
		b = append(append(b, `,"minutes":`...), n...)
	}
	if n := cost.dollars(); n != "" {
		b = appendText(append(b, `,"usd":`...), n)
	}
	if a.Message != "" {
		b = appendText(append(b, `,"message":`...), a.Message)
	}
	return append(b, '}')
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, s := range texts {
		b = appendText(comma(b, i), s)
	}
	return append(b, ']')
}

// appendRaw appends JSON that came from outside, on one line. What turns out
// to be no JSON is appended as a string of what came, so that the line stays
// readable.
func appendRaw(b, raw []byte) []byte {
	b, ok := compact(b, raw)
	if !ok {
		b = appendText(b, string(raw))
	}
	return b
}

func appendTextOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendText(b, s)
}

// appendText appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendText(b []byte, s string) []byte {
	if isPlain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	text, _ := encode(s) // a string always encodes
	return append(b, text...)
}

// isPlain reports whether s is the same in JSON, which most ids, times and
// words are.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// comma appends the comma before every element but the first.
func comma(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}
