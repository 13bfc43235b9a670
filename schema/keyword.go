package schema

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// keywords are those of the drafts, each with the drafts that have it, from
// the first to the last; 0 is no last one.
var keywords = map[string]struct{ since, until draft }{
	"$anchor":               {draft2019, 0},
	"$comment":              {draft7, 0},
	"$defs":                 {draft2019, 0},
	"$dynamicAnchor":        {draft2020, 0},
	"$dynamicRef":           {draft2020, 0},
	"$id":                   {draft6, 0},
	"$recursiveAnchor":      {draft2019, draft2019},
	"$recursiveRef":         {draft2019, draft2019},
	"$ref":                  {draft4, 0},
	"$schema":               {draft4, 0},
	"$vocabulary":           {draft2019, 0},
	"additionalItems":       {draft4, draft2019},
	"additionalProperties":  {draft4, 0},
	"allOf":                 {draft4, 0},
	"anyOf":                 {draft4, 0},
	"const":                 {draft6, 0},
	"contains":              {draft6, 0},
	"contentEncoding":       {draft7, 0},
	"contentMediaType":      {draft7, 0},
	"contentSchema":         {draft2019, 0},
	"default":               {draft4, 0},
	"definitions":           {draft4, 0},
	"dependencies":          {draft4, 0},
	"dependentRequired":     {draft2019, 0},
	"dependentSchemas":      {draft2019, 0},
	"deprecated":            {draft2019, 0},
	"description":           {draft4, 0},
	"else":                  {draft7, 0},
	"enum":                  {draft4, 0},
	"examples":              {draft6, 0},
	"exclusiveMaximum":      {draft4, 0},
	"exclusiveMinimum":      {draft4, 0},
	"format":                {draft4, 0},
	"id":                    {draft4, draft4},
	"if":                    {draft7, 0},
	"items":                 {draft4, 0},
	"maxContains":           {draft2019, 0},
	"maxItems":              {draft4, 0},
	"maxLength":             {draft4, 0},
	"maxProperties":         {draft4, 0},
	"maximum":               {draft4, 0},
	"minContains":           {draft2019, 0},
	"minItems":              {draft4, 0},
	"minLength":             {draft4, 0},
	"minProperties":         {draft4, 0},
	"minimum":               {draft4, 0},
	"multipleOf":            {draft4, 0},
	"not":                   {draft4, 0},
	"oneOf":                 {draft4, 0},
	"pattern":               {draft4, 0},
	"patternProperties":     {draft4, 0},
	"prefixItems":           {draft2020, 0},
	"properties":            {draft4, 0},
	"propertyNames":         {draft6, 0},
	"readOnly":              {draft7, 0},
	"required":              {draft4, 0},
	"then":                  {draft7, 0},
	"title":                 {draft4, 0},
	"type":                  {draft4, 0},
	"unevaluatedItems":      {draft2019, 0},
	"unevaluatedProperties": {draft2019, 0},
	"uniqueItems":           {draft4, 0},
	"writeOnly":             {draft7, 0},
}

// annotations are words that other dialects write beside the keywords of JSON
// Schema, and that look like one of these.
var annotations = []string{"example"}

// minKeyword is the length of the shortest keyword that is suggested: too
// much is one edit away from "if" and "not".
const minKeyword = 4

// misspelt warns of keywords that no draft has and that are one edit, or two
// swapped letters, from one that the schema's draft has. Validators ignore an
// unknown keyword, so that what it was meant to demand is never checked.
func misspelt(s found) []Error {
	var out []Error
	for _, key := range s.node.keys {
		if _, known := keywords[key]; known || strings.HasPrefix(key, "x-") || slices.Contains(annotations, key) {
			continue
		}
		if len(out) == maxProblems {
			break
		}
		near := nearestKeyword(key, s.draft)
		if near == "" {
			continue
		}
		out = append(out, Error{
			File: s.at.doc.name, Pointer: s.at.pointer + "/" + escape(key), Keyword: key, AtKey: true,
			Message: fmt.Sprintf("the keyword %s is unknown and will be ignored", quote(key)),
			Hint:    fmt.Sprintf("did you mean %s?", quote(near)),
		})
	}
	return out
}

// nearestKeyword returns the draft's keyword that key nearly is, "" for none;
// of several the one that differs least, then the first in the alphabet.
func nearestKeyword(key string, d draft) string {
	best, least := "", 2
	length := utf8.RuneCountInString(key)
	for name, in := range keywords {
		if len(name) < minKeyword || d < in.since || in.until != 0 && d > in.until || abs(len(name)-length) > 1 {
			continue
		}
		n := distance(strings.ToLower(key), strings.ToLower(name))
		if n < least || n == least && best != "" && name < best {
			best, least = name, n
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// besides are the keywords beside which a schema with additionalProperties
// false may be meant as a part of something else.
var besides = []string{"patternProperties", "allOf", "anyOf", "oneOf", "$ref", "$dynamicRef", "$recursiveRef", "if"}

// unfulfillable warns of required properties that additionalProperties: false
// beside them never allows: no object fits such a schema.
func unfulfillable(s found) []Error {
	required := s.node.get("required")
	if required == nil || required.kind != array || !s.node.get("additionalProperties").is("false") ||
		slices.ContainsFunc(besides, func(key string) bool { return s.node.get(key) != nil }) {
		return nil
	}
	properties := s.node.get("properties")
	if properties == nil {
		properties = &node{kind: object}
	}
	var out []Error
	for i, e := range required.elems {
		if e.kind != str || properties.get(e.text) != nil || len(out) == maxProblems {
			continue
		}
		hint := "declare it under properties"
		if near := Nearest(e.text, properties.keys); near != "" {
			hint = fmt.Sprintf("did you mean %s?", quote(near))
		}
		out = append(out, Error{
			File: s.at.doc.name, Pointer: fmt.Sprintf("%s/required/%d", s.at.pointer, i), Keyword: "required",
			Message: fmt.Sprintf("the property %s is required, but additionalProperties: false does not allow it", quote(e.text)),
			Hint:    hint,
		})
	}
	return out
}
