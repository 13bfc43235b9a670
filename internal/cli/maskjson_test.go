package cli

import (
	"encoding/json"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

func TestSecretsAreHiddenInJSON(t *testing.T) {
	masks := batch.Secrets{"PIN": "1234567", "PW": "hunter2\"\\x"}.Masker()
	for doc, want := range map[string]string{
		`{"a" : [1.10, true,null, "x\u0041"]}`:              `{"a" : [1.10, true,null, "x\u0041"]}`,
		`{"pin": 1234567, "is": "pin 1234567"}`:             `{"pin": "***PIN***", "is": "pin ***PIN***"}`,
		`["\u0068unter2\"\\x!", {"hunter2\"\\x": 1}]`:       `["***PW***!", {"***PW***": 1}]`,
		`["\\", "hunter2\"\\x"]`:                            `["\\", "***PW***"]`,
		`{"args": "{\"pw\":\"hunter2\\\"\\\\x\"}", "n": 2}`: `{"args": "{\"pw\":\"***PW***\"}", "n": 2}`,
		``: ``, `"`: `"`, `"\`: `"\`,
	} {
		got := string(masked(json.RawMessage(doc), masks))
		if got != want {
			t.Errorf("%s: got %s, want %s", doc, got, want)
		}
	}
}
