package expr

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func csv(fields ...string) Env { return Env{"row": {Fields: fields, Text: true}} }

var open = Env{"row": {Open: true}}

func TestEval(t *testing.T) {
	row := map[string]any{
		"s": "abc", "a b": "x", "n": json.Number("3.10"), "i": json.Number("7"),
		"big": json.Number("1e400"), "long": json.Number("1234567890123456789012345678901234567890"),
		"null": nil, "yes": true, "list": []any{"p", "q"},
		"deep": map[string]any{"k": []any{json.Number("1.50")}, "z": "1", "y": "2"},
	}
	for _, c := range []struct {
		source string
		want   any
	}{
		{`row.s`, "abc"},
		{`row["a b"]`, "x"},
		{`row.n`, json.Number("3.10")},
		{`row.big`, json.Number("1e400")},
		{`row.long`, json.Number("1234567890123456789012345678901234567890")},
		{`row.deep.k[0]`, json.Number("1.50")},
		{`upper(row.s)`, "ABC"},
		{`row.i + 1`, 8},
		{`row.n * 2`, 6.2},
		{`row.big + "x"`, "1e400x"},
		{`row.nope ?? "d"`, "d"},
		{`row?.nope ?? "d"`, "d"},
		{`row.null ?? "d"`, "d"},
		{`row.yes ? "y" : "n"`, "y"},
		{`join(row.list, "-")`, "p-q"},
		{`join(keys(row.deep), "")`, "kyz"},
		{`count(row.list, # == "p")`, 1},
		{`"nope" in row`, false},
		{`{"a": {"b": "}}"}}.a.b`, "}}"},
		{`let x = row.s; x + x`, "abcabc"},
		{`replace(row.s, "b", "--")`, "a--c"},
		{`repeat("ab", 2)`, "abab"},
		{`row.s matches "^a"`, true},
		{`date("2026-01-02").Year()`, 2026},
		{`filter(row.list, # != "p")[0]`, "q"},
		{`map(row.list, upper(#))[1]`, "Q"},
		{`values({"b": 1, "a": 2})[0]`, 2},
		{`toPairs({"b": 1, "a": 2})[0][0]`, "a"},
	} {
		p, err := Compile(c.source, open)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		got, err := p.Eval(NewValues(map[string]map[string]any{"row": row}))
		if err != nil || got != c.want {
			t.Errorf("%s: got %#v, %v, want %#v", c.source, got, err, c.want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		source  string
		env     Env
		offset  int
		message string
		name    string
	}{
		{`row.skuu`, csv("sku"), 4, `row has no field "skuu"`, "skuu"},
		{`upper(row["é"]) + row.x`, csv("é"), 23, `row has no field "x"`, "x"},
		{`rwo.sku`, csv("sku"), 0, `there is no "rwo" here`, "rwo"},
		{`uper(row.sku)`, csv("sku"), 0, `there is no function "uper"`, "uper"},
		{`row.sku == 5`, csv("sku"), 8, "invalid operation: == (mismatched types string and int)", ""},
		{`now()`, csv("sku"), 0, "now is not available: it depends on when or where it runs", ""},
		{`row.sku +`, csv("sku"), 9, "the expression ends where a value is expected", ""},
		{`1 @`, csv(), 2, "the character @ means nothing here", ""},
		{`date("2026-01-02").Local()`, csv(), 19, "Local is not available: it depends on the machine", ""},
		{`__step()`, csv(), 0, `there is no function "__step"`, "__step"},
		{`"` + strings.Repeat("x", maxSource) + `"`, csv(), 0, "the expression is longer than 4096 bytes", ""},
		{`1` + strings.Repeat("+1", 600), csv(), 501, "expression exceeds maximum allowed nodes", ""},
	} {
		_, err := Compile(c.source, c.env)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%.40s: got %v, want an Error", c.source, err)
			continue
		}
		if e.Offset != c.offset || e.Message != c.message || e.Name != c.name {
			t.Errorf("%.40s: got %d %q %q, want %d %q %q", c.source, e.Offset, e.Message, e.Name, c.offset, c.message, c.name)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	row := map[string]any{"s": "abc", "list": []any{"p"}, "null": nil}
	for _, c := range []struct{ source, want string }{
		{`row.x`, `row.x is absent`},
		{`upper(row.x)`, `row.x is absent`},
		{`row.s.t`, `cannot take field "t" of a string`},
		{`row.list[3]`, `row.list[3] is absent`},
		{`upper(row.null)`, "needs a string, not null"},
		{`join([1], "")`, `join needs a list of strings, and one is a number`},
		{`repeat("abc", 1000000000)`, errTooLong.Error()},
		{`reduce(1..100, #acc + #acc, "xx")`, errTooLong.Error()},
		{`let a = 1..10000; count(a, count(a, # > 0) > 5000)`, errWork.Error()},
		{`len(1..2000000)`, "it makes more than 1000000 elements"},
		{`replace(repeat("a", 10000), "a", repeat("a", 10000))`, errTooLong.Error()},
		{`1 % int("0")`, "division by zero"},
		{`1 / 0 > 5`, "division by zero"}, // and no infinity
		{`3.5 / float("0") > 5`, "division by zero"},
	} {
		p, err := Compile(c.source, open)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		got, err := p.Eval(NewValues(map[string]map[string]any{"row": row}))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, %v, want %q", c.source, got, err, c.want)
		}
	}
}

// No function depends on the machine's zone or makes text without bound.
func TestDatesAndBounds(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("JST", 9*60*60)
	row := map[string]any{"big": strings.Repeat("a", 100_000)}
	for source, want := range map[string]string{
		`string(date("2026-01-01 10:00", "2006-01-02 15:04").Unix())`:        "1767261600",
		`date("2026-01-01T10:00:00+09:00").String()`:                         "2026-01-01 01:00:00 +0000 UTC",
		`date("2026-01-01").Format("2006")`:                                  "2026",
		`string(date("2026-01-01 10:00", "2006-01-02 15:04", "UTC").Unix())`: "1767261600",
		`date("2026-01-01", "2006-01-02", "Lo" + "cal").String()`:            "the zone Local is not available: it depends on the machine",
		`date("x").String()`: `"x" is not a date`,
		`let a = map(1..1000, row.big); let b = map(1..1000, a); toJSON(map(1..1000, b))`: errTooLong.Error(),
		`reduce(1..60, toBase64(#acc), row.big)`:                                          errTooLong.Error(),
		`toJSON({"b": [1, "x"]})`:                                                         "{\n  \"b\": [\n    1,\n    \"x\"\n  ]\n}",
		`toBase64("ab")`:                                                                  "YWI=",
	} {
		p, err := Compile(source, open)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := p.Eval(NewValues(map[string]map[string]any{"row": row}))
		if err != nil {
			got = err.Error()
		}
		if text, _ := got.(string); !strings.HasPrefix(text, want) {
			t.Errorf("%s: got %v, want %q", source, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // literals as they are, expressions in <>
	}{
		{"plain", "plain"},
		{"", ""},
		{"${{ row.x }}", "< row.x >"},
		{"a ${{ x }} b ${{y}}", "a < x > b <y>"},
		{`${{ "}}" + '}}' }}!`, `< "}}" + '}}' >!`},
		{`${{ {"a": {"b": 1}} }}`, `< {"a": {"b": 1}} >`},
		{"${{ `\\` }}", "< `\\` >"},
		{`${{ "\"}}" }}`, `< "\"}}" >`},
		{"$ {{ x }} ${ x }", "$ {{ x }} ${ x }"},
		{"}} ${{ x }} }}", "}} < x > }}"},
	} {
		parts, err := Split(c.text)
		var b strings.Builder
		for _, p := range parts {
			if c.text[p.Offset:p.Offset+len(p.Text)] != p.Text {
				t.Errorf("%q: %q is not at %d", c.text, p.Text, p.Offset)
			}
			if p.Expr {
				b.WriteString("<" + p.Text + ">")
			} else {
				b.WriteString(p.Text)
			}
		}
		if err != nil || b.String() != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.text, b.String(), err, c.want)
		}
	}
	for text, want := range map[string]int{"ab ${{ x": 3, `${{ "}} `: 0, "é${{ }}": 2, "${{ x }": 0} {
		_, err := Split(text)
		var e *Error
		if !errors.As(err, &e) || e.Offset != want {
			t.Errorf("%q: got %v, want an error at %d", text, err, want)
		}
	}
}

func TestPath(t *testing.T) {
	env := Env{"secrets": {Fields: []string{"A"}, Text: true}}
	for source, want := range map[string]bool{"secrets.A": true, ` secrets["A"] `: true, "upper(secrets.A)": false, "secrets": false} {
		p, err := Compile(source, env)
		if err != nil {
			t.Fatal(err)
		}
		name, field, ok := p.Path()
		if ok != want || ok && (name != "secrets" || field != "A") {
			t.Errorf("%s: got %s %s %v, want %v", source, name, field, ok, want)
		}
		if !p.Uses("secrets") {
			t.Errorf("%s: does not say that it uses secrets", source)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`row.x`, `upper(row["a b"]) + "x"`, `let a = 1..9; count(a, # > 1)`, `row?.a ?? {"b": [1]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		_, _ = Split(source)
		p, err := Compile(source, open)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(source) {
				t.Errorf("got %v", err)
			}
			return
		}
		began := time.Now()
		_, _ = p.Eval(NewValues(map[string]map[string]any{"row": {"x": "y"}}))
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%q took %s", source, d)
		}
	})
}
