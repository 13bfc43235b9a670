package batch

import "testing"

func TestUnwrap(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{"output":{"a":1}}`, `{"a":1}`},
		{" {\n\t\"summary\": \"s\", \"output\": {\"a\": 1}, \"stepsTaken\": 3, \"taskDuration\": 1.5}", `{"a": 1}`},
		{`{"\u006futput":{"a":1}}`, `{"a":1}`},
		{`{"output":{"a":1},"other":2}`, ""},
		{`{"other":2,"output":{"a":1}}`, ""},
		{`{"output":[1]}`, ""},
		{`{"summary":"s"}`, ""},
		{`{"output":{"a":1}`, ""},
		{`{"output`, ""},
		{`{"\`, ""},
		{`{}`, ""},
		{`{`, ""},
		{`["output"]`, ""},
		{`"output"`, ""},
		{``, ""},
	} {
		got, ok := unwrap([]byte(c.raw))
		if string(got) != c.want && ok || ok != (c.want != "") {
			t.Errorf("%s: got %s, %v, want %q", c.raw, got, ok, c.want)
		}
	}
}
