package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The limits come before the schema, in this order: syntax, size, depth,
// values, numbers.
func TestLimits(t *testing.T) {
	s := compile(t, `{"type":"object"}`)
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	wide := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	for name, c := range map[string]struct {
		value         string
		kind, keyword string // "" for none
		path          string
	}{
		"empty":                 {"", "schema", "json", ""},
		"half":                  {`{"a":[1`, "schema", "json", ""},
		"two values":            {`{} {}`, "schema", "json", ""},
		"a bad escape":          {`{"a":"\x"}`, "schema", "json", ""},
		"half a \\u":            {`{"a":"\u12"}`, "schema", "json", ""},
		"a control character":   {"{\"a\":\"\n\"}", "schema", "json", ""},
		"not UTF-8":             {"{\"a\":\"\xff\"}", "schema", "json", ""},
		"a leading zero":        {`{"a":01}`, "schema", "json", ""},
		"a trailing comma":      {`{"a":1,}`, "schema", "json", ""},
		"a key without quotes":  {`{a:1}`, "schema", "json", ""},
		"closed by the other":   {`{"a":[1}`, "schema", "json", ""},
		"a zero byte":           {"{}\x00", "schema", "json", ""},
		"1,000 levels":          {`{"a":` + nested(999) + `}`, "", "", ""},
		"1,001 levels":          {`{"a":` + nested(1000) + `}`, "depth", "depth", "/a" + strings.Repeat("/0", 499)},
		"10,000 arrays":         {nested(10_000), "depth", "depth", strings.Repeat("/0", 500)},
		"10,000 arrays, broken": {strings.Repeat("[", 10_000) + "}", "schema", "json", ""},
		"64 MB":                 {wide(MaxResultBytes), "", "", ""},
		"more than 64 MB":       {wide(MaxResultBytes + 1), "size", "size", ""},
		"65 MB of brackets":     {nested(65 << 19), "size", "size", ""},
		"1e1000":                {`{"a":1e1000,"b":-1E-1000,"c":1e+00000001000}`, "", "", ""},
		"1e1001":                {`{"a":[0,1e1001]}`, "number", "number", "/a/1"},
		"1e10000000":            {`{"a":1e10000000}`, "number", "number", "/a"},
		"a huge exponent":       {`{"a":1e99999999999999999999999}`, "number", "number", "/a"},
		"1,000 digits":          {`{"a":` + strings.Repeat("1", 500) + "." + strings.Repeat("1", 500) + `}`, "", "", ""},
		"1,001 digits":          {`{"a":` + strings.Repeat("1", 501) + "." + strings.Repeat("1", 500) + `}`, "number", "number", "/a"},
		"500,000 values":        {`[` + strings.Repeat("[],", maxValues-2) + `0]`, "schema", "type", ""},
		"500,001 values":        {`[` + strings.Repeat("{},", maxValues-1) + `0]`, "size", "size", ""},
		"values within values":  {strings.Repeat(`{"a":`, 900) + "[" + strings.Repeat(`{"":0},`, maxValues/2) + "0]" + strings.Repeat("}", 900), "size", "size", ""},
		"depth before values":   {`[` + nested(1000) + strings.Repeat(",0", maxValues) + `]`, "depth", "depth", strings.Repeat("/0", 500)},
		"values before numbers": {`[1e9999` + strings.Repeat(",0", maxValues) + `]`, "size", "size", ""},
		"depth before numbers":  {`{"n":1e9999,"a":` + nested(1000) + `}`, "depth", "depth", "/a" + strings.Repeat("/0", 499)},
		"a key of a megabyte":   {`{"b":{"` + strings.Repeat("k", 1<<20) + `":1e9999}}`, "number", "number", "/b"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Validate([]byte(c.value))
			if c.kind == "" {
				if got != nil {
					t.Errorf("got %v, want no problems", lines(got))
				}
				return
			}
			if len(got) != 1 || got[0].Kind != c.kind || got[0].Keyword != c.keyword || got[0].InstancePath != c.path {
				t.Errorf("got %+v, want kind %s, keyword %s at %q", got, c.kind, c.keyword, c.path)
			}
			for _, p := range got {
				if p.Message == "" {
					t.Errorf("got no message")
				}
			}
		})
	}
}

// A schema, which may be an agent's default one and so a stranger's, is bounded
// before anything is made of it.
func TestSchemaOfTooManyValues(t *testing.T) {
	many := `{"enum":[` + strings.Repeat("0,", maxSchemaValues-3) + `0]}`
	if _, err := Compile([]byte(strings.Replace(many, "[", "[0,", 1)), Options{}); err == nil || !strings.Contains(err.Error(), "has more than 200000 values") {
		t.Errorf("got %v, want more than 200000 values", err)
	}
}

// The scan finds to be JSON just what encoding/json does, but for the limits.
func TestScanAgreesWithTheDecoder(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-0`, `-`, `1.`, `.1`, `1e`, `1e+`, `1E-2`, `-1.5e3`, `00`, `tru`, `true`, `truex`, `nul`, `null `, ` false`,
		`[1,2]`, `[1 2]`, `[,]`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `{"a":1,"b":{"c":[{}]}}`, `{1:2}`, `"\u00e9\n\/"`, `"\u00g0"`, `"\ud800"`, `"`, `"\`, `"\u`,
		"\t\n\r 1", "\v1", "\u00a01", `[[[]],{"a":[{}]}]`, `]`, `}`, `{]`, `[}`, `"a""b"`, `{"a":1}}`, `1 1`, "\"\x1f\"", "\"\x7f\"", `+1`, `0x10`, `NaN`, `Infinity`, `'a'`, `/**/1`,
	} {
		if got, want := scanJSON([]byte(text)).syntax == "", json.Valid([]byte(text)); got != want {
			t.Errorf("%q: got sound %v, want %v (%s)", text, got, want, scanJSON([]byte(text)).syntax)
		}
	}
}

