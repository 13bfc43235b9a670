package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	kinds "github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// An editor's view of a manifest: the published schema, compiled by a
// validator that shares nothing with this package.
func editor(t testing.TB) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("manifest.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A fault is what the validator finds: at a path, or with a key's name, whose
// place the validator does not report reliably. Which of several alternatives
// was meant the validator does not know, so that the fault may lie below.
type fault struct {
	path, name string
	below      bool
}

// faults lists what the validator finds. A fault of a key is one of its map,
// and a list with an entry twice is reported as the list.
func faults(err error) []fault {
	var wrong *jsonschema.ValidationError
	if !errors.As(err, &wrong) {
		return nil
	}
	var out []fault
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if names, ok := e.ErrorKind.(*kinds.PropertyNames); ok {
			out = append(out, fault{name: names.Property})
			return
		}
		_, several := e.ErrorKind.(*kinds.AnyOf)
		if !several && len(e.Causes) > 0 {
			for _, c := range e.Causes {
				walk(c)
			}
			return
		}
		path := ""
		for _, step := range e.InstanceLocation {
			if n, err := strconv.Atoi(step); err == nil {
				path += "[" + strconv.Itoa(n) + "]"
			} else {
				path = join(path, step)
			}
		}
		out = append(out, fault{path: path, below: several})
	}
	walk(wrong)
	return out
}

var absurd = regexp.MustCompile(`[0-9][eE][+-]?[0-9]{5}`)

var entryPath = regexp.MustCompile(`\[[0-9]+\]$`)

// agrees checks one manifest: what the schema rejects Load rejects at the same
// place, and what Load accepts the schema accepts.
func agrees(t *testing.T, s *jsonschema.Schema, text []byte, wrong Problems, accepted bool) (rejected bool) {
	t.Helper()
	doc := newDocument("tasks.yaml", text, true)
	tree, p := parse(doc, text)
	if p != nil || tree == nil {
		return false
	}
	root := build(doc, tree, &problems{})
	if root == nil {
		return false
	}
	if absurd.Match(text) {
		return false // the validator panics; Load must not
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(appendJSON(nil, root)))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Validate(value)
	if err != nil && accepted {
		t.Errorf("Load accepts what the schema rejects: %v", err)
	}
	for _, f := range faults(err) {
		if !slices.ContainsFunc(wrong, func(p Problem) bool {
			if f.name != "" {
				return strings.HasSuffix(p.Message, "not "+quote(f.name))
			}
			return p.Path == f.path || f.below && strings.HasPrefix(p.Path, f.path) || entryPath.ReplaceAllString(p.Path, "") == f.path
		}) {
			t.Errorf("the schema finds fault at %+v, Load does not", f)
		}
	}
	return err != nil
}

func wrongs(err error) Problems {
	var wrong Problems
	errors.As(err, &wrong)
	return wrong
}

func TestSchemaAgreesWithLoad(t *testing.T) {
	s := editor(t)
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rejected := 0
	for _, path := range archives {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			unpack(t, path)
			_, err := Load("tasks.yaml", Options{})
			text, readErr := os.ReadFile("tasks.yaml")
			if readErr != nil {
				t.Fatal(readErr)
			}
			if agrees(t, s, text, wrongs(err), err == nil) {
				rejected++
			}
		})
	}
	if rejected < 60 {
		t.Errorf("the schema rejects %d manifests of the table, want at least 60", rejected)
	}
}

