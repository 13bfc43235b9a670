package cli_test

import (
	"bytes"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bbbatch/bbbatch/report"
	"github.com/bbbatch/bbbatch/schema"
)

// valid event|result FILE… checks every line of files, or of stdout and stderr,
// against the schema that `bbbatch schema` prints. There must be a line.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: valid event|result FILE…")
	}
	text := map[string][]byte{"event": report.EventSchema(), "result": report.ResultSchema()}[args[0]]
	s, err := schema.Compile(text, schema.Options{})
	ts.Check(err)
	for _, name := range args[1:] {
		lines := bytes.SplitAfter([]byte(ts.ReadFile(name)), []byte("\n"))
		if len(lines) < 2 || len(lines[len(lines)-1]) > 0 {
			ts.Fatalf("%s: has no line, or does not end with one", name)
		}
		for _, line := range lines[:len(lines)-1] {
			for _, p := range s.Validate(line) {
				ts.Fatalf("%s: %s%s: %s", name, line, p.InstancePath, p.Message)
			}
		}
	}
}

// A property that the schemas do not name is told by them, wherever it stands.
func TestTheSchemasForbidWhatTheyDoNotName(t *testing.T) {
	for _, c := range []struct {
		schema []byte
		good   string
		bad    []string
	}{
		{report.EventSchema(), `{"time":"2026-01-02T03:04:05Z","event":"message","message":"x"}`, []string{
			`{"time":"2026-01-02T03:04:05Z","event":"message","message":"x","more":1}`,
			`{"time":"2026-01-02T03:04:05Z","event":"message"}`,
			`{"time":"2026-01-02T03:04:05Z","event":"batch.halted","message":"x"}`,
			`{"time":"2026-01-02T03:04:05Z","event":"message","message":"x","seq":1}`,
			`{"time":"yesterday","event":"message","message":"x"}`,
			`{"time":"2026-01-02T03:04:05Z","event":"other","message":"x"}`,
		}},
		{report.EventSchema(), `{"seq":1,"time":"2026-01-02T03:04:05Z","batch":"0123abcd","event":"attempt.ended","task":"a","position":0,"attempt":1,"runId":"r","status":"FAILED","cause":{"code":"c"},"resultBytes":0}`, []string{
			`{"seq":1,"time":"2026-01-02T03:04:05Z","batch":"0123abcd","event":"attempt.ended","task":"a","position":0,"attempt":1,"runId":"r","status":"FAILED","cause":{"code":"c","x":1},"resultBytes":0}`,
			`{"seq":1,"time":"2026-01-02T03:04:05Z","batch":"0123abcd","event":"attempt.ended","task":"a","position":0,"attempt":1,"runId":"r","status":"FAILED","result":{},"resultBytes":0}`,
		}},
	} {
		s, err := schema.Compile(c.schema, schema.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if problems := s.Validate([]byte(c.good)); len(problems) > 0 {
			t.Errorf("%s: %v", c.good, problems)
		}
		for _, bad := range c.bad {
			if len(s.Validate([]byte(bad))) == 0 {
				t.Errorf("%s: got no problem", bad)
			}
		}
	}
}
