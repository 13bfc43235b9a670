package server

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What a page costs grows with its length, not with the square of it.
func TestSmallPagesStayCheap(t *testing.T) {
	var open, kinds strings.Builder
	for i := range 400 {
		fmt.Fprintf(&open, `<b id="%d">`, i)
	}
	for i := range 30_000 {
		fmt.Fprintf(&kinds, `"k%d",`, i)
	}
	ld := func(s string) string { return `<script type="application/ld+json">` + s + `</script>` }
	for name, page := range map[string]string{
		"formatting left open": `<p>` + open.String() + `</p>` + strings.Repeat("<p>x", 20_000),
		"disguised formatting": `<p>` + strings.ReplaceAll(open.String(), "id=", `x=">" id=`) + `</p>` + strings.Repeat("<p>x", 20_000),
		"many types":           ld(`{"@type":[` + kinds.String() + `"k"],"name":"x"}`),
		"one list many times":  ld(`[{"@id":"x","itemListElement":[` + strings.Repeat(`"a",`, 20_000) + `"b"]},{"mainEntity":[` + strings.Repeat(`{"@id":"x"},`, 2000) + `{}]}]`),
		"wide columns":         `<table><tr>` + strings.Repeat("<th colspan=50>a", 100_000) + `<tr><td>x<td>y<td>z</table>`,
		"many references":      `<div itemscope><i itemscope itemprop=a id=X itemref="` + strings.Repeat("q ", 200_000) + `"></i></div>` + strings.Repeat("<i itemscope itemref=X></i>", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			begun, before := time.Now(), allocated()
			address := findAddresses("https://s.example/x")[0]
			doc, err := parse(t.Context(), &document{address, "text/html; charset=utf-8", []byte(page)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = fill([]byte(props(`"name":{"type":"string"},"list":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"zip":{"type":"string"}}}}`)), []*facts{gather(doc, address)})
			if err != nil {
				t.Fatal(err)
			}
			if mb := (allocated() - before) >> 20; mb > 400 || time.Since(begun) > time.Minute {
				t.Errorf("%d bytes took %d MB and %v", len(page), mb, time.Since(begun))
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A schema that refers to itself is filled to a depth, and at once.
func TestSchemasThatReferToThemselves(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{`{"type":"object","properties":{"fits":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/a"}}}}`, `{}`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"nothing":{"$ref":"#/$defs/a"}}}}}`, `{}`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"result":{"$ref":"#/$defs/a"},"name":{"type":"string"}}}}}`,
			`{"name":"Cordless Drill & Case","result":{"name":"Cordless Drill & Case","result":{"name":"Cordless Drill & Case","result":{"name":"Cordless Drill & Case"}}}}`},
	} {
		begun := time.Now()
		a := visit(t, PageConfig{}, "Open https://site.example/jsonld.html", c.schema)
		if string(a.Result) != c.want || time.Since(begun) > 2*time.Second {
			t.Errorf("%s: got %.200s after %v", c.schema, a.Result, time.Since(begun))
		}
	}
}

// Formatting is left as it is where it costs nothing.
func TestCalmLeavesPagesAlone(t *testing.T) {
	page := strings.Repeat(`<p><b>x</b> <i class="a b">y</i> <font size=2>z`, 20_000)
	if got := string(calm([]byte(page))); got != page {
		t.Error("an ordinary page was changed")
	}
}

// The parser's time is bounded, whatever it is spent on.
func TestParsingEndsWithItsTime(t *testing.T) {
	var page strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&page, "<body a%d>", i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := parse(ctx, &document{findAddresses("https://s.example/x")[0], "text/html", []byte(page.String())})
	if err == nil || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
}

// Rules for others are not kept: so many for so many crawlers are gigabytes.
func TestRobotsForManyStayCheap(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "User-agent: a%d\n", i)
	}
	text.WriteString("User-agent: bbbatch\n" + strings.Repeat("Disallow: /x\n", 5000) + "User-agent: *\nDisallow: /\n")
	before := allocated()
	rules := parseRobots([]byte(text.String()), "bbbatch")
	if mb := (allocated() - before) >> 20; mb > 50 {
		t.Errorf("%d bytes took %d MB", text.Len(), mb)
	}
	if rules.allow("/x") || !rules.allow("/y") {
		t.Error("the rules for us are not the ones kept")
	}
}
