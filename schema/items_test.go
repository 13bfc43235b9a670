package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestItemColumns(t *testing.T) {
	const item = `{"type":"object","properties":{"z":{},"a":{"type":"object","properties":{"b":{},"c":{}}},"l":{"type":"array"}}}`
	for name, c := range map[string]struct {
		schema, path string
		want         string // space separated
	}{
		"author's order":          {`{"properties":{"l":{"type":"array","items":` + item + `}}}`, "l", "z a.b a.c l"},
		"without a type":          {`{"properties":{"l":{"items":` + item + `}}}`, "l", "z a.b a.c l"},
		"deeper":                  {`{"properties":{"o":{"properties":{"l":{"items":` + item + `}}}}}`, "o l", "z a.b a.c l"},
		"by $ref":                 {`{"properties":{"l":{"$ref":"#/$defs/l"}},"$defs":{"l":{"type":"array","items":{"$ref":"#/$defs/i"}},"i":` + item + `}}`, "l", "z a.b a.c l"},
		"by allOf":                {`{"properties":{"l":{"allOf":[{"type":"array"},{"items":` + item + `}]}}}`, "l", "z a.b a.c l"},
		"a list or null":          {`{"properties":{"l":{"anyOf":[{"type":"null"},{"items":` + item + `}]}}}`, "l", "z a.b a.c l"},
		"elements or null":        {`{"properties":{"l":{"items":{"anyOf":[{"type":"null"},` + item + `]}}}}`, "l", "z a.b a.c l"},
		"a tuple":                 {`{"properties":{"l":{"prefixItems":[{"properties":{"a":{}}},{"properties":{"b":{}}}],"items":{"properties":{"c":{},"a":{}}}}}}`, "l", "a b c"},
		"a tuple of draft 7":      {`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"l":{"items":[{"properties":{"a":{}}}],"additionalItems":{"properties":{"b":{}}}}}}`, "l", "a b"},
		"a mixed tuple":           {`{"properties":{"l":{"prefixItems":[{"type":"string"},` + item + `]}}}`, "l", ""},
		"additionalItems alone":   {`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"l":{"additionalItems":` + item + `}}}`, "l", ""},
		"strings":                 {`{"properties":{"l":{"items":{"type":"string"}}}}`, "l", ""},
		"anything":                {`{"properties":{"l":{"type":"array"}}}`, "l", ""},
		"no elements":             {`{"properties":{"l":{"items":false}}}`, "l", ""},
		"objects or strings":      {`{"properties":{"l":{"items":{"anyOf":[` + item + `,{"type":"string"}]}}}}`, "l", ""},
		"not there":               {`{"properties":{"l":{"items":` + item + `}}}`, "m", ""},
		"below something else":    {`{"properties":{"l":{"items":` + item + `}}}`, "l l", ""},
		"a tree ends":             {`{"properties":{"v":{},"l":{"items":{"$ref":"#"}}}}`, "l", "v l"},
		"elements that hold more": {`{"properties":{"l":{"items":{"$ref":"#/$defs/n"}}},"$defs":{"n":{"properties":{"v":{},"next":{"$ref":"#/$defs/n"}}}}}`, "l", "v next"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ItemColumns([]byte(c.schema), strings.Fields(c.path))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(c.want), columnNames(got)); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := ItemColumns([]byte("no schema"), []string{"l"}); err == nil {
		t.Error("a text that is no schema: got no error")
	}
}
