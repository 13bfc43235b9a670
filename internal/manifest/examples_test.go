package manifest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What the schema shows as an example, or names as a default, is right by the
// schema itself.
func TestSchemaExamplesFit(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("manifest.json", doc); err != nil {
		t.Fatal(err)
	}
	count := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		values, _ := m["examples"].([]any)
		if d, ok := m["default"]; ok {
			values = append(values, d)
		}
		for _, value := range values {
			s, err := c.Compile("manifest.json#" + at)
			if err != nil {
				t.Fatal(err)
			}
			count++
			if err := s.Validate(value); err != nil {
				t.Errorf("%s: %v does not fit: %v", at, value, err)
			}
		}
		for _, key := range []string{"properties", "$defs"} {
			inner, _ := m[key].(map[string]any)
			for name, v := range inner {
				walk(strings.Join([]string{at, key, name}, "/"), v)
			}
		}
		for _, key := range []string{"items", "additionalProperties"} {
			walk(at+"/"+key, m[key])
		}
	}
	walk("", doc)
	if count < 80 {
		t.Errorf("got %d examples and defaults, want 80 at least", count)
	}
}