// Values of every kind at every place: whatever the schema says, Load says.
func TestSchemaAgreesEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("some thousand manifests, and nothing in it is concurrent")
	}
	s := editor(t)
	write(t, map[string]string{"d.csv": "a\n1\n", "e.csv": "a,b\n1,2\n", "s.json": `{"type":"object"}`})
	base := `{"version": 1, "name": "n", "description": "d", "provider": {"kind": "browserbase", "baseURL": "https://api.example", "apiKey": "${{ secrets.A }}", "resultPath": "data"}, "secrets": ["A"],
"params": {"p": {"default": "x", "enum": ["x", "y"], "description": "d"}, "n": {"default": 5}}, "env": ["B"], "batchExpect": ["passed > 0", {"that": "total == 1", "because": "b"}],
"baseline": {"from": "main.jsonl", "failOn": ["keys"], "ignore": ["a.b"], "tolerance": {"a": 1}, "keys": {"items": "sku"}}, "notify": {"on": ["done"], "command": ["true"], "timeout": "5s"}, "variables": {"a": "x", "b": {"value": "y", "description": "z"}},
"resultSchemas": {"s": {"type": "object"}}, "limits": {"concurrency": 5, "requestsPerSecond": 5, "createsPerMinute": 5, "perGroup": 5}, "continueWithin": "1h",
"price": {"perRun": 0.02, "perMinute": 0.002, "roundUp": "1m"}, "budget": {"runs": 5, "minutes": 5, "usd": 5}, "canary": {"tasks": 5, "pass": "90%"}, "halt": {"failures": "10%", "min": 5, "per": "group"}, "accept": 5,
"defaults": {"task": "t", "agentId": "g", "resultSchema": "s", "browserSettings": {"context": {"id": "c", "persist": true}, "proxies": true, "verified": false}, "variables": {"c": "w"}, "tags": ["a"], "group": "g", "timeout": "5m", "expect": ["result.a == 1"], "retry": {"max": 1, "on": ["failed"], "backoff": "5s"}, "repeat": {"times": 2, "pass": 1, "all": true}},
"tasks": [{"id": "x", "task": "t", "agentId": "g", "resultSchema": {"type": "object"}, "browserSettings": {"context": {"id": "c", "persist": true}, "proxies": [{"type": "q"}], "verified": false}, "variables": {"d": {"value": "w", "description": "e"}}, "tags": ["b"], "group": "h", "timeout": "5m", "retry": {"max": 2, "on": ["lost", "panic"], "backoff": "5s"}, "repeat": {"times": 3, "pass": 2, "all": false}}, {"id": "y", "repeat": 4}, {"id": "${{ row.a }}", "forEach": [{"a": "r"}]},
{"id": "m-${{ matrix.c }}", "task": "t ${{ matrix.c }}", "matrix": {"c": ["u", "v", {"w": 1}], "include": [{"d": 1}], "exclude": [{"c": "v"}]}, "if": "matrix.c == 'u'", "expect": [{"that": "result.b > 0", "because": "b"}]},
{"id": "${{ row.a }}", "forEach": {"file": "e.csv", "format": "csv", "where": "row.a == \"1\"", "limit": 5, "secretColumns": ["b"], "onBadRow": "skip"}}],
"reports": [{"path": "a.csv", "format": "csv", "where": "outcome == 'passed'", "columns": ["id", {"k": "row.k"}], "unwind": "result.items", "rows": "repetitions", "bom": true, "guard": "off"}], "local": {"sites": {"https://a.example": "."}}}`
	values := []string{`null`, `true`, `0`, `1.5`, `7`, `2000`, `"x"`, `"10%"`, `"unknown"`, `""`, `"${{ row.a }}"`, `[]`, `["x"]`, `{}`, `{"x": 1}`, `[{"a": 1}]`}
	var count, rejected int
	var visit func(at any, set func(any))
	var root any
	decode := func(text string) (v any) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	try := func() {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("tasks.yaml", text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = Load("tasks.yaml", Options{})
		count++
		if agrees(t, s, text, wrongs(err), err == nil) {
			rejected++
		}
		if t.Failed() {
			t.Fatalf("with %s\n%s", text, output(nil, err))
		}
	}
	visit = func(at any, set func(any)) {
		for _, v := range values {
			set(decode(v))
			try()
		}
		set(at)
		switch at := at.(type) {
		case map[string]any:
			for k, v := range at {
				delete(at, k)
				try()
				at[k+"x"] = v
				try()
				delete(at, k+"x")
				at[k] = v
				visit(v, func(v any) { at[k] = v })
			}
		case []any:
			for i, v := range at {
				visit(v, func(v any) { at[i] = v })
			}
		}
	}
	root = decode(base)
	try()
	if rejected != 0 {
		t.Fatal("the manifest to start from is rejected")
	}
	visit(root, func(v any) { root = v })
	if count < 1000 || rejected < count/2 {
		t.Errorf("got %d manifests, %d of them rejected", count, rejected)
	}
}

// Every key at every depth has a description and examples for the person who
// hovers over it, the examples fit, and no keyword is used that this package does
// not know.
func TestSchemaIsComplete(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(schemaText, &root); err != nil {
		t.Fatal(err)
	}
	known := strings.Fields("$schema $ref $defs title description examples default type enum pattern patternErrorMessage errorMessage minLength minimum exclusiveMinimum maximum anyOf items minItems maxItems uniqueItems required minProperties maxProperties propertyNames properties additionalProperties defaultSnippets")
	defs, _ := root["$defs"].(map[string]any)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("manifest.json", doc); err != nil {
		t.Fatal(err)
	}
	fit := 0
	examples := func(path string, m map[string]any) {
		list, _ := m["examples"].([]any)
		if given, has := m["default"]; has {
			list = append(list, given)
		}
		if len(list) == 0 {
			return
		}
		s, err := c.Compile("manifest.json#" + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range list {
			fit++
			if err := s.Validate(example); err != nil {
				t.Errorf("%s: the example or default %v does not fit: %v", path, example, err)
			}
		}
	}
	var walk func(path string, v any, key bool)
	walk = func(path string, v any, key bool) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		for k := range m {
			if !slices.Contains(known, k) {
				t.Errorf("%s: the keyword %s is not one that Load knows", path, k)
			}
		}
		examples(path, m)
		if key {
			ref, _ := m["$ref"].(string)
			def, _ := defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
			for _, k := range []string{"description", "examples"} {
				if m[k] == nil && def[k] == nil && path != "/properties/defaults/properties/variables" {
					t.Errorf("%s has no %s", path, k)
				}
			}
		}
		for _, k := range []string{"properties", "$defs"} {
			inner, _ := m[k].(map[string]any)
			for name, v := range inner {
				walk(path+"/"+k+"/"+name, v, k == "properties")
			}
		}
		for _, k := range []string{"items", "additionalProperties", "propertyNames"} {
			walk(path+"/"+k, m[k], false)
		}
		list, _ := m["anyOf"].([]any)
		for i, v := range list {
			walk(path+"/anyOf/"+strconv.Itoa(i), v, false)
		}
	}
	walk("", root, false)
	if fit < 140 {
		t.Errorf("got %d examples and defaults, want all", fit)
	}
}
