package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// columnNames joins each path with dots.
func columnNames(cs []Column) []string {
	names := []string{}
	for _, c := range cs {
		names = append(names, strings.Join(c.Path, "."))
	}
	return names
}

func TestColumns(t *testing.T) {
	for name, c := range map[string]struct {
		schema string
		want   string // space separated
	}{
		"author's order": {
			`{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"number"},"m":{}}}`, "z a m"},
		"nested objects": {
			`{"properties":{"price":{"type":"object","properties":{"amount":{},"currency":{}}},"name":{}}}`, "price.amount price.currency name"},
		"an object without a type": {
			`{"properties":{"price":{"properties":{"amount":{}}}}}`, "price.amount"},
		"arrays and open maps are one": {
			`{"properties":{"tags":{"type":"array","items":{"type":"object","properties":{"a":{}}}},"map":{"type":"object","additionalProperties":{"type":"string"}}}}`, "tags map"},
		"mixed types are one": {
			`{"properties":{"p":{"type":["object","string"],"properties":{"a":{}}}}}`, "p"},
		"nullable by type": {
			`{"properties":{"p":{"type":["object","null"],"properties":{"a":{},"b":{}}}}}`, "p.a p.b"},
		"nullable by anyOf": {
			`{"properties":{"p":{"anyOf":[{"type":"null"},{"type":"object","properties":{"a":{}}}]}}}`, "p.a"},
		"nullable by oneOf and $ref": {
			`{"properties":{"p":{"oneOf":[{"$ref":"#/$defs/price"},{"const":null}]}},"$defs":{"price":{"type":"object","properties":{"amount":{}}}}}`, "p.amount"},
		"alternatives of objects": {
			`{"properties":{"p":{"oneOf":[{"type":"object","properties":{"a":{},"b":{}}},{"type":"object","properties":{"b":{},"c":{}}}]}}}`, "p.a p.b p.c"},
		"an object or a string": {
			`{"properties":{"p":{"anyOf":[{"type":"object","properties":{"a":{}}},{"type":"string"}]}}}`, "p"},
		"allOf and $ref at the root": {
			`{"allOf":[{"$ref":"#/$defs/base"},{"properties":{"b":{}}}],"properties":{"c":{}},"$defs":{"base":{"type":"object","properties":{"a":{}}}}}`, "a b c"},
		"anchors": {
			`{"$ref":"#base","$defs":{"base":{"$anchor":"base","properties":{"a":{}}}}}`, "a"},
		"embedded resources": {
			`{"$ref":"https://x.example/base","$defs":{"base":{"$id":"https://x.example/base","properties":{"a":{"$ref":"#/$defs/in"}},"$defs":{"in":{"properties":{"q":{}}}}}}}`, "a.q"},
		"then and else": {
			`{"properties":{"a":{}},"if":{"properties":{"a":{"const":1},"hidden":{}}},"then":{"properties":{"b":{}}},"else":{"properties":{"c":{}}}}`, "a b c"},
		"siblings of $ref are void in draft 7": {
			`{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/a","properties":{"b":{}},"definitions":{"a":{"properties":{"a":{}}}}}`, "a"},
		"false is absent": {
			`{"properties":{"a":{},"b":false}}`, "a"},
		"a linked list is one": {
			`{"properties":{"val":{},"next":{"$ref":"#"}}}`, "val next"},
		"recursion below the root": {
			`{"properties":{"head":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"object","properties":{"val":{},"next":{"$ref":"#/$defs/n"}}}}}`, "head.val head.next"},
		"recursion through allOf": {
			`{"$ref":"#/$defs/n","$defs":{"n":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"properties":{"v":{},"kid":{"$ref":"#/$defs/n"}}}}}`, "v kid"},
		"a shared base is not recursion": {
			`{"properties":{"x":{"allOf":[{"$ref":"#/$defs/b"}],"properties":{"y":{"$ref":"#/$defs/b"}}}},"$defs":{"b":{"properties":{"q":{}}}}}`, "x.q x.y.q"},
		"a $ref to itself ends": {
			`{"properties":{"a":{"$ref":"#/properties/a"}}}`, "a"},
		"allOf in a circle ends": {
			`{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"allOf":[{"$ref":"#/$defs/a"}],"properties":{"v":{}}}}}`, "v"},
		"no properties":       {`{"type":"object"}`, ""},
		"a boolean":           {`true`, ""},
		"names with dots":     {`{"properties":{"a.b":{},"c/d":{"properties":{"e~f":{}}}}}`, "a.b c/d.e~f"},
		"properties as array": {`{"properties":[1]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Columns([]byte(c.schema))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(c.want), columnNames(got)); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

// A schema of a few hundred bytes that describes 10^10 leaves.
func TestColumnsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for level := range 10 {
		if level > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"d` + string(rune('0'+level)) + `":{"properties":{`)
		for p := range 10 {
			if p > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + string(rune('a'+p)) + `":{"$ref":"#/$defs/d` + string(rune('0'+level+1)) + `"}`)
		}
		b.WriteString(`}}`)
	}
	b.WriteString(`,"da":{"type":"string"},"d:":{}}}`)
	got, err := Columns([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > maxColumns+100 || len(got) < 1000 {
		t.Errorf("got %d columns, want about %d", len(got), maxColumns)
	}
}
