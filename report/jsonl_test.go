package report

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

func TestJSONL(t *testing.T) {
	passed := done(0, "sku-1", batch.Passed, "{ \"price\" : 1.50,\n \"a\":\"<b>&\u2028\" }")
	passed.Row = []byte(`{"sku": "x", "n": 1.0}`)
	passed.Verdict.Unwrapped = true
	failed := done(1, "sku-2", batch.Failed, "")
	failed.Verdict.Reason, failed.Verdict.Message = batch.RunFailed, "no <luck>"
	failed.Attempts = []batch.Attempt{
		{Number: 1, Message: "429 too many requests"},
		{Number: 2, RunID: "r", Status: "FAILED", SessionID: "s", Cause: &batch.Cause{Code: "boom", Message: "b"}, CreatedAt: noon.In(time.FixedZone("", 3600))},
	}
	invalid := done(2, "sku-3", batch.Invalid, `{"price":0}`)
	invalid.Verdict.Problems = []schema.Problem{
		{Kind: "schema", InstancePath: "/price", Keyword: "exclusiveMinimum", Message: "must be > 0", Expected: json.RawMessage("0"), Actual: json.RawMessage("0")},
		{Kind: "depth", Keyword: "depth", Message: "m", Actual: json.RawMessage("[broken")},
	}
	unknown := batch.Record{Position: 3, ID: "sku-4", State: batch.StateDone, Outcome: batch.Unknown,
		Verdict: batch.Verdict{Outcome: batch.Unknown, Candidates: []string{"a", "b"}}, BatchID: "7f3a0c11"}
	file := done(4, "sku-5", batch.Passed, "")
	file.StateDir = filepath.FromSlash("/state")
	file.Result = batch.Result{File: filepath.FromSlash("results/7f3a0c11/4-1.json"), Size: 2000000}
	s := &memory{records: []batch.Record{passed, failed, invalid, unknown, file}}
	one := `{"runId":"run-ID","status":"COMPLETED","createdAt":"2026-03-01T12:00:00.000Z","startedAt":"2026-03-01T12:00:01.000Z","endedAt":"2026-03-01T12:00:05.250Z","sessionId":null,"cause":null}`
	end := `,"run":"r1:aa","judge":"j1:bb","template":"tasks[0]","batch":"7f3a0c11"}` + "\n"
	want := `{"id":"sku-1","outcome":"passed","status":"COMPLETED","result":{"price":1.50,"a":"<b>&` + "\u2028" + `"},"unwrapped":true,"errors":[],"row":{"sku":"x","n":1.0},"attempts":[` + strings.ReplaceAll(one, "ID", "sku-1") + `]` + end +
		`{"id":"sku-2","outcome":"failed","reason":"run_failed","status":"FAILED","errors":[],"message":"no <luck>","attempts":[{"runId":null,"status":null,"createdAt":null,"startedAt":null,"endedAt":null,"sessionId":null,"cause":null,"message":"429 too many requests"},{"runId":"r","status":"FAILED","createdAt":"2026-03-01T12:00:00.000Z","startedAt":null,"endedAt":null,"sessionId":"s","cause":{"code":"boom","message":"b"}}]` + end +
		`{"id":"sku-3","outcome":"invalid","status":"COMPLETED","result":{"price":0},"errors":[{"kind":"schema","instancePath":"/price","keyword":"exclusiveMinimum","message":"must be > 0","expected":0,"actual":0},{"kind":"depth","instancePath":"","keyword":"depth","message":"m"}],"attempts":[` + strings.ReplaceAll(one, "ID", "sku-3") + `]` + end +
		`{"id":"sku-4","outcome":"unknown","status":null,"errors":[],"candidates":["a","b"],"attempts":[],"run":"","judge":"","template":"","batch":"7f3a0c11"}` + "\n" +
		`{"id":"sku-5","outcome":"passed","status":"COMPLETED","resultFile":"results/7f3a0c11/4-1.json","resultBytes":2000000,"errors":[],"attempts":[` + strings.ReplaceAll(one, "ID", "sku-5") + `]` + end
	if diff := cmp.Diff(want, rendered(t, JSONL, s)); diff != "" {
		t.Error(diff)
	}
}

func TestResultFileIsRelativeToTheStateFolder(t *testing.T) {
	state := t.TempDir()
	rec := batch.Record{StateDir: state, Result: batch.Result{File: filepath.Join(state, "results", "7f3a", "4-1.json"), Size: 1}}
	if got, want := sideName(rec), "results/7f3a/4-1.json"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	elsewhere := filepath.Join(t.TempDir(), "x.json")
	rec.Result.File = elsewhere
	if got, want := sideName(rec), filepath.ToSlash(elsewhere); got != want {
		t.Errorf("outside of it: got %q, want %q", got, want)
	}
}

// Whatever came, a record is one line, and the line is JSON.
func TestRecordIsAlwaysOneLineOfJSON(t *testing.T) {
	for _, raw := range []string{
		"", "{", "=1+1", "\x00\xff\"\\\n", `{"a":1} {}`, "\"a\nb\"", " [ 1,\r\n2 ] ", `{"a":"` + "\u2028" + `"}`, `"\ud800"`,
	} {
		rec := done(0, raw, batch.Invalid, raw)
		rec.Row = []byte(raw)
		rec.Verdict.Message = raw
		rec.Attempts[0].Cause = &batch.Cause{Code: raw}
		line := string(appendRecord(nil, rec))
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || !json.Valid([]byte(line)) {
			t.Errorf("%q: got %q, want one line of JSON", raw, line)
		}
		var back struct {
			Result  json.RawMessage
			Message string
		}
		if err := json.Unmarshal([]byte(line), &back); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(raw, "\uFFFD"); back.Message != want {
			t.Errorf("message: got %q, want %q", back.Message, want)
		}
		var text string
		if raw != "" && !json.Valid([]byte(raw)) {
			if err := json.Unmarshal(back.Result, &text); err != nil || text != strings.ToValidUTF8(raw, "\uFFFD") {
				t.Errorf("result: got %q, %v, want a string of %q", text, err, raw)
			}
		}
	}
}

func TestDeepResultIsCopiedAsItCame(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 100_000) + strings.Repeat(`]}`, 100_000)
	line := string(appendRecord(nil, done(0, "a", batch.Invalid, deep)))
	if !strings.Contains(line, `"result":`+deep+`,"errors":`) {
		t.Errorf("got %.80s…, want the result as it came", line)
	}
}
