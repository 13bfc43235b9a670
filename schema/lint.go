package schema

import (
	"fmt"
	"math/big"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxSchemas bounds the schemas within a schema: the validator's compiler
// takes time with their square.
const maxSchemas = 20_000

// formats are those that are checked, each with an example.
var formats = map[string]string{
	"date":                  "2026-01-31",
	"date-time":             "2026-01-31T12:30:00Z",
	"duration":              "P1DT12H",
	"email":                 "ann@example.com",
	"hostname":              "www.example.com",
	"ipv4":                  "192.0.2.1",
	"ipv6":                  "2001:db8::1",
	"iri":                   "https://example.com/ü",
	"iri-reference":         "/ü",
	"json-pointer":          "/items/0",
	"period":                "2026-01-01T00:00:00Z/P1D",
	"regex":                 "^a+$",
	"relative-json-pointer": "1/name",
	"semver":                "1.2.3",
	"time":                  "12:30:00Z",
	"uri":                   "https://example.com/",
	"uri-reference":         "/products?page=2",
	"uri-template":          "https://example.com/{id}",
	"uuid":                  "123e4567-e89b-12d3-a456-426614174000",
}

// lint finds what the metaschema does not: drafts, patterns, sizes that no
// machine counts to, and, as warnings, formats that nobody checks, keywords that seem to be misspelt
// and required properties that are ruled out.
func lint(x *index) (errs Errors, warnings []Error) {
	if len(x.schemas) > maxSchemas {
		return Errors{{File: x.schemas[0].at.doc.name, Message: fmt.Sprintf("has more than %d schemas in it", maxSchemas)}}, nil
	}
	for _, s := range x.schemas {
		if s.node.kind != object {
			continue
		}
		add := func(keyword, below, message, hint string) {
			errs = append(errs, &Error{File: s.at.doc.name, Pointer: s.at.pointer + "/" + escape(keyword) + below, Keyword: keyword, Message: message, Hint: hint})
		}
		if s.at.pointer == "" || x.bases[s.at] != "" {
			if text, ok := s.node.string("$schema"); ok {
				if _, known := draftOf(text); !known {
					add("$schema", "", fmt.Sprintf("%s is not a draft that can be judged by", quote(text)), "known are "+knownDrafts)
				}
			}
		}
		if s.draft.refOnly() && s.node.get("$ref") != nil {
			continue
		}
		// In a schema where more is odd than anyone reads, the rest is not looked for.
		if len(warnings) < maxProblems {
			warnings = append(warnings, misspelt(s)...)
			warnings = append(warnings, unfulfillable(s)...)
		}
		if p, ok := s.node.string("pattern"); ok {
			if message := badPattern(p); message != "" {
				add("pattern", "", message, "")
			}
		}
		if ps := s.node.get("patternProperties"); ps != nil {
			for _, p := range ps.keys {
				if message := badPattern(p); message != "" {
					add("patternProperties", "/"+escape(p), message, "")
				}
			}
		}
		for _, key := range []string{"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"} {
			if v := s.node.get(key); v != nil && v.kind == number && tooLarge(v.text) {
				add(key, "", "is larger than anything can be", "")
			}
		}
		if f, ok := s.node.string("format"); ok && formats[f] == "" {
			warnings = append(warnings, Error{
				File: s.at.doc.name, Pointer: s.at.pointer + "/format", Keyword: "format",
				Message: fmt.Sprintf("the format %s is unknown and will not be checked", quote(f)), Hint: hintFor(f),
			})
		}
	}
	return errs, warnings
}

func hintFor(format string) string {
	var names []string
	for name := range formats {
		names = append(names, name)
	}
	if near := Nearest(format, names); near != "" {
		return fmt.Sprintf("did you mean %s?", quote(near))
	}
	return ""
}

// badPattern says why a pattern cannot be used; "" when it can.
func badPattern(p string) string {
	_, err := regexp.Compile(p)
	if err == nil {
		return ""
	}
	why := err.Error()
	if e, ok := err.(*syntax.Error); ok {
		why = e.Code.String() + ": " + quote(e.Expr)
		switch {
		case lookaround(e):
			why = "it uses a look-around, which RE2 does not have"
		case e.Code == syntax.ErrInvalidEscape && len(e.Expr) == 2 && (e.Expr[1] >= '1' && e.Expr[1] <= '9' || e.Expr[1] == 'k'):
			why = "it uses a back-reference, which RE2 does not have"
		}
	}
	return fmt.Sprintf("%s is not an RE2 pattern: %s", quote(p), why)
}

func lookaround(e *syntax.Error) bool {
	for _, start := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(e.Expr, start) {
			return e.Code == syntax.ErrInvalidPerlOp || e.Code == syntax.ErrInvalidNamedCapture
		}
	}
	return false
}

// tooLarge reports whether a number is beyond 10^15, which no string, array or
// object can have of anything, and beyond which the validator miscounts.
func tooLarge(text string) bool {
	r, ok := new(big.Rat).SetString(text)
	return ok && r.Cmp(new(big.Rat).SetInt64(1e15)) > 0
}
