package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Pasted JSON means what it means to JSON, escapes that YAML lacks included;
// where a text does not stand in double quotes nothing in it is an escape.
func TestJSONEscapes(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{`"a\/b"`, `"a/b"`},
		{`"\/"`, `"/"`},
		{`"a\\/b\\\/c"`, `"a\\/b\\/c"`},
		{`"\ud83d\ude00!"`, `"😀!"`},
		{`"\uD83D\uDE00\uD83D\uDE00"`, `"😀😀"`},
		{`"\ud83d-\ude00 \ud83d"`, "\"\ufffd-\ufffd \ufffd\""},
		{`['\/', "\/", '\ud83d\ude00', "\ud83d\ude00", '\/',"\/", '\/']`, `["\\/","/","\\ud83d\\ude00","😀","\\/","/","\\/"]`},
		{`{"a": 5, "b\/": "x\/", "c": "\/", d: y\/z}`, `{"a":5,"b/":"x/","c":"/","d":"y\\/z"}`},
		{"\n- \"\\/\"\n- 5 , \"\\/\"\n- x \"\\/\"", `["/","5 , \"\\/\"","x \"\\/\""]`},
		{"\n- \"\\/\" # \"\\/\"\n- \"\\/\"\n- |\n  \"\\/\"\n- >-\n  \"\\ud83d\\ude00\"\n", `["/","/","\"\\/\"\n","\"\\ud83d\\ude00\""]`},
		{"\"a\\/\\\n  b\\/c\n  d\"", `"a/b/c d"`},
		{`["\/\a\x1b", "\ud83d\ude00"]`, `["/\u0007\u001b","😀"]`},
		{`&x "\/"`, `"/"`},
		{`{a: &x "\/", b: *x}`, `{"a":"/","b":"/"}`},
		{`!!str "\/"`, `"/"`},
		{"[\"ä\\/ä\u2028\\/\"]", "[\"ä/ä\u2028/\"]"},
	} {
		doc := newDocument("x", []byte("v: "+c.yaml), false)
		tree, p := parse(doc, []byte("v: "+c.yaml))
		if p != nil {
			t.Errorf("%s: %v", c.yaml, p)
			continue
		}
		ps := &problems{}
		root := build(doc, tree, ps)
		if len(ps.found) > 0 {
			t.Errorf("%s: %v", c.yaml, ps.found)
			continue
		}
		var got, want any
		text := appendJSON(nil, root.get("v"))
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %s, want %s", c.yaml, text, c.want)
		}
	}
}

// Places after a respelled escape, and of errors beside one, are those of the
// text as it was written.
func TestJSONEscapesKeepPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\ntasks: [{\"id\": \"\\ud83d\\ude00\\/\", \"tesk\": 1, \"task\": \"a\"}]\n": "x.yaml:2:34: tasks[0]: unknown key \"tesk\"\n",
		"version: 1\ntasks:\n- \"task\": \"\\/ \\ud83d\\ude00 ${{ nothing }}\"\n":              "x.yaml:3:32: tasks[0].task: there is no \"nothing\" here\n",
		"version: 1\ntasks:\n- {\"task\": \"\\/\"}\n- {task: \"\\q\"}\n":                       "x.yaml:4:11: a backslash in double quotes stands before a character that it cannot escape\nhint: use single quotes, or write \\\\ for a backslash\n",
		"version: 1\ntasks:\n- {\"task\": \"\\/\"}\n- task: a: b\n":                            "x.yaml:4:10: a second \": \" in a value\nhint: quote the value\n",
		"version: 1\ntasks:\n- {\"task\": \"\\/ \\a \\v \\e\"}\n":                              "x.yaml:3:13: a backslash in double quotes stands before a character that it cannot escape\nhint: use single quotes, or write \\\\ for a backslash\n",
	} {
		write(t, map[string]string{"x.yaml": text})
		_, err := Load("x.yaml", Options{})
		if got := output(nil, err); !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// Whatever JSON is pasted, its values are those of JSON.
func FuzzPastedJSON(f *testing.F) {
	f.Add(`{"a\/b": ["\ud83d\ude00", 1.50, -0, true, null, {}]}`)
	f.Add(`["'\/', \"\/\"", "\\/", "\ud800\/"]`)
	f.Fuzz(func(t *testing.T, text string) {
		// What YAML refuses or folds in quotes by itself is not the question here.
		if !json.Valid([]byte(text)) || strings.ContainsAny(text, "\u0085\u2028\u2029\ufeff\ufffe\uffff\t\r\n\x7f") || len(text) > 1<<12 ||
			strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 && r < 0xa0 }) {
			return
		}
		doc := newDocument("x", []byte("v: "+text), false)
		tree, p := parse(doc, []byte("v: "+text))
		if p != nil {
			if strings.Contains(p.Message, "escape") {
				t.Errorf("%s: %v", text, p)
			}
			return
		}
		ps := &problems{}
		root := build(doc, tree, ps)
		if len(ps.found) > 0 {
			return // keys that are there twice
		}
		got, err := canonical(appendJSON(nil, root.get("v")))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := canonical([]byte(text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		whole := readTree(doc, []byte(text), &problems{})
		if again, err := canonical(appendJSON(nil, whole)); err != nil || again != got {
			t.Errorf("%s: read as JSON: got %s, %v, want %s", text, again, err, got)
		}
	})
}

func canonical(text []byte) (string, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	out, err := json.Marshal(v)
	return string(out), err
}
