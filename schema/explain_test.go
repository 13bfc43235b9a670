package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compile compiles a schema that is meant to be right.
func compile(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Compile([]byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines writes each problem as its path, keyword and message.
func lines(ps []Problem) []string {
	var out []string
	for _, p := range ps {
		out = append(out, fmt.Sprintf("%s %s: %s", p.InstancePath, p.Keyword, p.Message))
	}
	return out
}

func TestExplanations(t *testing.T) {
	for name, c := range map[string]struct {
		schema, value string
		want          []string
	}{
		"a wrong type": {
			`{"properties":{"price":{"type":"number"}}}`,
			`{"price":"12 USD"}`,
			[]string{`/price type: must be a number, got the string "12 USD"`}},
		"several types": {
			`{"properties":{"a":{"type":["string","null","integer"]}}}`,
			`{"a":1.5}`,
			[]string{`/a type: must be null, an integer or a string, got the number 1.5`}},
		"an integer of 1.0 is one": {
			`{"type":"integer"}`,
			`1.0`,
			nil},
		"each missing property": {
			`{"type":"object","required":["title","price","sku"]}`,
			`{"sku":1}`,
			[]string{` required: the property "price" is required`, ` required: the property "title" is required`}},
		"an extra property with a near name": {
			`{"properties":{"price":{},"title":{}},"additionalProperties":false}`,
			`{"prise":1,"title":2}`,
			[]string{` additionalProperties: the property "prise" (did you mean "price"?) is not allowed`}},
		"many extra properties": {
			`{"additionalProperties":false}`,
			`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}`,
			[]string{` additionalProperties: the properties "a", "b", "c", "d", "e" and 2 more are not allowed`}},
		"bounds keep the author's number text": {
			`{"properties":{"a":{"minimum":3.10},"b":{"exclusiveMinimum":0},"c":{"maximum":1e400},"d":{"multipleOf":0.01}}}`,
			`{"a":3.0999999999999999999,"b":0,"c":1.1e400,"d":0.015}`,
			[]string{`/a minimum: must be at least 3.10, got the number 3.0999999999999999999`, `/b exclusiveMinimum: must be greater than 0, got the number 0`, `/c maximum: must be at most 1e400, got the number 1.1e400`, `/d multipleOf: must be a multiple of 0.01, got the number 0.015`}},
		"exclusive bounds of draft 4": {
			`{"$schema":"http://json-schema.org/draft-04/schema#","minimum":5,"exclusiveMinimum":true}`,
			`5`,
			[]string{` exclusiveMinimum: must be greater than 5, got the number 5`}},
		"lengths": {
			`{"properties":{"a":{"minLength":1},"b":{"maxLength":2},"c":{"minItems":2},"d":{"maxItems":0},"e":{"minProperties":1},"f":{"maxProperties":1}}}`,
			`{"a":"","b":"äöü","c":[1],"d":[1],"e":{},"f":{"x":1,"y":2}}`,
			[]string{`/a minLength: must have at least 1 character, has 0`, `/b maxLength: must have at most 2 characters, has 3`, `/c minItems: must have at least 2 items, has 1`, `/d maxItems: must have at most 0 items, has 1`, `/e minProperties: must have at least 1 property, has 0`, `/f maxProperties: must have at most 1 property, has 2`}},
		"pattern and format": {
			`{"properties":{"a":{"pattern":"^[A-Z]+$"},"b":{"format":"date"},"c":{"format":"email"},"d":{"format":"uri"}}}`,
			`{"a":"abc","b":"31.1.2026","c":"ann","d":"/x"}`,
			[]string{`/a pattern: must match the pattern "^[A-Z]+$", got the string "abc"`, `/b format: must be a date such as 2026-01-31, got the string "31.1.2026"`, `/c format: must be an email such as ann@example.com, got the string "ann"`, `/d format: must be a uri such as https://example.com/, got the string "/x"`}},
		"const and enum": {
			`{"properties":{"a":{"const":"USD"},"b":{"enum":["in stock","sold out",null,3]},"c":{"const":{"x":1}}}}`,
			`{"a":"EUR","b":"gone","c":{"x":2}}`,
			[]string{`/a const: must be "USD", got the string "EUR"`, `/b enum: must be "in stock", "sold out", null or 3, got the string "gone"`, `/c const: must be {"x":1}, got {"x":2}`}},
		"equal items": {
			`{"uniqueItems":true}`,
			`[{"a":1,"b":2},3,{"b":2,"a":1.0}]`,
			[]string{` uniqueItems: must not have equal items: items 0 and 2 are equal`}},
		"contains": {
			`{"contains":{"const":1},"minContains":2,"maxContains":3}`,
			`[1,2]`,
			[]string{` minContains: must have at least 2 items fitting the schema under contains, has 1`}},
		"contains nothing": {
			`{"contains":{"const":1}}`,
			`[2]`,
			[]string{` contains: must have an item fitting the schema under contains, has none`}},
		"too many contained": {
			`{"contains":{"const":1},"maxContains":1}`,
			`[1,1]`,
			[]string{` maxContains: must have at most 1 item fitting the schema under contains, has 2`}},
		"items beyond the tuple": {
			`{"prefixItems":[{"type":"string"}],"items":false}`,
			`["a",2]`,
			[]string{`/1 items: is not allowed`}},
		"additionalItems of draft 7": {
			`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{}],"additionalItems":false}`,
			`[1,2,3]`,
			[]string{` additionalItems: must have at most 1 item, has 3`}},
		"not": {
			`{"not":{"type":"null"}}`,
			`null`,
			[]string{` not: must not fit the schema under not, got null`}},
		"a forbidden property": {
			`{"properties":{"a":false}}`,
			`{"a":1}`,
			[]string{`/a properties: is not allowed`}},
		"an unevaluated property": {
			`{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}`,
			`{"a":1,"b":2}`,
			[]string{`/b unevaluatedProperties: is not allowed`}},
		"property names": {
			`{"properties":{"m":{"propertyNames":{"pattern":"^[a-z]+$"}},"n":{}}}`,
			`{"m":{"ok":1,"Not OK":2},"n":1}`,
			[]string{`/m propertyNames: the property "Not OK" is not allowed: its name must match the pattern "^[a-z]+$", got the string "Not OK"`}},
		"dependent": {
			`{"dependentRequired":{"price":["currency"]}}`,
			`{"price":1}`,
			[]string{` dependentRequired: the property "currency" is required where "price" is present`}},
		"dependencies of draft 7": {
			`{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"price":["currency"]}}`,
			`{"price":1}`,
			[]string{` dependencies: the property "currency" is required where "price" is present`}},
		"then": {
			`{"if":{"properties":{"k":{"const":1}}},"then":{"required":["b"]},"else":{"required":["c"]}}`,
			`{"k":1}`,
			[]string{` required: the property "b" is required`}},
		"through $ref and allOf, said once": {
			`{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"required":["x"]}}}`,
			`{}`,
			[]string{` required: the property "x" is required`}},
		"author's order, then the alphabet": {
			`{"properties":{"z":{"type":"string"},"a":{"type":"string"}},"additionalProperties":{"type":"string"}}`,
			`{"b":1,"a":1,"z":1,"c":1}`,
			[]string{`/z type: must be a string, got the number 1`, `/a type: must be a string, got the number 1`, `/b type: must be a string, got the number 1`, `/c type: must be a string, got the number 1`}},
		"elements by number": {
			`{"items":{"type":"string"}}`,
			`["a",1,"b","c","d","e","f","g","h","i",1]`,
			[]string{`/1 type: must be a string, got the number 1`, `/10 type: must be a string, got the number 1`}},
		"names are escaped and cut": {
			`{"additionalProperties":false}`,
			`{"\u001b[31m\u202exxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":1}`,
			[]string{` additionalProperties: the property "\x1b[31m\u202exxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is not allowed`}},
		"paths are escaped": {
			`{"additionalProperties":{"type":"string"}}`,
			`{"a/b~c":1}`,
			[]string{`/a~1b~0c type: must be a string, got the number 1`}},
		"anyOf: nullable object: the object came close": {
			`{"properties":{"p":{"anyOf":[{"type":"null"},{"type":"object","required":["amount"],"properties":{"amount":{"type":"number"}}}]}}}`,
			`{"p":{"amount":"x"}}`,
			[]string{`/p/amount type: must be a number, got the string "x"`}},
		"anyOf of types is one wish": {
			`{"anyOf":[{"type":"string"},{"type":"null"},{"type":"object"}]}`,
			`5`,
			[]string{` type: must be a string, null or an object, got the number 5`}},
		"anyOf of constants is one wish": {
			`{"anyOf":[{"const":"a"},{"const":"b"},{"type":"null"}]}`,
			`"c"`,
			[]string{` anyOf: must be "a", "b" or null, got the string "c"`}},
		"oneOf by a const discriminator": {
			`{"oneOf":[{"properties":{"kind":{"const":"book"},"isbn":{"type":"string"},"pages":{"type":"integer"}},"required":["isbn","pages"]},{"properties":{"kind":{"const":"film"},"minutes":{"type":"integer"}},"required":["minutes"]}]}`,
			`{"kind":"book","minutes":"x"}`,
			[]string{` required: the property "isbn" is required`, ` required: the property "pages" is required`}},
		"oneOf by an enum discriminator behind $ref": {
			`{"oneOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}],"$defs":{"a":{"properties":{"t":{"enum":["x","y"]},"v":{"type":"string"}}},"b":{"properties":{"t":{"enum":["z"]},"v":{"type":"string"},"w":{"type":"string"}}}}}`,
			`{"t":"z","v":1,"w":2}`,
			[]string{`/v type: must be a string, got the number 1`, `/w type: must be a string, got the number 2`}},
		"a wrong constant elsewhere does not decide": {
			`{"anyOf":[{"properties":{"kind":{"const":"a"},"currency":{"const":"USD"}}},{"properties":{"kind":{"const":"b"},"currency":{"const":"USD"},"n":{"type":"number"}}}]}`,
			`{"kind":"b","currency":"EUR","n":"x"}`,
			[]string{`/currency const: must be "USD", got the string "EUR"`, `/n type: must be a number, got the string "x"`}},
		"by type at the key": {
			`{"anyOf":[{"properties":{"v":{"type":"string"}},"required":["u"]},{"properties":{"v":{"type":"number"}},"required":["x","y","z"]}]}`,
			`{"v":1}`,
			[]string{` required: the property "x" is required`, ` required: the property "y" is required`, ` required: the property "z" is required`}},
		"the deepest": {
			`{"anyOf":[{"required":["a"]},{"properties":{"b":{"properties":{"c":{"properties":{"d":{"type":"string"}}}}}}}]}`,
			`{"b":{"c":{"d":1}}}`,
			[]string{`/b/c/d type: must be a string, got the number 1`}},
		"the fewest": {
			`{"anyOf":[{"required":["a","b"]},{"required":["c"]}]}`,
			`{}`,
			[]string{` required: the property "c" is required`}},
		"equals that break one rule each": {
			`{"anyOf":[{"required":["a"]},{"required":["b"]}]}`,
			`{}`,
			[]string{` required: the property "a" or "b" is required`}},
		"the first of equals": {
			`{"anyOf":[{"required":["a","b"]},{"required":["c","d"]}]}`,
			`{}`,
			[]string{` required: the property "a" is required`, ` required: the property "b" is required`}},
		"nested alternatives": {
			`{"anyOf":[{"type":"null"},{"oneOf":[{"type":"array"},{"type":"object","properties":{"x":{"type":"string"}}}]}]}`,
			`{"x":1}`,
			[]string{`/x type: must be a string, got the number 1`}},
		"an object where all want others": {
			`{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}`,
			`{"x":1}`,
			[]string{` type: must be a string or an array, got an object of 1 property`}},
		"oneOf with two that fit": {
			`{"oneOf":[{"title":"Price","required":["a"]},{"required":["b"]},{"title":"Offer","required":["c"]}]}`,
			`{"a":1,"c":1}`,
			[]string{` oneOf: must fit exactly one of 3 schemas, fits number 1 ("Price") and number 3 ("Offer")`}},
		"an unknown discriminator": {
			`{"oneOf":[{"properties":{"kind":{"const":"a"}},"required":["kind"]},{"properties":{"kind":{"const":"b"}},"required":["kind"]}]}`,
			`{"kind":"c"}`,
			[]string{`/kind oneOf: must be "a" or "b", got the string "c"`}},
		"a missing discriminator": {
			`{"oneOf":[{"properties":{"kind":{"const":"a"}},"required":["kind"]},{"properties":{"kind":{"const":"b"}},"required":["kind"]}]}`,
			`{}`,
			[]string{` required: the property "kind" is required`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(compile(t, c.schema).Validate([]byte(c.value)))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// What the schema wants and what the value has stand beside the words, as JSON.
func TestExpectedAndActual(t *testing.T) {
	s := compile(t, `{
		"properties": {
			"price": {"minimum": 3.10},
			"unit": {"type": ["string", "null"]},
			"tags": {"maxItems": 1},
			"note": {"maxLength": 3}
		},
		"additionalProperties": false
	}`)
	long := strings.Repeat("ä", 300)
	got := s.Validate([]byte(`{"price": 1.50, "unit": 5, "tags": ["` + long + `", 2], "note": "` + long + `", "x": 1}`))
	want := []Problem{
		{Kind: "schema", Keyword: "additionalProperties", Message: `the property "x" is not allowed`},
		{Kind: "schema", InstancePath: "/price", Keyword: "minimum", Message: "must be at least 3.10, got the number 1.50", Expected: raw("3.10"), Actual: raw("1.50")},
		{Kind: "schema", InstancePath: "/unit", Keyword: "type", Message: "must be null or a string, got the number 5", Expected: raw(`["string","null"]`), Actual: raw("5")},
		{Kind: "schema", InstancePath: "/tags", Keyword: "maxItems", Message: "must have at most 1 item, has 2", Expected: raw("1")},
		{Kind: "schema", InstancePath: "/note", Keyword: "maxLength", Message: "must have at most 3 characters, has 300", Expected: raw("3"), Actual: raw(`"` + strings.Repeat("ä", 50) + `…"`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

// A hundred problems are told apart; the last says how many there are more.
func TestProblemsAreCapped(t *testing.T) {
	s := compile(t, `{"items": {"type": "string"}}`)
	got := s.Validate([]byte("[" + strings.Repeat("1,", 249) + "1]"))
	if len(got) != 100 {
		t.Fatalf("got %d problems, want 100", len(got))
	}
	if last := got[99]; last.Message != "and 151 more problems" || last.Keyword != "more" {
		t.Errorf("got the last problem %+v, want one that stands for 151", last)
	}
	if got[98].InstancePath != "/98" {
		t.Errorf("got the path %q, want /98", got[98].InstancePath)
	}
}

// The validator goes through objects in random order; what is said does not.
func TestExplanationsAreStable(t *testing.T) {
	var members []string
	for i := range 50 {
		members = append(members, fmt.Sprintf(`"k%d":{"a":%d,"Bad Name":1}`, i, i))
	}
	value := []byte("{" + strings.Join(members, ",") + "}")
	const text = `{"additionalProperties":{"properties":{"a":{"type":"string"}},"propertyNames":{"pattern":"^[a-z]$"},"additionalProperties":false},
		"dependentRequired":{"k1":["x","y"],"k2":["x"],"k3":["z"]}}`
	first := compile(t, text).Validate(value)
	if len(first) != 100 {
		t.Fatalf("got %d problems, want 100", len(first))
	}
	for range 20 {
		if diff := cmp.Diff(first, compile(t, text).Validate(value)); diff != "" {
			t.Fatalf("another run says other things (-first +now):\n%s", diff)
		}
	}
}
