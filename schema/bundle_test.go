package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folderOf opens files of a map, and counts how often.
func folderOf(files map[string]string, opened map[string]int) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if opened != nil {
			opened[name]++
		}
		text, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func TestBundle(t *testing.T) {
	for name, c := range map[string]struct {
		name, schema string
		files        map[string]string
		want         string // the bundled text; "" where good and bad say it all
		good, bad    []string
	}{
		"nothing to bundle keeps its text": {
			schema: "{ \"properties\": {\"n\": {\"minimum\": 3.10, \"maximum\": 1E2, \"title\":\"<a\\u00e9\"}} }",
			want:   `{"properties":{"n":{"minimum":3.10,"maximum":1E2,"title":"<a\u00e9"}}}`,
		},
		"a whole file": {
			schema: `{"type":"object","properties":{"z":{"$ref":"schemas/price.json"},"a":{}}}`,
			files:  map[string]string{"schemas/price.json": `{"type":"object","required":["amount"],"properties":{"amount":{"type":"number","minimum":0.10}}}`},
			want:   `{"type":"object","properties":{"z":{"$ref":"#/$defs/price"},"a":{}},"$defs":{"price":{"type":"object","required":["amount"],"properties":{"amount":{"type":"number","minimum":0.10}}}}}`,
			good:   []string{`{"z":{"amount":1}}`}, bad: []string{`{"z":{}}`, `{"z":{"amount":0}}`},
		},
		"a file instead of the schema": {
			schema: `{"$ref":"schemas/order.json"}`,
			files:  map[string]string{"schemas/order.json": `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"p":{"$ref":"../price.json"}}}`, "price.json": `{"type":"number"}`},
			want:   `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"p":{"$ref":"#/definitions/price"}},"definitions":{"price":{"type":"number"}}}`,
			good:   []string{`{"p":1}`}, bad: []string{`{"p":"x"}`, `1`},
		},
		"a part of a file, relative to the one that refers": {
			name:   "a/b/root.json",
			schema: `{"properties":{"x":{"$ref":"../c/other.json#/$defs/x"},"y":{"$ref":"../c/other.json#named"}}}`,
			files:  map[string]string{"a/c/other.json": `{"$defs":{"x":{"$ref":"sub/third.json"},"y":{"$anchor":"named","type":"integer"}}}`, "a/c/sub/third.json": `{"$ref":"../other.json#named"}`},
			want: `{"properties":{"x":{"$ref":"#/$defs/other/$defs/x"},"y":{"$ref":"#/$defs/other/$defs/y"}},"$defs":{"other":{"$defs":{"x":{"$ref":"#/$defs/third"},"y":{"type":"integer"}}},` +
				`"third":{"$ref":"#/$defs/other/$defs/y"}}}`,
			good: []string{`{"x":1,"y":2}`}, bad: []string{`{"x":1.5}`, `{"y":"s"}`},
		},
		"names that are taken": {
			schema: `{"properties":{"a":{"$ref":"one/price.json"},"b":{"$ref":"two/price.json"},"c":{"$ref":"#/$defs/price"}},"$defs":{"price":{"const":"mine"}}}`,
			files:  map[string]string{"one/price.json": `{"const":"one"}`, "two/price.json": `{"const":"two"}`},
			want: `{"properties":{"a":{"$ref":"#/$defs/price-2"},"b":{"$ref":"#/$defs/price-3"},"c":{"$ref":"#/$defs/price"}},"$defs":{"price":{"const":"mine"},` +
				`"price-2":{"const":"one"},"price-3":{"const":"two"}}}`,
			good: []string{`{"a":"one","b":"two","c":"mine"}`}, bad: []string{`{"a":"two"}`, `{"b":"one"}`, `{"c":"one"}`},
		},
		"files that refer to each other and back to the root": {
			name:   "tree.json",
			schema: `{"type":"object","properties":{"left":{"$ref":"node.json"},"me":{"$ref":"tree.json"}},"additionalProperties":false}`,
			files:  map[string]string{"node.json": `{"type":"object","properties":{"sub":{"$ref":"tree.json"},"n":{"$ref":"node.json#"}},"additionalProperties":false}`},
			want: `{"type":"object","properties":{"left":{"$ref":"#/$defs/node"},"me":{"$ref":"#"}},"additionalProperties":false,` +
				`"$defs":{"node":{"type":"object","properties":{"sub":{"$ref":"#"},"n":{"$ref":"#/$defs/node"}},"additionalProperties":false}}}`,
			good: []string{`{"left":{"sub":{"left":{"n":{}}}}}`}, bad: []string{`{"left":{"sub":{"left":{"n":{"x":1}}}}}`},
		},
		"an address and another name": {
			name:   "prod.json",
			schema: `{"$id":"https://x.example/s/product","properties":{"a":{"$ref":"prod.json#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`,
			want:   `{"$id":"https://x.example/s/product","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`,
		},
		"a file that has only its name to refer to itself": {
			name:   "self.json",
			schema: `{"type":"object","properties":{"a":{"$ref":"self.json#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`,
			want:   `{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`,
		},
		"files with addresses": {
			name:   "s/product.json",
			schema: `{"$id":"https://x.example/s/product.json","properties":{"p":{"$ref":"price.json"},"q":{"$ref":"https://x.example/s/price.json#/$defs/q"}}}`,
			files:  map[string]string{"s/price.json": `{"$id":"https://x.example/s/price.json","type":"number","$defs":{"q":{"type":"string"}}}`},
			want:   `{"$id":"https://x.example/s/product.json","properties":{"p":{"$ref":"#/$defs/price"},"q":{"$ref":"#/$defs/price/$defs/q"}},"$defs":{"price":{"type":"number","$defs":{"q":{"type":"string"}}}}}`,
			good:   []string{`{"p":1,"q":"s"}`}, bad: []string{`{"p":"s"}`, `{"q":1}`},
		},
		"resources within a file": {
			schema: `{"properties":{"p":{"$ref":"lib.json#/$defs/a"}}}`,
			files:  map[string]string{"lib.json": `{"$defs":{"a":{"$id":"inner/a.json","$ref":"#/$defs/t","$defs":{"t":{"$ref":"b.json"}}},"b":{"$id":"inner/b.json","type":"integer"}}}`},
			good:   []string{`{"p":1}`}, bad: []string{`{"p":"s"}`},
		},
		"names that need escapes": {
			schema: `{"properties":{"p":{"$ref":"my%20file.json#/$defs/a~1b%25"}}}`,
			files:  map[string]string{"my file.json": `{"$defs":{"a/b%":{"type":"integer"}}}`},
			want:   `{"properties":{"p":{"$ref":"#/$defs/my-file/$defs/a~1b%25"}},"$defs":{"my-file":{"$defs":{"a/b%":{"type":"integer"}}}}}`,
			good:   []string{`{"p":1}`}, bad: []string{`{"p":"s"}`},
		},
		"data that looks like references": {
			schema: `{"properties":{"$ref":{"$ref":"a.json"},"$id":{"type":"string"}},"enum":[{"$ref":"b.json","$id":"x"}]}`,
			files:  map[string]string{"a.json": `{"$id":"https://x.example/a","properties":{"$id":{"$anchor":"k"}},"default":{"$id":"keep"}}`},
			want:   `{"properties":{"$ref":{"$ref":"#/$defs/a"},"$id":{"type":"string"}},"enum":[{"$ref":"b.json","$id":"x"}],"$defs":{"a":{"properties":{"$id":{}},"default":{"$id":"keep"}}}}`,
		},
		"dynamic references keep names": {
			name:   "strict-tree.json",
			schema: `{"$dynamicAnchor":"node","$ref":"tree.json","unevaluatedProperties":false}`,
			files:  map[string]string{"tree.json": `{"$dynamicAnchor":"node","type":"object","properties":{"data":true,"children":{"type":"array","items":{"$dynamicRef":"#node"}}}}`},
			good:   []string{`{"children":[{"data":1}]}`}, bad: []string{`{"children":[{"daat":1}]}`},
		},
		"drafts that differ keep names": {
			schema: `{"properties":{"p":{"$ref":"old.json"},"q":{"$ref":"old.json#/definitions/s"}}}`,
			files:  map[string]string{"old.json": `{"$schema":"http://json-schema.org/draft-04/schema#","minimum":5,"exclusiveMinimum":true,"definitions":{"s":{"type":"string"}}}`},
			good:   []string{`{"p":6,"q":"s"}`}, bad: []string{`{"p":5}`, `{"q":1}`},
		},
		"a part inherits the draft": {
			schema: `{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"p":{"$ref":"part.json"}}}`,
			files:  map[string]string{"part.json": `{"minimum":5,"exclusiveMinimum":true}`},
			good:   []string{`{"p":6}`}, bad: []string{`{"p":5}`},
		},
		"JSON Schema itself stays a reference": {
			schema: `{"properties":{"s":{"$ref":"https://json-schema.org/draft/2020-12/schema"}}}`,
			want:   `{"properties":{"s":{"$ref":"https://json-schema.org/draft/2020-12/schema"}}}`,
			good:   []string{`{"s":{"type":"string"}}`}, bad: []string{`{"s":{"type":"strin"}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			opened := map[string]int{}
			s, err := Compile([]byte(c.schema), Options{Name: c.name, Open: folderOf(c.files, opened)})
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && string(s.Text()) != c.want {
				t.Errorf("text\n got %s\nwant %s", s.Text(), c.want)
			}
			for name, n := range opened {
				if n != 1 {
					t.Errorf("got %s opened %d times, want once", name, n)
				}
			}
			// The text judges the same without the files.
			alone, err := Compile(s.Text(), Options{})
			if err != nil {
				t.Fatalf("the bundled text does not compile: %v\n%s", err, s.Text())
			}
			if string(alone.Text()) != string(s.Text()) {
				t.Errorf("bundling again changes the text\n got %s\nwant %s", alone.Text(), s.Text())
			}
			for _, s := range []*Schema{s, alone} {
				for _, v := range c.good {
					if got := s.Validate([]byte(v)); got != nil {
						t.Errorf("%s: got %v, want no problems", v, lines(got))
					}
				}
				for _, v := range c.bad {
					if got := s.Validate([]byte(v)); len(got) == 0 || got[0].Keyword == "internal" {
						t.Errorf("%s: got %v, want a problem", v, lines(got))
					}
				}
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	files := map[string]string{
		"ok.json":     `{"type":"string"}`,
		"bad.json":    `{"properties":{"a":{"type":"strin"},"b":{"pattern":"(?=x)"}}}`,
		"broken.json": `{"a":`,
		"twice.json":  `{"type":"string","type":"number"}`,
		"old.json":    `{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/a","definitions":{"a":{}}}`,
		"d/up.json":   `{"$ref":"../../out.json"}`,
	}
	for name, c := range map[string]struct {
		schema string
		object bool
		want   []string // file pointer keyword: message
	}{
		"not JSON":     {`{"type":`, false, []string{`  : is not JSON: the text ends too early`}},
		"a key twice":  {`{"properties":{"a":{},"a":{}}}`, false, []string{` /properties/a : the key "a" is there twice`}},
		"long numbers": {`{"minimum":1e1001,"enum":[1,` + strings.Repeat("1", 1001) + `]}`, false, []string{` /minimum : is a number of more than 1000 digits or with an exponent beyond ±1000`, ` /enum/1 : is a number of more than 1000 digits or with an exponent beyond ±1000`}},
		"long numbers and what else is wrong": {`{"minimum":1e1001,"enum":[1e9999,1e8888],"type":"strin","items":{"multipleOf":1e2000,"$ref":"#/x"}}`, false, []string{
			` /minimum : is a number of more than 1000 digits or with an exponent beyond ±1000`,
			` /enum/0 : is a number of more than 1000 digits or with an exponent beyond ±1000`,
			` /enum/1 : is a number of more than 1000 digits or with an exponent beyond ±1000`,
			` /type type: must be "array", "boolean", "integer", "null", "number", "object", "string" or an array, got the string "strin"`,
			` /items/multipleOf : is a number of more than 1000 digits or with an exponent beyond ±1000`,
			` /items/$ref $ref: "#/x" leads nowhere`}},
		"unknown draft":       {`{"$schema":"https://x.example/schema"}`, false, []string{` /$schema $schema: "https://x.example/schema" is not a draft that can be judged by`}},
		"a look-ahead":        {`{"properties":{"a":{"pattern":"^(?!x)"}}}`, false, []string{` /properties/a/pattern pattern: "^(?!x)" is not an RE2 pattern: it uses a look-around, which RE2 does not have`}},
		"a look-behind":       {`{"pattern":"(?<=x)y"}`, false, []string{` /pattern pattern: "(?<=x)y" is not an RE2 pattern: it uses a look-around, which RE2 does not have`}},
		"a back-reference":    {`{"patternProperties":{"(a)\\1":{}}}`, false, []string{` /patternProperties/(a)\1 patternProperties: "(a)\\1" is not an RE2 pattern: it uses a back-reference, which RE2 does not have`}},
		"another bad pattern": {`{"pattern":"(a"}`, false, []string{` /pattern pattern: "(a" is not an RE2 pattern: missing closing ): "(a"`}},
		"everything at once, in order": {`{"minLength":-1,"properties":{"z":{"type":"strin"},"a":{"pattern":"("},"m":{"$ref":"#/nowhere"}},"required":"a"}`, false, []string{
			` /minLength minLength: must be at least 0, got the number -1`,
			` /properties/z/type type: must be "array", "boolean", "integer", "null", "number", "object", "string" or an array, got the string "strin"`,
			` /properties/a/pattern pattern: "(" is not an RE2 pattern: missing closing ): "("`,
			` /properties/m/$ref $ref: "#/nowhere" leads nowhere`,
			` /required required: must be an array, got the string "a"`}},
		"sizes beyond counting": {`{"maxLength":99999999999999999999}`, false, []string{` /maxLength maxLength: is larger than anything can be`}},
		"faults of other files": {`{"properties":{"a":{"$ref":"bad.json"},"b":{"$ref":"broken.json"},"c":{"$ref":"twice.json"},"d":{"$ref":"bad.json"},"e":{"$ref":"broken.json"}}}`, false, []string{
			`bad.json /properties/a/type type: must be "array", "boolean", "integer", "null", "number", "object", "string" or an array, got the string "strin"`,
			`bad.json /properties/b/pattern pattern: "(?=x)" is not an RE2 pattern: it uses a look-around, which RE2 does not have`,
			`broken.json  : is not JSON: the text ends too early`,
			`twice.json /type : the key "type" is there twice`}},
		"a file that is not there":       {`{"items":{"$ref":"none.json"}}`, false, []string{` /items/$ref $ref: cannot read "none.json": file does not exist`}},
		"http":                           {`{"items":{"$ref":"https://x.example/a.json"}}`, false, []string{` /items/$ref $ref: no schema here is named "https://x.example/a.json", and only files below the manifest's folder can be referenced`}},
		"file":                           {`{"items":{"$ref":"file:///etc/passwd"}}`, false, []string{` /items/$ref $ref: no schema here is named "file:///etc/passwd", and only files below the manifest's folder can be referenced`}},
		"another host":                   {`{"items":{"$ref":"//x.example/a.json"}}`, false, []string{` /items/$ref $ref: no schema here is named "manifest://x.example/a.json", and only files below the manifest's folder can be referenced`}},
		"an absolute path":               {`{"items":{"$ref":"/etc/passwd"}}`, false, []string{` /items/$ref $ref: "/etc/passwd" is an absolute path; only files below the manifest's folder can be referenced, by a relative one`}},
		"out of the folder":              {`{"items":{"$ref":"a/../../b.json"}}`, false, []string{` /items/$ref $ref: "a/../../b.json" leads out of the manifest's folder; only files below it can be referenced`}},
		"out of it in disguise":          {`{"items":{"$ref":"%2e%2e/b.json"}}`, false, []string{` /items/$ref $ref: "%2e%2e/b.json" leads out of the manifest's folder; only files below it can be referenced`}},
		"out of it from below":           {`{"items":{"$ref":"d/up.json"}}`, false, []string{`d/up.json /$ref $ref: "../../out.json" leads out of the manifest's folder; only files below it can be referenced`}},
		"a backslash":                    {`{"items":{"$ref":"..%5cb.json"}}`, false, []string{` /items/$ref $ref: "..%5cb.json" is not the path of a file`}},
		"a drive":                        {`{"items":{"$ref":"c:b.json"}}`, false, []string{` /items/$ref $ref: no schema here is named "c:b.json", and only files below the manifest's folder can be referenced`}},
		"a missing part":                 {`{"items":{"$ref":"ok.json#/$defs/x"}}`, false, []string{` /items/$ref $ref: "ok.json#/$defs/x" leads nowhere`}},
		"a missing anchor":               {`{"items":{"$ref":"#x"}}`, false, []string{` /items/$ref $ref: "#x" leads nowhere`}},
		"a circle":                       {`{"properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"allOf":[{"$ref":"#/$defs/c"}]},"c":{"anyOf":[{},{"$ref":"#/$defs/b"}]}}}`, false, []string{` /$defs/c/anyOf/1/$ref $ref: "#/$defs/b" leads back here without end`}},
		"a long chain":                   {longChain(300), false, []string{`  $ref: leads through more than 250 schemas for one value`}},
		"a name twice":                   {`{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}`, false, []string{` /$defs/b/$anchor $anchor: "x" is the name of another schema too`}},
		"a $ref as another draft's root": {`{"properties":{"a":{"$ref":"old.json"}}}`, false, []string{`old.json /$ref $ref: the root of a file may not be a $ref where files of several drafts are put together`}},
		"no object":                      {`{"type":"array"}`, true, []string{` /type type: a result schema must describe an object at its root`}},
		"no type":                        {`{"properties":{}}`, true, []string{`  type: a result schema must describe an object at its root`}},
		"a boolean":                      {`true`, true, []string{`  type: a result schema must describe an object at its root`}},
		"an object or null":              {`{"type":["object","null"]}`, true, nil},
		"an object through $ref":         {`{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"type":"object"}]}}}`, true, nil},
		"a string is no schema":          {`"x"`, false, []string{`  : must be a boolean or an object, got the string "x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile([]byte(c.schema), Options{Open: folderOf(files, nil), Object: c.object})
			var got []string
			var errs Errors
			if errors.As(err, &errs) {
				for _, e := range errs {
					got = append(got, e.File+" "+e.Pointer+" "+e.Keyword+": "+e.Message)
				}
			} else if err != nil {
				t.Fatalf("got %T, want Errors", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// longChain is a schema whose definitions refer to each other, one after the
// other, and at the end to the first again, for the items of an array.
func longChain(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"%d":{"$ref":"#/$defs/%d"},`, i, i+1)
	}
	fmt.Fprintf(&b, `"%d":{"type":"array","items":{"$ref":"#/$defs/0"}}}}`, n)
	return b.String()
}

// The longest chain that is allowed, at the greatest depth that is allowed.
func TestLongestChain(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := compile(t, longChain(maxChain-3))
	if got := s.Validate([]byte(strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth))); got != nil {
		t.Errorf("got %v, want no problems", lines(got))
	}
}

// A folder with a link to itself has names without end.
func TestEndlessFolder(t *testing.T) {
	const text = `{"items":{"$ref":"x/y.json"}}`
	_, err := Compile([]byte(text), Options{Open: func(string) ([]byte, error) { return []byte(text), nil }})
	if err == nil || !strings.Contains(err.Error(), "more than 500 files are referenced") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// Without Open no file is read, and inline schemas still compile.
func TestFilesAreRefusedWithoutOpen(t *testing.T) {
	_, err := Compile([]byte(`{"items":{"$ref":"a.json"}}`), Options{})
	if err == nil || !strings.Contains(err.Error(), "files cannot be referenced here") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestUnknownFormatsAreWarnings(t *testing.T) {
	s := compile(t, `{"properties":{"a":{"format":"dat"},"b":{"format":"idn-email"},"c":{"format":"date"}}}`)
	var got []string
	for _, w := range s.Warnings() {
		got = append(got, w.Pointer+" "+w.Message+" "+w.Hint)
	}
	want := []string{
		`/properties/a/format the format "dat" is unknown and will not be checked did you mean "date"?`,
		`/properties/b/format the format "idn-email" is unknown and will not be checked `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestDeclares(t *testing.T) {
	s := compile(t, `{"allOf":[{"$ref":"#/$defs/a"}],"properties":{"b":{}},"$defs":{"a":{"properties":{"output":{}}},"c":{"properties":{"c":{}}}}}`)
	for name, want := range map[string]bool{"output": true, "b": true, "c": false, "": false} {
		if got := s.Declares(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

// The digest does not depend on the order of keys or on white space.
func TestDigest(t *testing.T) {
	a := compile(t, `{"type":"object","minProperties":1}`)
	b := compile(t, `{ "minProperties": 1, "type": "object" }`)
	c := compile(t, `{"type":"object","minProperties":2}`)
	if a.Digest() != b.Digest() || a.Digest() == c.Digest() || len(a.Digest()) != 64 {
		t.Errorf("got %s, %s, %s, want two equal ones and another", a.Digest(), b.Digest(), c.Digest())
	}
	if !json.Valid(a.Text()) {
		t.Errorf("got the text %s, want JSON", a.Text())
	}
}

// An anchor in a file is found by the file's name also when the file has a
// $id of its own.
func TestAnchorInNamedFile(t *testing.T) {
	open := folderOf(map[string]string{"c.json": `{"$id":"https://x.example/c","$defs":{"z":{"$anchor":"z","type":"string"}}}`}, map[string]int{})
	s, err := Compile([]byte(`{"type":"object","properties":{"a":{"$ref":"c.json#z"}}}`), Options{Open: open})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{`{"a":"x"}`: 0, `{"a":1}`: 1} {
		if got := s.Validate([]byte(text)); len(got) != want {
			t.Errorf("%s: got %v, want %d problems", text, got, want)
		}
	}
}
