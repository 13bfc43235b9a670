package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// unwrapped is what unwrap is to do, said with a map.
func unwrapped(raw []byte) (json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil, false
	}
	for _, name := range []string{"summary", "stepsTaken", "taskDuration"} {
		delete(members, name)
	}
	output, ok := members["output"]
	output = bytes.TrimSpace(output)
	return output, ok && len(members) == 1 && output[0] == '{'
}

// Whatever a service returns for a schema, it is judged in bounded time by the
// value that the rules name, and what is not JSON fits no schema.
func FuzzJudge(f *testing.F) {
	for _, text := range []string{`{"type":"object","required":["a"]}`, `{"properties":{"output":{"type":"object"}}}`, `{"items":{"$ref":"#"},"uniqueItems":true}`} {
		for _, result := range []string{
			`{"output":{"a":1},"summary":"s","stepsTaken":3}`, `{"output":{"a":1},"output":[]}`, ` {"summary":[{}],"output": {} } `,
			`{"output":{},"more":1}`, `{"output":{}}x`, `{"output":{}`, `{}`, `null`, `[[],[[]],1e10000000]`, `{"output":{"a":01}}`, "{\"output\":{\"\x00\":1}}", ``,
		} {
			f.Add([]byte(text), []byte(result))
		}
	}
	f.Fuzz(func(t *testing.T, text, raw []byte) {
		s, err := schema.Compile(text, schema.Options{})
		if err != nil {
			return
		}
		began := time.Now()
		wrapped := false
		_, got := (&judge{schema: s}).fits(Result{Raw: raw, Size: int64(len(raw))}, &wrapped)
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("took %s for %d bytes", d, len(raw))
		}
		if len(raw) == 0 {
			if len(got) != 1 || got[0].Keyword != "result" {
				t.Errorf("got %v, want the keyword result", got)
			}
			return
		}
		judged := json.RawMessage(raw)
		output, want := unwrapped(raw)
		if want = want && !s.Declares("output"); want {
			judged = output
		}
		if wrapped != want {
			t.Fatalf("%q: got unwrapped %v, want %v", raw, wrapped, want)
		}
		if fmt.Sprint(got) != fmt.Sprint(s.Validate(judged)) {
			t.Errorf("%q: got %v, want what is said of %s", raw, got, judged)
		}
		if len(got) == 0 && !json.Valid(raw) {
			t.Errorf("%q passed and is no JSON", raw)
		}
		if len(got) > 0 && summary(got) == "" {
			t.Errorf("%q: no words for %v", raw, got)
		}
	})
}
