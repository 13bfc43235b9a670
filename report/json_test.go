package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCompact(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000)
	for _, test := range []struct {
		in, want string
		ok       bool
	}{
		{" { \"a\" : [ 1 ,\n2 ] , \"b\\u0020 c\" : null } ", `{"a":[1,2],"b\u0020 c":null}`, true},
		{`{"b":1,"a":2,"b":3}`, `{"b":1,"a":2,"b":3}`, true},
		{`<&>` + "\u2028", "", false},
		{`"<&>` + "\u2028" + `"`, `"<&>` + "\u2028" + `"`, true},
		{"\"\xff\"", "\"\uFFFD\"", true},
		{deep, deep, true},
		{deep[1:], "", false},
		{`{"a":1]`, "", false},
		{`[1,]`, "", false},
		{`{,}`, "", false},
		{`{"a"}`, "", false},
		{`{"a":}`, "", false},
		{`{"a" 1}`, "", false},
		{`1 2`, "", false},
		{`01`, "", false},
		{`1.`, "", false},
		{`+1`, "", false},
		{`1e`, "", false},
		{`"\x"`, "", false},
		{`"\u12"`, "", false},
		{`"\u12`, "", false},
		{"\"\n\"", "", false},
		{`"\`, "", false},
		{``, "", false},
		{`nul`, "", false},
	} {
		got, ok := compact([]byte("x"), []byte(test.in))
		if ok != test.ok || string(got) != "x"+test.want {
			t.Errorf("%.40q: got %.40q, %v, want %.40q, %v", test.in, got, ok, "x"+test.want, test.ok)
		}
	}
}

// FuzzCompact holds compact against encoding/json, which reads the same
// language up to 10,000 levels.
func FuzzCompact(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e+3,true,null,"\u00e9\\"]}`, `[`, `{"a":1,}`, " 1 ", "\"\xff\"", `"\ud83d"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := compact(nil, raw)
		if bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) > 9_999 {
			return
		}
		if want := json.Valid(raw); ok != want {
			t.Fatalf("got %v, want %v", ok, want)
		}
		if !ok {
			return
		}
		var want bytes.Buffer
		if err := json.Compact(&want, raw); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(got) {
			t.Errorf("got %q, which is no UTF-8", got)
		}
		if utf8.Valid(raw) && !bytes.Equal(got, want.Bytes()) {
			t.Errorf("got %q, want %q", got, want.Bytes())
		}
		if end := valueEnd(got, 0); end != len(got) {
			t.Errorf("the value ends at %d, want %d", end, len(got))
		}
	})
}
