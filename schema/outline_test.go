package schema

import (
	"fmt"
	"strings"
	"testing"
)

// String writes an outline on one line: {a:string b:{…}} is closed, {a:string …}
// open, [number] a list, ? unknown.
func (o Outline) String() string {
	switch {
	case o.Type == "":
		return "?"
	case o.Type == "array" && o.Items != nil:
		return "[" + o.Items.String() + "]"
	case o.Type != "object":
		return o.Type
	}
	var words []string
	for _, f := range o.Fields {
		words = append(words, f.Name+":"+f.Value.String())
	}
	if !o.Closed {
		words = append(words, "…")
	}
	return "{" + strings.Join(words, " ") + "}"
}

// An outline says of a field that it cannot be there only if no valid result has
// it.
func TestOutline(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type": "object"}`: "{…}",
		`{"type": "object", "additionalProperties": false, "properties": {"z": {"type": "string"}, "a": {"type": "number"}, "n": {"type": "integer"}, "b": {"type": "boolean"}}}`:                          "{z:string a:number n:integer b:boolean}",
		`{"type": "object", "properties": {"a": {"type": ["string", "null"]}, "b": {}, "c": {"const": "x"}, "d": {"enum": [1, 2]}, "e": {"enum": [1, "x"]}}}`:                                              "{a:? b:? c:string d:number e:? …}",
		`{"type": "object", "additionalProperties": false, "properties": {"p": {"type": "object", "additionalProperties": false, "properties": {"amount": {"type": "number"}}}}}`:                          "{p:{amount:number}}",
		`{"type": "object", "additionalProperties": false, "properties": {"p": {"$ref": "#/$defs/p"}}, "$defs": {"p": {"type": "object", "additionalProperties": false, "properties": {"x": true}}}}`:      "{p:{x:?}}",
		`{"type": "object", "additionalProperties": false, "properties": {"l": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {"sku": {"type": "string"}}}}}}`: "{l:[{sku:string}]}",
		`{"type": "object", "additionalProperties": false, "properties": {"t": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "number"}}}}`:                                      "{t:array}",
		`{"type": "object", "additionalProperties": false, "patternProperties": {"^x-": {}}, "properties": {"a": true}}`:                                                                                   "{a:? …}",
		`{"type": "object", "additionalProperties": {"type": "string"}, "properties": {"a": true}}`:                                                                                                        "{a:? …}",
		`{"type": "object", "unevaluatedProperties": false, "properties": {"a": true}, "dependentSchemas": {"a": {"properties": {"b": true}}}}`:                                                            "{a:? …}",
		`{"type": "object", "allOf": [{"additionalProperties": false, "properties": {"a": true}}, {"properties": {"b": true}}]}`:                                                                           "{a:? b:?}",
		`{"type": "object", "oneOf": [{"additionalProperties": false, "properties": {"a": true}}, {"additionalProperties": false, "properties": {"b": true}}]}`:                                            "{a:? b:?}",
		`{"type": "object", "properties": {"v": {"type": ["string", "number"]}}, "if": {"required": ["x"]}, "then": {"properties": {"v": {"type": "string"}}}}`:                                            "{v:? …}",
		`{"type": "object", "oneOf": [{"properties": {"v": {"type": "string"}}}, {"required": ["b"]}]}`:                                                                                                    "{v:? …}",
		`{"type": "object", "oneOf": [{"additionalProperties": false, "properties": {"a": true}}, {"properties": {"b": true}}]}`:                                                                           "{a:? b:? …}",
		`{"type": "object", "if": {"required": ["a"]}, "then": {"additionalProperties": false, "properties": {"a": true}}}`:                                                                                "{a:? …}",
		`{"type": "object", "not": {"additionalProperties": false}}`:                                                                                                                                       "{…}",
		`{"type": "object", "additionalProperties": false, "properties": {"in": {"$ref": "#"}, "x": {"type": "string"}}}`:                                                                                  "{in:{…} x:string}",
	} {
		s, err := Compile([]byte(schema), Options{Object: true})
		if err != nil {
			t.Fatalf("%s: %v", schema, err)
		}
		if got := s.Outline().String(); got != want {
			t.Errorf("%s: got %s, want %s", schema, got, want)
		}
	}
}

// What a schema describes without end, or in great numbers, is left open.
func TestOutlineIsBounded(t *testing.T) {
	wide := func(n int, value string) string {
		var fields []string
		for i := range n {
			fields = append(fields, fmt.Sprintf(`"f%d": %s`, i, value))
		}
		return `{"type": "object", "additionalProperties": false, "properties": {` + strings.Join(fields, ",") + `}}`
	}
	deep := `{"type": "string"}`
	for range 40 {
		deep = `{"type": "object", "additionalProperties": false, "properties": {"in": ` + deep + `}}`
	}
	for name, schema := range map[string]string{"wide": strings.TrimSuffix(wide(120, `{"$ref": "#/$defs/w"}`), "}") + `, "$defs": {"w": ` + wide(120, "true") + "}}", "deep": deep} {
		s, err := Compile([]byte(schema), Options{Object: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Outline().String(); strings.Count(got, ":") > maxOutlineFields || !strings.Contains(got, "…") {
			t.Errorf("%s: got %d bytes", name, len(got))
		}
	}
}
