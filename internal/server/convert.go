package server

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// at is where a value belongs.
type at struct {
	name  string
	owner *thing // what states it
	depth int
}

// convert makes what a schema asks for from the values of one property.
func (f *filler) convert(values []value, w wanted, where at) (any, bool) {
	return f.branch(w, func(w wanted) (any, bool) {
		if choices := w.choices(); len(choices) > 0 {
			return f.choose(values, choices)
		}
		types := w.types()
		if len(types) == 0 {
			return f.anything(values, where)
		}
		for _, t := range types {
			if v, ok := f.typed(t, values, w, where); ok {
				return v, true
			}
		}
		return nil, false
	})
}

func (f *filler) typed(t string, values []value, w wanted, where at) (any, bool) {
	switch t {
	case "array":
		return f.array(values, w, where)
	case "object":
		return f.nested(values[0], w, where)
	}
	for _, v := range values {
		switch t {
		case "integer", "number":
			if n, ok := numberOf(v, maxThrough); ok && (t == "number" || integral(n)) {
				if t == "integer" {
					n = whole(n)
				}
				return json.Number(n), true
			}
		case "boolean":
			if b, ok := truth(textOf(v, maxThrough)); ok {
				return b, true
			}
		case "string":
			if s, ok := f.text(v, w.text("format"), where); ok {
				return s, true
			}
		}
	}
	return nil, false
}

// anything gives values as the page has them, where the schema does not say.
func (f *filler) anything(values []value, where at) (any, bool) {
	if v := values[0]; v.number {
		return json.Number(v.text), true
	}
	return f.typed("string", values, wanted{}, where)
}

// array converts each value. One text with commas or semicolons in it is
// several values when the page states only one.
func (f *filler) array(values []value, w wanted, where at) (any, bool) {
	items := f.at(w["items"])
	if len(values) == 1 && values[0].item == nil && !values[0].number && items.properties() == nil {
		values = split(values[0])
	}
	if len(values) == 1 && values[0].item != nil {
		if inner := values[0].item.props["itemlistelement"]; len(inner) > 0 {
			values = nil
			for _, t := range new(reader).listed(inner) {
				values = append(values, value{item: t})
			}
		}
	}
	var out []any
	for _, v := range values {
		if f.budget--; f.budget < 0 {
			break
		}
		if e, ok := f.convert([]value{v}, items, where); ok {
			out = append(out, e)
		}
	}
	return out, len(out) > 0
}

func split(v value) []value {
	for _, mark := range []string{";", ","} {
		if parts := strings.Split(v.text, mark); len(parts) > 1 {
			var all []value
			for _, p := range parts {
				if p = squeeze(p); p != "" {
					all = append(all, value{text: p})
				}
			}
			return all
		}
	}
	return []value{v}
}

// nested fills an object from an item. A plain value makes one where its owner
// says the rest: price 3.10 and priceCurrency EUR are {amount, currency}.
func (f *filler) nested(v value, w wanted, where at) (any, bool) {
	if w.properties() == nil {
		if v.item == nil || where.depth >= maxFillDepth {
			return nil, false
		}
		out := map[string]any{}
		f.dump(out, v.item, f.at(w["additionalProperties"]))
		return out, len(out) > 0
	}
	if v.item != nil {
		o := f.object(w, []*thing{v.item}, where.depth+1)
		return o, len(o) > 0
	}
	own := key(where.name)
	t := &thing{}
	for _, name := range []string{"amount", "value", where.name} {
		t.add(name, v)
	}
	for _, part := range parts(where.owner) {
		for k, values := range part.props {
			if rest, ok := strings.CutPrefix(k, own); ok && rest != "" {
				stateAll(t, rest, values)
			}
			if slices.Contains(priceNames, own) && slices.Contains(currencyNames, k) {
				stateAll(t, k, values)
			}
		}
	}
	o := f.object(w, []*thing{t}, where.depth+1)
	return o, len(o) > 0
}

// parts are a thing and the items that are read as a part of it.
func parts(t *thing) []*thing {
	all := []*thing{t}
	inside(t, "", maxThrough, func(_ string, part *thing) { all = append(all, part) })
	return all
}