func TestNumbersAreExact(t *testing.T) {
	for name, c := range map[string]struct {
		schema, value string
		fits          bool
	}{
		"40 digits, equal":      {`{"const":1234567890123456789012345678901234567890}`, `1234567890123456789012345678901234567890`, true},
		"40 digits, one off":    {`{"const":1234567890123456789012345678901234567890}`, `1234567890123456789012345678901234567891`, false},
		"1e400 is at most":      {`{"maximum":1e400}`, `1e400`, true},
		"1e400 and a bit":       {`{"maximum":1e400}`, `1.0000000000000000000000001e400`, false},
		"1e400 is an integer":   {`{"type":"integer"}`, `1e400`, true},
		"1e-400 is not":         {`{"type":"integer"}`, `1e-400`, false},
		"1e-400 is more than 0": {`{"exclusiveMinimum":0}`, `1e-400`, true},
		"a tenth":               {`{"multipleOf":0.1}`, `1234567890123456789.3`, true},
		"huge multiples":        {`{"multipleOf":1e-1000}`, `1e1000`, true},
		"huge divisors":         {`{"multipleOf":1e1000}`, `1e-1000`, false},
		"unique by value":       {`{"uniqueItems":true}`, `[1,1.0]`, false},
		"unique past floats":    {`{"uniqueItems":true}`, `[9007199254740993,9007199254740992]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			got := compile(t, c.schema).Validate([]byte(c.value))
			if (got == nil) != c.fits {
				t.Errorf("got %v, want fits %v", lines(got), c.fits)
			}
			if d := time.Since(started); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// What a hostile page or service can send ends in time, with an answer.
func TestHostileValues(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var distinct, equal bytes.Buffer
	for i := range 100_000 {
		distinct.WriteString(`,{"a":` + strings.Repeat("1", 1+i%20) + `,"b":"` + strings.Repeat("x", i%50) + `","c":` + strconv.Itoa(i) + `}`)
		equal.WriteString(`,{"a":1}`)
	}
	// Each definition refers twice to the next: 2^60 ways to the last.
	doubling := `{"$ref":"#/$defs/0","$defs":{"60":{"type":"string"}`
	for i := range 60 {
		doubling += fmt.Sprintf(`,"%d":{"allOf":[{"$ref":"#/$defs/%d"},{"$ref":"#/$defs/%d"}]}`, i, i+1, i+1)
	}
	doubling += "}}"
	for name, c := range map[string]struct {
		schema  string
		value   []byte
		keyword string
	}{
		"many unique items":           {`{"uniqueItems":true}`, []byte("[0" + distinct.String() + ",0]"), "uniqueItems"},
		"many equal items":            {`{"uniqueItems":true}`, []byte("[0" + equal.String() + "]"), "uniqueItems"},
		"very many bad elements":      {`{"items":{"type":"string"}}`, []byte("[0" + strings.Repeat(",0", 200_000) + "]"), "type"},
		"bad elements in a tree":      {`{"$ref":"#/$defs/t","$defs":{"t":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/t"}}]}}}`, []byte("[0" + strings.Repeat(",[0,0,[0,0],0]", 40_000) + "]"), "type"},
		"a schema that doubles":       {doubling, []byte(`"x"`), "internal"},
		"a wide object":               {`{"unevaluatedProperties":false}`, wideObject(30_000), "unevaluatedProperties"},
		"a far too wide object":       {`{"unevaluatedProperties":false}`, wideObject(300_000), "internal"},
		"a pattern that backtracks":   {`{"pattern":"^(a+)+$"}`, []byte(`"` + strings.Repeat("a", 1_000_000) + `!"`), "pattern"},
		"a thousand levels of a tree": {`{"$ref":"#/$defs/t","$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"}}}}`, []byte(strings.Repeat("[", 999) + "0" + strings.Repeat("]", 999)), "type"},
	} {
		t.Run(name, func(t *testing.T) {
			s := compile(t, c.schema)
			started := time.Now()
			got := s.Validate(c.value)
			t.Logf("%v for %d KB", time.Since(started), len(c.value)>>10)
			if d := time.Since(started); d > 2*time.Minute {
				t.Errorf("took %v", d)
			}
			if len(got) == 0 || len(got) > maxProblems || got[0].Keyword != c.keyword {
				t.Errorf("got %d problems, the first %v, want keyword %s", len(got), lines(got[:min(1, len(got))]), c.keyword)
			}
		})
	}
}

// Not every one of very many bad elements costs memory; the verdict is the
// same, and the count is not passed off as the whole.
func TestBadElementsAreBounded(t *testing.T) {
	s := compile(t, `{"items":{"type":"string"}}`)
	got := s.Validate([]byte("[0" + strings.Repeat(",0", 2*maxFailed) + "]"))
	if want := fmt.Sprintf("and at least %d more problems", maxFailed+1-99); len(got) != 100 || got[99].Message != want {
		t.Errorf("got %d problems, the last %q, want 100 and %q", len(got), got[len(got)-1].Message, want)
	}
}

func wideObject(n int) []byte {
	b := []byte(`{"x":0`)
	for i := range n {
		b = append(b, `,"`...)
		b = append(b, strings.Repeat("k", i%7)...)
		b = append(strconv.AppendInt(b, int64(i), 10), `":0`...)
	}
	return append(b, '}')
}
