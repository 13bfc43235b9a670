package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

const orderSchema = `{"type":"object","properties":{
	"shop":{"type":"string"},
	"order":{"type":"object","properties":{"no":{"type":"string"},"items":{"type":"array","items":{"$ref":"#/$defs/item"}},"paid":{"type":"boolean"}}},
	"tags":{"type":"array","items":{"type":"string"}}},
	"$defs":{"item":{"type":"object","properties":{
		"sku":{"type":"string"},"price":{"type":"object","properties":{"amount":{},"currency":{}}},"notes":{"type":"array","items":{"type":"object","properties":{"x":{}}}}}}}}`

// unwound are the result cells of a table with a row for each element of a list.
func unwound(t *testing.T, o Options, schemas []string, results ...string) []string {
	t.Helper()
	s := &memory{}
	for _, text := range schemas {
		s.schemas = append(s.schemas, []byte(text))
	}
	for i, result := range results {
		s.records = append(s.records, done(i, fmt.Sprint(i), batch.Passed, result))
	}
	rows, err := csv.NewReader(strings.NewReader(renderedAs(t, CSV, o, s))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range rows {
		out = append(out, row[0]+": "+strings.Join(row[len(fixed):len(row)-1], " | "))
	}
	return out
}

// There is a row for each element, with the columns that the schema declares of
// it in place of the list's; a task without elements has a row.
func TestUnwind(t *testing.T) {
	items := Options{Unwind: []string{"order", "items"}}
	header := "id: shop | order.no | order.items.sku | order.items.price.amount | order.items.price.currency | order.items.notes | order.paid | tags"
	for _, test := range []struct {
		result string
		want   []string
	}{
		{`{"shop":"s","order":{"no":"7","items":[{"sku":"a","price":{"amount":1.50}},{"price":{"currency":"EUR"},"notes":[{"x":[1]}]}],"paid":true},"tags":["x"]}`, []string{
			`0: s | 7 | a | 1.50 |  |  | true | ["x"]`,
			`0: s | 7 |  |  | EUR | [{"x":[1]}] | true | ["x"]`,
		}},
		{`{"shop":"s","order":{"items":[]}}`, []string{`0: s |  |  |  |  |  |  | `}},
		{`{"shop":"s","order":{"items":null}}`, []string{`0: s |  |  |  |  |  |  | `}},
		{`{"shop":"s"}`, []string{`0: s |  |  |  |  |  |  | `}},
		{`{"shop":"s","order":[{"items":[{"sku":"a"}]}]}`, []string{`0: s | [{"items":[{"sku":"a"}]}] |  |  |  |  |  | `}},
		// What is no list, or no object in it, is seen all the same.
		{`{"order":{"items":"none"}}`, []string{`0:  |  | none |  |  |  |  | `}},
		{`{"order":{"items":{"sku":"a"}}}`, []string{`0:  |  | a |  |  |  |  | `}},
		{`{"order":{"items":[3,[{"sku":"a"}],null,"=x"]}}`, []string{
			`0:  |  | 3 |  |  |  |  | `, `0:  |  | [{"sku":"a"}] |  |  |  |  | `, `0:  |  |  |  |  |  |  | `, `0:  |  | '=x |  |  |  |  | `,
		}},
		// Of a key that comes twice the last value counts.
		{`{"order":{"items":[{"sku":"a","sku":"b"}],"items":[{"sku":"c"}]}}`, []string{`0:  |  | c |  |  |  |  | `}},
		{`{"order":{"items":[{"sku":"a","sku":"b"}]},"order":{"no":"9"}}`, []string{`0:  | 9 |  |  |  |  |  | `}},
		{`{"order":{"items":[{"sku":"a"},{"sku":"b"}]},"order":5}`, []string{`0:  | 5 |  |  |  |  |  | `}},
		{`{"order":{"items":[{"sku":"a"},{"sku":"b"}],"items":5}}`, []string{`0:  |  | 5 |  |  |  |  | `}},
		{`{"order":{"items":{"sku":"a"},"items":[{"price":{"amount":2}}]}}`, []string{`0:  |  |  | 2 |  |  |  | `}},
	} {
		if diff := cmp.Diff(append([]string{header}, test.want...), unwound(t, items, []string{orderSchema}, test.result)); diff != "" {
			t.Errorf("%s: %s", test.result, diff)
		}
	}
}

func TestColumnsOfUnwoundLists(t *testing.T) {
	list := func(of string) string {
		return `{"properties":{"a":{},"l":{"type":"array","items":` + of + `},"z":{}}}`
	}
	const object = `{"type":"object","properties":{"x":{},"y":{}}}`
	for name, test := range map[string]struct {
		schemas []string
		want    string
	}{
		"no schema":                   {nil, "l"},
		"the list is not declared":    {[]string{`{"properties":{"a":{}}}`}, "a l"},
		"elements are strings":        {[]string{list(`{"type":"string"}`)}, "a l z"},
		"elements of any kind":        {[]string{list(`{}`)}, "a l z"},
		"objects":                     {[]string{list(object)}, "a l.x l.y z"},
		"objects or strings":          {[]string{list(`{"anyOf":[` + object + `,{"type":"string"}]}`)}, "a l z"},
		"two schemas":                 {[]string{list(object), list(`{"type":"object","properties":{"y":{},"w":{}}}`)}, "a l.x l.y z l.w"},
		"objects, and strings beside": {[]string{list(object), list(`{"type":"string"}`)}, "a l.x l.y z l"},
		"a name that is taken":        {[]string{`{"properties":{"l.x":{},"l":{"items":` + object + `}}}`}, "l.x result.l.x l.y"},
		"it is an object":             {[]string{`{"properties":{"l":` + object + `}}`}, "l.x l.y"},
		"a list or null":              {[]string{`{"properties":{"l":{"type":["array","null"],"items":` + object + `}}}`}, "l.x l.y"},
	} {
		t.Run(name, func(t *testing.T) {
			got := unwound(t, Options{Unwind: []string{"l"}}, test.schemas)[0]
			if want := "id: " + strings.ReplaceAll(test.want, " ", " | "); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Every element is in some cell, whatever the schemas say.
func TestUnwindingUndeclaredLists(t *testing.T) {
	o := Options{Unwind: []string{"data", "l"}}
	want := []string{"id: data | data.l", `0: {"l":[1,{"x":2}]} | 1`, `0: {"l":[1,{"x":2}]} | {"x":2}`, "1:  | "}
	if diff := cmp.Diff(want, unwound(t, o, []string{`{"properties":{"data":{"type":"object"}}}`}, `{"data":{"l":[1,{"x":2}]}}`, `{}`)); diff != "" {
		t.Error(diff)
	}
	mixed := `{"properties":{"data":{"type":["object","string"],"properties":{"l":{"items":{"type":"object","properties":{"x":{}}}}}}}}`
	want = []string{"id: data | data.l.x", `0: {"l":[{"x":2}]} | 2`, "1: none | "}
	if diff := cmp.Diff(want, unwound(t, o, []string{mixed}, `{"data":{"l":[{"x":2}]}}`, `{"data":"none"}`)); diff != "" {
		t.Errorf("an object or a string: %s", diff)
	}
}

// The columns that the user chose get the element; where there is none they get
// nil, once.
func TestChosenColumnsOfElements(t *testing.T) {
	s := &memory{schemas: [][]byte{[]byte(orderSchema)}, records: []batch.Record{
		done(0, "a", batch.Passed, `{"shop":"s","order":{"items":[{"sku":"x"},{"sku":"y"}]}}`),
		done(1, "b", batch.Passed, `{"shop":"t","order":{"items":[]}}`),
		done(2, "c", batch.Failed, ""),
	}}
	o := Options{Unwind: []string{"order", "items"}, Columns: []Column{
		memberOf("shop", "shop", false), memberOf("sku", "sku", true),
		{Name: "whole", Value: func(_ batch.Record, item json.RawMessage) (json.RawMessage, error) { return item, nil }},
	}}
	want := "shop,sku,whole\ns,x,\"{\"\"sku\"\":\"\"x\"\"}\"\ns,y,\"{\"\"sku\"\":\"\"y\"\"}\"\nt,,\n,,\n"
	if diff := cmp.Diff(want, renderedAs(t, CSV, o, s)); diff != "" {
		t.Error(diff)
	}
}

// The result that is unwound for a repetition is that of the member which
// decided.
func TestUnwindingARepetition(t *testing.T) {
	records := members("a", 1, "fpp")
	records[1].Result.Raw = []byte(`{"l":[1,2]}`)
	s := &memory{records: records}
	want := []string{"a,passed,,COMPLETED,3,run-a#2,2/3,1,", "a,passed,,COMPLETED,3,run-a#2,2/3,2,"}
	if diff := cmp.Diff(want, cut(t, Options{Unwind: []string{"l"}}, s)); diff != "" {
		t.Error(diff)
	}
}

// FuzzUnwind asks that every row has as many columns as the header, that no task
// is missing, and that the same is picked when it is picked again.
func FuzzUnwind(f *testing.F) {
	for _, seed := range []string{
		`{"order":{"items":[{"sku":"a","price":{"amount":1}},{}]}}`, `{"order":{"items":[[]]},"order":{"items":[[[{"sku":1}]]]}}`,
		`{"order":{"items":{"items":[1]}}}`, `{"output":{"order":{"items":["=1"]}}}`, `[[`, `{"order":{"items":[1,2],"items":{}},"order":[]}`, ``,
	} {
		f.Add(seed, "output", true)
		f.Add(seed, "", false)
	}
	f.Fuzz(func(t *testing.T, result, path string, chosen bool) {
		rec := done(0, "a", batch.Invalid, result)
		rec.Checks = &batch.Checks{Path: path}
		s := &memory{schemas: [][]byte{[]byte(orderSchema)}, records: []batch.Record{rec, done(1, "b", batch.Passed, `{"order":{"items":[{"sku":"z"}]}}`), rec}}
		o := Options{Unwind: []string{"order", "items"}}
		if chosen {
			o.Columns = []Column{memberOf("sku", "sku", true)}
		}
		rows, err := csv.NewReader(strings.NewReader(renderedAs(t, CSV, o, s))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		body := rows[1:]
		if len(body)%2 != 1 || len(body) < 3 {
			t.Fatalf("got %d rows, want those of b and twice the same", len(body))
		}
		if diff := cmp.Diff(body[:len(body)/2], body[len(body)/2+1:]); diff != "" {
			t.Error(diff)
		}
	})
}
