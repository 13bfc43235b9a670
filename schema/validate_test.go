package schema

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"unicode/utf8"
)

const product = `{
	"type": "object",
	"required": ["title", "price", "url"],
	"additionalProperties": false,
	"properties": {
		"title": {"type": "string", "minLength": 1, "maxLength": 300},
		"url": {"type": "string", "format": "uri"},
		"price": {"type": "object", "required": ["amount", "currency"], "properties": {
			"amount": {"type": "number", "exclusiveMinimum": 0},
			"currency": {"enum": ["USD", "EUR", "GBP"]}}},
		"stock": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 0}]},
		"tags": {"type": "array", "uniqueItems": true, "items": {"type": "string", "pattern": "^[a-z-]+$"}},
		"offers": {"type": "array", "items": {"$ref": "#/$defs/offer"}},
		"description": {"type": "string"}
	},
	"$defs": {"offer": {"type": "object", "required": ["seller", "amount"], "properties": {
		"seller": {"type": "string"}, "amount": {"type": "number"}, "seen": {"format": "date-time"}}}}
}`

// result is about 1 KB.
func result(t testing.TB) []byte {
	v := map[string]any{
		"title": "A Light in the Attic", "url": "https://books.example/a-light-in-the-attic",
		"price": map[string]any{"amount": 51.77, "currency": "GBP"}, "stock": 22,
		"tags":        []string{"poetry", "for-children", "classics"},
		"description": fmt.Sprintf("%0400d", 0),
	}
	var offers []any
	for i := range 5 {
		offers = append(offers, map[string]any{"seller": fmt.Sprintf("Seller %d", i), "amount": 50 + i, "seen": "2026-01-31T12:30:00Z"})
	}
	v["offers"] = offers
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestProductFits(t *testing.T) {
	if got := compile(t, product).Validate(result(t)); got != nil {
		t.Errorf("got %v, want no problems", lines(got))
	}
}

// A Schema judges for many at once.
func TestValidateConcurrently(t *testing.T) {
	s := compile(t, product)
	good, bad := result(t), []byte(`{"title":"","price":{"amount":0},"x":1}`)
	want := lines(s.Validate(bad))
	if len(want) != 5 {
		t.Fatalf("got %v, want 5 problems", want)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := s.Validate(good); got != nil {
					t.Errorf("got %v, want no problems", lines(got))
				}
				if got := lines(s.Validate(bad)); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("got %v, want %v", got, want)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever comes, Validate answers, in words and JSON that can be written.
func FuzzValidate(f *testing.F) {
	f.Add([]byte(product), result(f))
	f.Add([]byte(product), []byte(`{"title":"","price":{"amount":0},"\u202e":[1]}`))
	f.Add([]byte(`{"oneOf":[{"const":1},{"properties":{"a":{"enum":["x"]}}}]}`), []byte(`{"a":1e400}`))
	f.Add([]byte(`{"$schema":"http://json-schema.org/draft-04/schema#","minimum":5,"exclusiveMinimum":true}`), []byte(`5.0`))
	f.Add([]byte(`{"$dynamicRef":"#a","$defs":{"b":{"$dynamicAnchor":"a","not":{}}}}`), []byte(`[[[]]]`))
	f.Add([]byte(`{"$id":"x","$ref":"y#z","$defs":{"y":{"$id":"y","$anchor":"z","contains":false}}}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, text, value []byte) {
		if _, err := Columns(text); err != nil {
			return
		}
		s, err := Compile(text, Options{Open: func(string) ([]byte, error) { return text, nil }})
		if err != nil {
			if _, ok := err.(Errors); !ok {
				t.Errorf("got %T, want Errors", err)
			}
			return
		}
		again, err := Compile(s.Text(), Options{})
		if err != nil {
			t.Fatalf("the text of a schema does not compile: %v\n%s", err, s.Text())
		}
		got := s.Validate(value)
		if other := again.Validate(value); len(other) != len(got) {
			t.Errorf("the text judges otherwise: %v, not %v", lines(other), lines(got))
		}
		for _, p := range got {
			if p.Message == "" || p.Keyword == "" || !utf8.ValidString(p.Message) || len(p.Message) > 10_000 {
				t.Errorf("got the problem %+v", p)
			}
			for _, part := range []json.RawMessage{p.Expected, p.Actual} {
				if part != nil && !json.Valid(part) {
					t.Errorf("got %q, want JSON", part)
				}
			}
		}
		if got == nil && !json.Valid(value) {
			t.Errorf("got no problem with %q", value)
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	s, value := compile(b, product), result(b)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if got := s.Validate(value); got != nil {
			b.Fatal(lines(got))
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile([]byte(product), Options{Object: true}); err != nil {
			b.Fatal(err)
		}
	}
}
