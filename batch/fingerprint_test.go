package batch

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bbbatch/bbbatch/schema"
)

// slowDigest is the definition: the canonical JSON of the whole.
func slowDigest(t testing.TB, s Spec) string {
	t.Helper()
	vars := map[string]map[string]string{}
	for _, v := range s.Variables {
		vars[v.Name] = map[string]string{"value": v.Masked}
		if v.Description != "" {
			vars[v.Name]["description"] = v.Description
		}
	}
	text, err := json.Marshal(map[string]any{
		"task": s.Task, "agentId": s.AgentID, "resultSchema": s.ResultSchema,
		"browserSettings": s.BrowserSettings, "variables": vars,
	})
	if err != nil {
		t.Fatal(err)
	}
	if text, err = schema.Canonical(text); err != nil {
		t.Fatal(err)
	}
	return sum(text)
}

// Fingerprints are in ledgers, so they never change, whatever was
// fingerprinted before.
func TestFingerprintIsTheCanonicalJSONOfTheWhole(t *testing.T) {
	schemas := []json.RawMessage{
		nil, json.RawMessage(`null`), json.RawMessage(`{}`),
		json.RawMessage("{ \"b\": 1.50,\n\"a\": [1e400, \"<&>\\u2028\\u00e4\\ud800\", true], \"a\": {\"z\":null,\"y\":\"\xff\xfe\"} }"),
		json.RawMessage(`{"b":1.50,"a":2}`), json.RawMessage(`{"a":2,"b":1.50}`),
	}
	texts := []string{"", "<b>&amp;</b> \"x\" \\ \u2028 ä \x00\t", "bad \xff\xfe bytes \xe4", "\uFFFD"}
	var f Fingerprinter
	n := 0
	for _, s := range schemas {
		for _, settings := range schemas {
			for _, text := range texts {
				spec := Spec{Task: text, AgentID: text, ResultSchema: s, BrowserSettings: settings}
				for _, v := range texts {
					want := "r1:" + slowDigest(t, spec)
					if got := f.RunFingerprint(spec); got != want {
						t.Errorf("%+v: got %s, want %s", spec, got, want)
					}
					if got := spec.RunFingerprint(); got != want {
						t.Errorf("alone, %+v: got %s, want %s", spec, got, want)
					}
					n++
					spec.Variables = append(spec.Variables, Variable{Name: fmt.Sprint("v", text), Value: "secret", Masked: v, Description: text})
				}
			}
		}
	}
	// One that a ledger has.
	if got, want := (Spec{Task: "t", ResultSchema: json.RawMessage(`{"b":1,"a":2}`)}).RunFingerprint(), "r1:fe892ff4f2fbd86cd667c4b5ab4b0f675cabf6571be5b415acebc3cb83f01614"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	t.Log(n, "specs")
}

func BenchmarkFingerprint(b *testing.B) {
	text := []byte(`{"type":"object","properties":{`)
	for i := range 40 {
		text = fmt.Appendf(text, `"field%d":{"type":"string","description":"what stands there"},`, i)
	}
	text = append(text, `"last":{"type":"number"}},"required":["last"]}`...)
	var f Fingerprinter
	for i := 0; b.Loop(); i++ {
		f.RunFingerprint(Spec{
			Task: fmt.Sprint("Look up product ", i), ResultSchema: text,
			Variables: []Variable{{Name: "sku", Value: fmt.Sprint(i), Masked: fmt.Sprint(i)}},
		})
	}
}
