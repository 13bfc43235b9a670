package batch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// forms are the ways in which a value is written: as it is, in JSON, in Go's quotes, in a JSON Pointer, in an address, in HTML and in
// base64, there also in the middle of something longer.
func forms(value string) []string {
	var all []string
	add := func(form string) {
		if len(form) >= secretLeast && !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	add(value)
	for _, escaped := range inJSON(value) {
		add(escaped)
	}
	for _, quoted := range []string{strconv.Quote(value), strconv.QuoteToASCII(value)} {
		add(quoted[1 : len(quoted)-1])
	}
	add(strings.NewReplacer("~", "~0", "/", "~1").Replace(value))
	for _, escaped := range []string{url.QueryEscape(value), url.PathEscape(value), strings.ReplaceAll(url.QueryEscape(value), "+", "%20")} {
		add(escaped)
		add(percent.ReplaceAllStringFunc(escaped, strings.ToLower))
	}
	add(html.EscapeString(value))
	add(strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(html.EscapeString(value)))
	for _, encoded := range inBase64(value) {
		add(encoded)
	}
	return all
}

// said are the forms as they stand in our own words: on one line, and quoted
// once more where what they are a part of is quoted.
func said(forms []string) []string {
	var all []string
	seen := make(map[string]bool)
	add := func(form string) {
		if len(form) >= secretLeast && !seen[form] {
			seen[form] = true
			all = append(all, form)
		}
	}
	for _, form := range forms {
		for _, f := range []string{form, oneLine(form)} {
			add(f)
			quoted := strconv.Quote(f)
			add(quoted[1 : len(quoted)-1])
		}
	}
	return all
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// oneLine is a text as it stands in errors: white space is one blank, control
// characters are left out.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// inJSON is a value inside a JSON string: with HTML's characters escaped and
// not, with all beyond ASCII escaped, with escaped slashes.
func inJSON(value string) []string {
	escaped, _ := json.Marshal(value) // a string always encodes
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(value)
	short := strings.TrimSuffix(plain.String()[1:], "\"\n")
	return []string{
		string(escaped[1 : len(escaped)-1]), short,
		strings.ReplaceAll(short, "/", `\/`), asciiJSON(short, "%04x"), asciiJSON(short, "%04X"),
	}
}

// asciiJSON escapes what lies beyond ASCII in a JSON string; format is that of
// the digits.
func asciiJSON(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u`+format, unit)
		}
	}
	return b.String()
}

// inBase64 is a value alone, and as it stands wherever something comes before
// and after it: there its first and last characters depend on that and are left
// out.
func inBase64(value string) []string {
	all := []string{base64.StdEncoding.EncodeToString([]byte(value)), base64.URLEncoding.EncodeToString([]byte(value))}
	for i := range 2 {
		all = append(all, strings.TrimRight(all[i], "="))
	}
	for before := range 3 {
		text := append(make([]byte, before), value...)
		whole := len(text) / 3 * 4
		first := (before*8 + 5) / 6 // the characters that what comes before has a part in
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			all = append(all, e.EncodeToString(text)[first:whole])
		}
	}
	return all
}
