package manifest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What editors get and the text that Load judges by are both schemas by the
// official meta-schema of the draft that they name.
func TestSchemaFitsItsMetaSchema(t *testing.T) {
	meta, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"the text": schemaText, "for editors": Schema()} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := doc.(map[string]any)["$schema"], "https://json-schema.org/draft/2020-12/schema"; got != want {
			t.Errorf("%s: got $schema %v, want %v", name, got, want)
		}
		if err := meta.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the YAML language server misreads is not in the schema for editors, and
// what it shows is there: examples that are maps are snippets and Markdown, no
// key's description is hidden by that of a definition, and no title stands above
// each key.
func TestSchemaForEditors(t *testing.T) {
	var root, given map[string]any
	for text, into := range map[string]*map[string]any{string(Schema()): &root, string(schemaText): &given} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	var holds func(v any) bool
	holds = func(v any) bool {
		list, _ := v.([]any)
		_, is := v.(map[string]any)
		return is || slices.ContainsFunc(list, holds)
	}
	isMap := func(v any) bool { _, is := v.(map[string]any); return is }
	var snippets, keys int
	var walk func(path string, v, before any, key bool)
	walk = func(path string, v, before any, key bool) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		old, _ := before.(map[string]any)
		if _, titled := m["title"].(string); titled {
			t.Errorf("%s has a title", path)
		}
		examples, _ := m["examples"].([]any)
		if slices.ContainsFunc(examples, holds) {
			t.Errorf("%s: an example holds a map", path)
		}
		examples, _ = old["examples"].([]any)
		if slices.ContainsFunc(examples, isMap) {
			array, _ := json.Marshal(m["type"])
			offered := m["defaultSnippets"] != nil
			if listed := strings.Contains(string(array), `"array"`); offered == listed {
				t.Errorf("%s: got snippets: %t, want the maps among the examples offered where no list may stand", path, offered)
			}
			snippets++
		}
		if key {
			keys++
			description, _ := m["description"].(string)
			ref, _ := m["$ref"].(string)
			def, _ := root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
			hidden := def["description"] != nil || def["markdownDescription"] != nil
			switch {
			case len(m) == 1: // a reference and nothing else: the definition's is shown
				if !hidden {
					t.Errorf("%s has no description", path)
				}
			case description == "":
				t.Errorf("%s has no description of its own", path)
			case hidden && ref != conditionRef:
				t.Errorf("%s: the description of %s hides its own", path, ref)
			}
		}
		for _, k := range []string{"properties", "$defs"} {
			inner, _ := m[k].(map[string]any)
			oldInner, _ := old[k].(map[string]any)
			for name, v := range inner {
				walk(path+"/"+k+"/"+name, v, oldInner[name], k == "properties")
			}
		}
		for _, k := range []string{"items", "additionalProperties"} {
			walk(path+"/"+k, m[k], old[k], false)
		}
	}
	walk("", root, given, false)
	if snippets < 20 || keys < 100 {
		t.Errorf("got %d examples that are maps and %d keys, want all", snippets, keys)
	}
	retry := root["properties"].(map[string]any)["defaults"].(map[string]any)["properties"].(map[string]any)["retry"].(map[string]any)
	if want := "Example:\n\n```yaml\nmax: 1\non:\n  - failed\n  - timed_out\nbackoff: 30s\n```"; !strings.Contains(retry["markdownDescription"].(string), want) {
		t.Errorf("got %s, want it to contain %s", retry["markdownDescription"], want)
	}
}

// A key that defaults and tasks share is explained in the same words.
func TestSchemaSharedDescriptions(t *testing.T) {
	var root struct {
		Properties struct {
			Defaults struct {
				Properties map[string]struct{ Description string }
			}
		}
		Defs struct {
			Task struct {
				Properties map[string]struct{ Description string }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schemaText, &root); err != nil {
		t.Fatal(err)
	}
	shared := 0
	for name, d := range root.Properties.Defaults.Properties {
		if name == "variables" { // which merge with the others there
			continue
		}
		shared++
		if got := root.Defs.Task.Properties[name].Description; got != d.Description {
			t.Errorf("%s: got %q in a task, want %q as in defaults", name, got, d.Description)
		}
	}
	if shared < 10 {
		t.Errorf("got %d keys, want 10 at least", shared)
	}
}
