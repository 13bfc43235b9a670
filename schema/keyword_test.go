package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A keyword that is one edit from one of its draft is warned of, at its place;
// names, data, extensions and the words of other drafts are not.
func TestMisspeltKeywords(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{`{"type": "object", "requird": ["a"], "propertes": {}, "typ": "x"}`, []string{
			`/requird: the keyword "requird" is unknown and will be ignored (did you mean "required"?)`,
			`/propertes: the keyword "propertes" is unknown and will be ignored (did you mean "properties"?)`,
			`/typ: the keyword "typ" is unknown and will be ignored (did you mean "type"?)`,
		}},
		{`{"type": "object", "properties": {"a": {"tpye": "string", "minlength": 1, "ENUM": []}}}`, []string{
			`/properties/a/tpye: the keyword "tpye" is unknown and will be ignored (did you mean "type"?)`,
			`/properties/a/minlength: the keyword "minlength" is unknown and will be ignored (did you mean "minLength"?)`,
			`/properties/a/ENUM: the keyword "ENUM" is unknown and will be ignored (did you mean "enum"?)`,
		}},
		{`{"type": "object", "anyOf": [{"$defs": {"a/b": {"itms": {}}}}]}`, []string{
			`/anyOf/0/$defs/a~1b/itms: the keyword "itms" is unknown and will be ignored (did you mean "items"?)`,
		}},
		{`{"type": "object", "def": 1, "x-type": 1, "note": 1, "example": 1, "iff": 1, "nullable": true, "unit": "kg"}`, nil},
		{`{"type": "object", "properties": {"typ": {}, "requird": true}, "patternProperties": {"tpye": {}}, "$defs": {"itms": {}},
			"dependentSchemas": {"titel": {}}, "dependentRequired": {"enums": []}, "const": {"typ": 1}, "default": {"typ": 1}, "enum": [{"typ": 1}], "examples": [{"tpye": 1}]}`, nil},
		{`{"type": "object", "definitions": {}, "dependencies": {}, "additionalItems": true, "id": "x"}`, nil},
		{`{"type": "object", "$schema": "http://json-schema.org/draft-04/schema#", "cons": 1, "$defs": {}, "titel": 1, "prefixItem": 1}`, []string{
			`/titel: the keyword "titel" is unknown and will be ignored (did you mean "title"?)`,
		}},
		{`{"type": "object", "prefixItem": 1, "cons": 1}`, []string{
			`/prefixItem: the keyword "prefixItem" is unknown and will be ignored (did you mean "prefixItems"?)`,
			`/cons: the keyword "cons" is unknown and will be ignored (did you mean "const"?)`,
		}},
	} {
		s, err := Compile([]byte(c.text), Options{Object: true})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var got []string
		for _, w := range s.Warnings() {
			if !w.AtKey {
				t.Errorf("%s: %v is not said to be at the key", c.text, w)
			}
			got = append(got, w.Pointer+": "+w.Message+" ("+w.Hint+")")
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: the warnings differ (-want +got):\n%s", c.text, diff)
		}
	}
}

// Whatever holds schemas is a keyword, and so is what names them.
func TestKeywordsAreComplete(t *testing.T) {
	for name := range applicators {
		if _, ok := keywords[name]; !ok {
			t.Errorf("%s is not among the keywords", name)
		}
	}
	for _, d := range []draft{draft4, draft6, draft7, draft2019, draft2020} {
		if in := keywords[d.idKey()]; d < in.since || in.until != 0 && d > in.until {
			t.Errorf("draft %d lacks %s", d, d.idKey())
		}
	}
}

// A required property that the same object rules out is warned of, unless the
// object may be a part of something else.
func TestUnfulfillable(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{`{"type": "object", "required": ["a", "pirce"], "additionalProperties": false, "properties": {"a": {}, "price": {}}}`, []string{
			`/required/1: the property "pirce" is required, but additionalProperties: false does not allow it (did you mean "price"?)`,
		}},
		{`{"type": "object", "required": ["name"], "additionalProperties": false}`, []string{
			`/required/0: the property "name" is required, but additionalProperties: false does not allow it (declare it under properties)`,
		}},
		{`{"type": "object", "required": ["name"], "additionalProperties": true}`, nil},
		{`{"type": "object", "required": ["name"], "additionalProperties": {}}`, nil},
		{`{"type": "object", "required": ["name"], "additionalProperties": false, "patternProperties": {"^n": {}}}`, nil},
		{`{"type": "object", "required": ["name"], "additionalProperties": false, "allOf": [{}]}`, nil},
		{`{"type": "object", "required": ["name"], "additionalProperties": false, "if": {}}`, nil},
		{`{"type": "object", "required": ["name"], "additionalProperties": false, "$ref": "#/$defs/a", "$defs": {"a": {}}}`, nil},
		{`{"type": "object", "required": ["name"], "properties": {"required": {"additionalProperties": false}}}`, nil},
	} {
		s, err := Compile([]byte(c.text), Options{Object: true})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var got []string
		for _, w := range s.Warnings() {
			got = append(got, w.Pointer+": "+w.Message+" ("+w.Hint+")")
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: the warnings differ (-want +got):\n%s", c.text, diff)
		}
	}
}

// Warnings stand in the order of the schema.
func TestWarningsInOrder(t *testing.T) {
	s, err := Compile([]byte(`{"type": "object", "properties": {"a": {"format": "x", "titel": 1}, "b": {"tpye": 1}}, "requird": []}`), Options{Object: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range s.Warnings() {
		got = append(got, strings.TrimPrefix(w.Pointer, "/properties"))
	}
	if want := []string{"/a/format", "/a/titel", "/b/tpye", "/requird"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
