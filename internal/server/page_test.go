package server

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// visit has the page agent do a task on the pages in testdata.
func visit(t *testing.T, c PageConfig, task, schema string) Answer {
	t.Helper()
	folder, err := filepath.Abs("testdata/site")
	if err != nil {
		t.Fatal(err)
	}
	if c.Sites == nil {
		c.Sites = map[string]string{"https://site.example": folder}
	}
	r := Run{Task: task, OpenSession: func() {}}
	if schema != "" {
		r.Schema = []byte(schema)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	a, err := Page(c).Work(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// props is an object schema of the given properties.
func props(p string) string { return `{"type":"object","properties":{` + p + `}}` }

func TestPageFillsTheSchema(t *testing.T) {
	for _, c := range []struct{ name, page, schema, want string }{
		{"json-ld before the other sources", "jsonld.html", props(`"title":{"type":"string"},"sku":{"type":"string"},"author":{"type":"string"},"color":{}`),
			`{"author":"Meta Author","color":"blue","sku":"00042","title":"Cordless Drill & Case"}`},
		{"an offer is part of its product", "jsonld.html", props(`"price":{"type":"number"},"currency":{"type":"string"},"in_stock":{"type":"boolean"},"availability":{"enum":["in stock","out of stock"]}`),
			`{"availability":"in stock","currency":"USD","in_stock":true,"price":1299.00}`},
		{"price with its currency", "jsonld.html", props(`"price":{"type":"object","properties":{"amount":{"type":"number"},"currency":{"type":"string"}}}`),
			`{"price":{"amount":1299.00,"currency":"USD"}}`},
		{"a reference by id", "jsonld.html", props(`"brand":{"type":"string"},"manufacturer":{"type":"object","properties":{"name":{"type":"string"}}}`),
			`{"brand":"Acme Tools","manufacturer":{"name":"Acme Tools"}}`},
		{"digits are kept", "jsonld.html", props(`"rating":{"type":"number"},"reviewCount":{"type":"integer"},"product_id":{"type":"integer"},"weight":{"type":"number"},"gtin":{"type":"string"}`),
			`{"gtin":"4006381333931","product_id":40063813339312345678901234567890,"rating":4.50,"reviewCount":12,"weight":1.250}`},
		{"arrays of objects in a property", "jsonld.html", props(`"reviews":{"type":"array","items":{"type":"object","properties":{"author":{"type":"string"},"text":{"type":"string"},"body":{"type":"string"}}}}`),
			`{"reviews":[{"author":"Ann","body":"Good."},{"author":"Bo","body":"Fine."}]}`},
		{"addresses are made absolute", "jsonld.html", props(`"images":{"type":"array","items":{"type":"string","format":"uri"}},"image":{"type":"string"},"url":{"type":"string","format":"uri"}`),
			`{"image":"https://site.example/img/a.jpg","images":["https://site.example/img/a.jpg","https://site.example/img/b.jpg"],"url":"https://site.example/jsonld.html"}`},
		{"a date of a time", "jsonld.html", props(`"priceValidUntil":{"type":"string","format":"date"}`), `{"priceValidUntil":"2026-12-31"}`},
		{"what is not stated is left out", "jsonld.html", `{"type":"object","required":["width","depth"],"properties":{"width":{"type":"number"},"depth":{"type":["number","null"]},"height":{"type":["number","null"]}}}`,
			`{"depth":null}`},
		{"a wrapped product", "jsonld.html", props(`"product":{"type":"object","properties":{"name":{"type":"string"}}}`), `{"product":{"name":"Cordless Drill & Case"}}`},
		{"references and alternatives in the schema", "jsonld.html",
			`{"$defs":{"n":{"type":"number"},"p":{"properties":{"price":{"$ref":"#/$defs/n"}}}},"allOf":[{"$ref":"#/$defs/p"}],"type":"object","properties":{"sku":{"anyOf":[{"type":"null"},{"type":"integer"},{"type":"string"}]},"loop":{"$ref":"#/properties/loop"}}}`,
			`{"price":1299.00,"sku":42}`},
		{"definition list", "jsonld.html", props(`"fits":{"type":"array","items":{"type":"string"}}`), `{"fits":["a","b"]}`},

		{"microdata", "microdata.html", props(`"name":{"type":"string"},"price":{"type":"number"},"currency":{"type":"string"},"brand":{"type":"string"},"authors":{"type":"array","items":{"type":"string"}},"available":{"type":"boolean"},"image":{"type":"string"},"released":{"type":"string"},"release_date":{"type":"string","format":"date"}`),
			`{"authors":["Jane","John"],"available":false,"brand":"Xylo","currency":"EUR","image":"https://cdn.example/x/saw.jpg","name":"Tenon Saw","price":3.10,"release_date":"2024-03-05"}`},
		{"another product's data are not this one's", "microdata.html", props(`"name":{"type":"string"},"gtin":{"type":"string"}`), `{"name":"Tenon Saw"}`},

		{"a table of names and values", "tables.html", props(`"title":{"type":"string"},"price":{"type":"number"},"currency":{"type":"string"},"steel":{"type":"string"},"publication_date":{"type":"string","format":"date"},"inStock":{"type":"boolean"},"widths":{"type":"array","items":{"type":"string"}},"tags":{"type":"array","items":{"type":"string"}}`),
			`{"currency":"EUR","inStock":false,"price":1299.00,"publication_date":"2024-03-05","steel":"O1 & A2","tags":["hand","edge"],"title":"Chisel set","widths":["6 mm","12 mm"]}`},
		{"a table of records", "tables.html", props(`"sizes":{"type":"array","items":{"type":"object","required":["size","price"],"properties":{"size":{"type":"string"},"price":{"type":"number"},"quantity":{"type":"integer"},"qty":{"type":"integer"},"link":{"type":"string","format":"uri"}}}}`),
			`{"sizes":[{"link":"https://site.example/c/6","price":10.00,"qty":3,"size":"6 mm"},{"link":"https://site.example/c/12","price":1010.5,"qty":"none","size":"12 mm"}]}`},
		{"free specifications", "tables.html", props(`"specifications":{"type":"object","additionalProperties":{"type":"string"}}`),
			`{"specifications":{"In stock":"Sold out","Price (incl. VAT):":"1.299,00 €","Published on":"March 5, 2024","Steel":"O1 & A2","Tags":"hand; edge","Widths":"6 mm"}}`},
		{"no schema", "tables.html", "", `{"text":"First real paragraph.","title":"Chisels","url":"https://site.example/tables.html"}`},

		{"an ItemList", "list.html", props(`"title":{"type":"string"},"products":{"type":"array","items":{"type":"object","required":["name","price"],"properties":{"name":{"type":"string"},"price":{"type":"number"},"url":{"type":"string","format":"uri"}}}},"number_of_items":{"type":"integer"}`),
			`{"number_of_items":2,"products":[{"name":"A","price":1.0,"url":"https://site.example/a"},{"name":"B","price":2.50,"url":"https://site.example/b"}],"title":"All"}`},

		{"a page's own item is not its subject", "webpage.html", props(`"name":{"type":"string"},"sku":{"type":"string"}`), `{"name":"Plane","sku":"2"}`},
		{"the item that names the page as its own", "graph.html", props(`"name":{"type":"string"},"sku":{"type":"string"}`), `{"name":"Plane","sku":"2"}`},
		{"the item that names the page by its node", "node.html", props(`"name":{"type":"string"},"sku":{"type":"string"},"price":{"type":"number"}`), `{"name":"Plane","price":3,"sku":"2"}`},
		{"the page's own item comes after a subject in microdata", "mixed.html", props(`"name":{"type":"string"},"sku":{"type":"string"},"inLanguage":{"type":"string"}`), `{"inLanguage":"en","name":"Plane","sku":"2"}`},

		{"a text that is no number is given as it stands", "odd.html", props(`"price":{"type":"number"},"rating":{"type":"number"},"range":{"type":"number"}`),
			`{"price":"on request","range":"$10 - $20","rating":4.5}`},
		{"no link that runs", "odd.html", props(`"url":{"type":"string","format":"uri"},"name":{"type":"string"}`), `{"name":"Odd","url":"https://site.example/odd.html"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := visit(t, PageConfig{}, "Open https://site.example/"+c.page+", please.", c.schema)
			if a.Status != "" || string(a.Result) != c.want {
				t.Errorf("got  %s %v\nwant %s", a.Result, a.Cause, c.want)
			}
		})
	}
}

func TestSeveralPages(t *testing.T) {
	a := visit(t, PageConfig{}, "Compare https://site.example/microdata.html and https://site.example/jsonld.html", props(`"name":{"type":"string"},"sku":{"type":"string"}`))
	if want := `{"name":"Tenon Saw","sku":"00042"}`; string(a.Result) != want {
		t.Errorf("got %s, want %s", a.Result, want)
	}
	if len(a.Messages) != 2 {
		t.Errorf("got %d messages", len(a.Messages))
	}
}

func TestPageFailures(t *testing.T) {
	for _, c := range []struct{ task, code, message string }{
		{"no address here, ftp://x.example/", "NO_ADDRESS", ""},
		{"see https://site.example/nope", "PAGE_HTTP_ERROR", "https://site.example/nope answered 404 Not Found"},
		{"see https://site.example/shop/sub/", "ROBOTS_DISALLOWED", "robots.txt of https://site.example"},
		{"see https://site.example/robots.txt", "NOT_A_PAGE", "text/plain"},
		{"see https://site.example/../../page_test.go", "PAGE_HTTP_ERROR", "404"},
		{"see https://site.example/%2e%2e/%2e%2e/page_test.go", "PAGE_HTTP_ERROR", "404"},
		{"see https://site.example/a%00b", "PAGE_HTTP_ERROR", "404"},
	} {
		a := visit(t, PageConfig{}, c.task, "")
		if a.Status != statusFailed || a.Cause.Code != c.code || !strings.Contains(a.Cause.Message, c.message) {
			t.Errorf("%s: got %+v", c.task, a.Cause)
		}
	}
	if a := visit(t, PageConfig{}, "see https://site.example/jsonld.html", `{"properties":`); a.Cause == nil || a.Cause.Code != "BAD_SCHEMA" {
		t.Errorf("got %+v", a)
	}
}

func TestSitePaths(t *testing.T) {
	for path, want := range map[string]string{"shop/page": "Page", "shop/page.html": "Page", "shop/page?x=1#y": "Page", "shop/sub": "Sub", "shop/sub/": "Sub", "shop/sub/index.html": "Sub"} {
		a := visit(t, PageConfig{IgnoreRobots: true}, "https://SITE.example:443/"+path, "")
		if !strings.Contains(string(a.Result), `"title":"`+want+`"`) {
			t.Errorf("%s: got %s %v", path, a.Result, a.Cause)
		}
	}
}

// The values of variables reach the page, and no text about it.
func TestVariablesDoNotShowInCauses(t *testing.T) {
	s := start(t, "", Config{Agent: Page(PageConfig{Sites: map[string]string{"https://site.example": "testdata/site"}})})
	run := s.await(s.create(`{"task":"see https://site.example/%page%?k=%key%","variables":{"page":{"value":"missing"},"key":{"value":"a secret"}}}`), "FAILED")
	if msg := run["cause"].(map[string]any)["message"]; msg != "https://site.example/%page%?k=a answered 404 Not Found" && msg != "https://site.example/%page%?k=%key% answered 404 Not Found" {
		t.Errorf("got %v", msg)
	}
	id := s.create(`{"task":"see https://site.example/%page%","variables":{"page":{"value":"jsonld"}}}`)
	s.await(id, "COMPLETED")
	if _, text, _ := s.send("GET", "/v1/agents/runs/"+id+"/messages", ""); strings.Contains(string(text), "jsonld") {
		t.Errorf("got %s", text)
	}
}

func TestSubstituteAndMask(t *testing.T) {
	vars := map[string]string{"a": "1%b%", "b": "x y", "c d": "z", "e": ""}
	for text, want := range map[string]string{
		"%a% %b% %c d% %e%": "1%b% x y z ", "100% of %a%": "100% of 1%b%", "%": "%", "%%": "%%", "%%a%%": "%1%b%%", "%none% %b%": "%none% x y", "%E2%82%b%": "%E2%82x y",
	} {
		if got := substitute(text, vars); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := mask("404 a 4", map[string]string{"n": "4"}); got != "404 a %n%" {
		t.Errorf("got %q", got)
	}
	if got := mask("x+y x%20y x y z", vars); got != "%b% %b% %b% %c d%" {
		t.Errorf("got %q", got)
	}
}

func TestFindAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"Open https://a.example/x, then (http://b.example/y).":          "https://a.example/x http://b.example/y",
		"<https://a.example/x?y=1&z=2#f>":                               "https://a.example/x?y=1&z=2",
		"see [it](https://a.example/p_(q)) and **https://b.example/c**": "https://a.example/p_(q) https://b.example/c",
		"HTTPS://A.example and https://A.example":                       "https://A.example",
		"“https://a.example/ü”、":                                        "https://a.example/%C3%BC",
		"xhttps://no.example https:// http://":                          "",
		"https://a.example/1 https://a.example/1":                       "https://a.example/1",
	} {
		var got []string
		for _, u := range findAddresses(text) {
			got = append(got, u.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"$1,299.00": "1299.00", "1.299,00 €": "1299.00", "3.10": "3.10", "1 299,50": "1299.50", "EUR12": "12", "EUR 12": "12",
		"ABC12": "", "4.5 out of 5": "4.5", "$10 - $20": "", "10–20": "", "on request": "", "1,299": "1299", "12,50": "12.50", "5 10": "",
		".99": "0.99", "1.299.000": "1299000", "2024-01-02": "", "22 in stock": "22", "-5": "-5", "−5": "-5", "+5": "5", "B2B": "", "007": "7", "0": "0",
		"0.50": "0.50", "0,500": "0.500", "1'299.00": "1299.00", "1,00,000": "100000", "1e5": "1e5", "price: 12": "12", "call 555 or 666": "", "1,2,3": "", "5.": "5",
		"12:30": "", "3..10": "", "3,.10": "", "3.,10": "", "1,234.5,6": "", "1.2.3": "", "4 (out of 5)": "4", "": "",
	} {
		got, ok := number(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestKind(t *testing.T) {
	if kind("https://schema.org/Product") != "product" || kind("schema:Product") != "product" {
		t.Error("kind")
	}
}
