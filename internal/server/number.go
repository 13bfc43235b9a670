package server

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A run of digits with what may stand between them.
var numberPattern = regexp.MustCompile(`[-+−]?(?:\d(?:[\d.,'’\x{a0}\x{202f} ]*\d)?|[.,]\d+)(?:[eE][-+]?\d+)?`)

// number reads the one number that a text states, in the exact decimal digits
// of the text: "$1,299.00" is 1299.00, "1.299,00 €" as well. A second number
// is let pass after a first that begins the text ("4.5 out of 5"), unless the
// two are a range. Digits that belong to a word are none.
func number(text string) (string, bool) {
	spans := numberPattern.FindAllStringIndex(text, 3)
	if len(spans) == 0 {
		return "", false
	}
	first := spans[0]
	if r, _ := utf8.DecodeLastRuneInString(text[:first[0]]); unicode.IsLetter(r) && !currencyBefore(text[:first[0]]) {
		return "", false
	}
	if len(spans) > 1 {
		if strings.IndexFunc(text[:first[0]], unicode.IsLetter) >= 0 && !currencyBefore(text[:first[0]]) {
			return "", false
		}
		between := strings.TrimFunc(text[first[1]:spans[1][0]], func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Sc, r) })
		if second := text[spans[1][0]]; second == '-' || between == "" || between == "-" || between == "–" || between == "—" || between == "to" || between == ":" {
			return "", false
		}
	}
	return decimal(text[first[0]:first[1]])
}

// jsonNumber is what RFC 8259 calls a number.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// currencyBefore reports whether what stands before a number is a currency or
// nothing: "EUR12.50".
func currencyBefore(before string) bool {
	before = strings.TrimSpace(before)
	return before == "" || currencyCode.FindString(before) == before || strings.HasSuffix(before, "$")
}

// decimal writes a number as JSON does, each digit kept. Of a point and a
// comma the last is the decimal mark; one kind alone that separates groups of
// three is none, but a single point always is.
func decimal(s string) (string, bool) {
	sign := ""
	switch {
	case strings.HasPrefix(s, "-"):
		sign, s = "-", s[1:]
	case strings.HasPrefix(s, "−"):
		sign, s = "-", strings.TrimPrefix(s, "−")
	}
	s = strings.TrimPrefix(s, "+")
	exponent := ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		s, exponent = s[:i], s[i:]
	}
	// Spaces and apostrophes only ever part groups of three.
	groups := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" '’\u00a0\u202f", r) })
	for i, g := range groups {
		digits := strings.IndexAny(g+".", ".,")
		if len(groups) > 1 && (i == 0 && digits > 3 || i > 0 && digits != 3) {
			return "", false
		}
	}
	s = strings.Join(groups, "")
	mark := -1 // where the decimal mark stands
	point, comma := strings.LastIndexByte(s, '.'), strings.LastIndexByte(s, ',')
	switch {
	case point >= 0 && comma >= 0:
		mark = max(point, comma)
		if strings.Count(s, string(s[mark])) > 1 {
			return "", false
		}
	case point >= 0 && strings.Count(s, ".") == 1:
		mark = point
	case comma >= 0 && strings.Count(s, ",") == 1 && (len(s)-comma != 4 || comma > 3 || s[0] == '0' || comma == 0):
		mark = comma
	}
	whole, fraction := s, ""
	if mark >= 0 {
		whole, fraction = s[:mark], s[mark+1:]
	}
	if strings.Contains(whole, ".") && strings.Contains(whole, ",") {
		return "", false
	}
	if groups := strings.Split(strings.ReplaceAll(whole, ",", "."), "."); len(groups) > 1 {
		for i, g := range groups {
			if g == "" || len(g) > 3 || i > 0 && len(g) < 2 { // 2: lakhs are written 1,00,000
				return "", false
			}
		}
		whole = strings.Join(groups, "")
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	n := sign + whole + fraction + exponent
	if !jsonNumber.MatchString(n) {
		return "", false
	}
	return n, true
}

// integral reports whether a JSON number is written as an integer, zeros after
// the point included.
func integral(n string) bool {
	if strings.ContainsAny(n, "eE") {
		return false
	}
	_, fraction, _ := strings.Cut(n, ".")
	return strings.Trim(fraction, "0") == ""
}

// whole takes the zeros after the point off.
func whole(n string) string {
	n, _, _ = strings.Cut(n, ".")
	return n
}

// truth reads yes and no, and what shops say of their stock.
func truth(text string) (bool, bool) {
	k := key(word(text))
	switch k {
	case "true", "yes", "y", "1", "on", "available", "instock", "onlineonly", "instoreonly", "limitedavailability", "included":
		return true, true
	case "false", "no", "n", "0", "off", "none", "outofstock", "soldout", "discontinued", "unavailable", "backorder", "preorder", "presale":
		return false, true
	}
	switch strings.TrimSpace(text) {
	case "✓", "✔", "✅", "☑":
		return true, true
	case "✗", "✘", "❌", "☒":
		return false, true
	}
	for _, no := range []string{"outofstock", "soldout", "notavailable", "notinstock", "unavailable", "discontinued", "nolonger"} {
		if strings.Contains(k, no) {
			return false, true
		}
	}
	if strings.HasPrefix(k, "instock") || strings.HasSuffix(k, "instock") {
		return true, true
	}
	return false, false
}

// Dates that have one reading only; 02/03/2024 has two.
var dateLayouts = []string{
	"2006-01-02", "2006/01/02", "2006.01.02", "20060102", "2006-1-2",
	"January 2, 2006", "Jan 2, 2006", "January 2 2006", "2 January 2006", "2 Jan 2006", "Jan. 2, 2006", "2. January 2006",
	"Monday, January 2, 2006", "Monday, 2 January 2006", "Mon, 2 Jan 2006", time.RFC1123, time.RFC1123Z,
}

func dateOf(text string) (string, bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.Format(time.DateOnly), true
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

// instantOf wants a time with its zone: one without is not an instant.
func instantOf(text string) (string, bool) {
	if _, err := time.Parse(time.RFC3339, text); err == nil {
		return text, true
	}
	for _, layout := range []string{"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", time.RFC1123, time.RFC1123Z} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.RFC3339), true
		}
	}
	return "", false
}