// choose picks the choice that a value means: letters and digits are compared,
// and a schema.org word without its address.
func (f *filler) choose(values []value, choices []any) (any, bool) {
	for _, v := range values {
		text := textOf(v, maxThrough)
		for _, c := range choices {
			switch c := c.(type) {
			case string:
				if c == text || key(c) != "" && (key(c) == key(text) || key(c) == key(word(text))) {
					return c, true
				}
			case json.Number:
				if n, ok := numberOf(v, maxThrough); ok && n == c.String() {
					return c, true
				}
			case bool:
				if b, ok := truth(text); ok && b == c {
					return c, true
				}
			}
		}
	}
	return nil, false
}

// text makes a string of a value in the format asked for.
func (f *filler) text(v value, format string, where at) (string, bool) {
	k := key(where.name)
	switch {
	case format == "uri" || format == "url" || format == "uri-reference" || format == "iri" || linkName(k):
		return f.link(v, format)
	case format == "date":
		return dateOf(textOf(v, maxThrough))
	case format == "date-time":
		return instantOf(textOf(v, maxThrough))
	}
	s := textOf(v, maxThrough)
	for _, scheme := range []string{"mailto:", "tel:"} {
		if rest, ok := strings.CutPrefix(v.href, scheme); ok && (s == "" || format == "email") {
			s = rest
		}
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			s = rest
		}
	}
	s = word(s)
	return s, s != ""
}

// link makes an absolute address of a value.
func (f *filler) link(v value, format string) (string, bool) {
	s := v.href
	for _, name := range []string{"url", "contenturl", "image"} {
		if s == "" && v.item != nil {
			for _, inner := range v.item.props[name] {
				if s == "" {
					s = inner.href + inner.text
				}
			}
		}
	}
	if s == "" && v.item != nil {
		s = v.item.id
	}
	if s == "" {
		s = v.text
	}
	if s == "" || format == "" && strings.ContainsAny(s, " ") {
		return s, s != "" // a property called "link" that holds a text
	}
	u, err := f.base.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	return u.String(), true
}

// textOf is the text that stands for a value: of an item, what it is called.
func textOf(v value, left int) string {
	if v.item == nil {
		if v.text == "" {
			return v.href
		}
		return v.text
	}
	if left == 0 {
		return ""
	}
	for _, name := range []string{"name", "value", "headline", "text", "url", "price", "ratingvalue", "streetaddress"} {
		if values := v.item.props[name]; len(values) > 0 {
			if s := textOf(values[0], left-1); s != "" {
				return s
			}
		}
	}
	return v.item.id
}

// numberOf is the number that a value states; of an item, its amount.
func numberOf(v value, left int) (string, bool) {
	if v.item == nil {
		if v.number {
			return v.text, true
		}
		return number(v.text)
	}
	if left == 0 {
		return "", false
	}
	for _, name := range []string{"price", "value", "amount", "ratingvalue", "lowprice"} {
		if values := v.item.props[name]; len(values) > 0 {
			return numberOf(values[0], left-1)
		}
	}
	return "", false
}

// word takes a term of schema.org out of its address: InStock.
func word(s string) string {
	u, err := url.Parse(s)
	if err != nil || strings.TrimPrefix(u.Host, "www.") != "schema.org" {
		return s
	}
	return strings.TrimPrefix(u.Path, "/")
}

var currencyCode = regexp.MustCompile(`\b(AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MXN|MYR|NOK|NZD|PEN|PHP|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR)\b`)

var currencySigns = [][2]string{{"€", "EUR"}, {"£", "GBP"}, {"₹", "INR"}, {"US$", "USD"}, {"₩", "KRW"}, {"₺", "TRY"}, {"₽", "RUB"}}

// currency reads the currency from the text of a price, where it names one: a
// code, or a sign that only one currency has. "$" is the sign of many.
func (f *filler) currency(t *thing, w wanted, depth int) (any, bool) {
	for _, m := range found(t, "price") {
		for _, v := range m.values {
			code := currencyCode.FindString(v.text)
			for _, sign := range currencySigns {
				if code == "" && strings.Contains(v.text, sign[0]) {
					code = sign[1]
				}
			}
			if code != "" {
				return f.convert([]value{{text: code}}, w, at{"currency", t, depth})
			}
		}
	}
	return nil, false
}
