package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// word puts a leaf of the validator's tree into words that can be understood
// without its path. Every name and value in them is quoted, escaped and cut.
func (x *explainer) word(f *finding, e *jsonschema.ValidationError) {
	got := x.at(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		f.wants = typeNames(k.Want)
		f.message = mustBe(f.wants, described(got))
	case *kind.Const:
		f.wants = anyOfValues([]any{k.Want})
		f.message = mustBe(f.wants, whole(got))
	case *kind.Enum:
		f.wants = anyOfValues(k.Want)
		f.message = mustBe(f.wants, whole(got))
	case *kind.Format:
		f.message = fmt.Sprintf("must be %s, got %s", formatName(k.Want), described(got))
	case *kind.Pattern:
		f.message = fmt.Sprintf("must match the pattern %s, got %s", quote(k.Want), described(got))
	case *kind.MinLength:
		f.message = fmt.Sprintf("must have at least %s, has %d", count(k.Want, "character"), k.Got)
	case *kind.MaxLength:
		f.message = fmt.Sprintf("must have at most %s, has %d", count(k.Want, "character"), k.Got)
	case *kind.MinItems:
		f.message = fmt.Sprintf("must have at least %s, has %d", count(k.Want, "item"), k.Got)
	case *kind.MaxItems:
		f.message = fmt.Sprintf("must have at most %s, has %d", count(k.Want, "item"), k.Got)
	case *kind.AdditionalItems:
		n := 0
		if arr, ok := got.([]any); ok {
			n = len(arr)
		}
		f.message = fmt.Sprintf("must have at most %s, has %d", count(n-k.Count, "item"), n)
	case *kind.MinProperties:
		f.message = fmt.Sprintf("must have at least %s, has %d", properties(k.Want), k.Got)
	case *kind.MaxProperties:
		f.message = fmt.Sprintf("must have at most %s, has %d", properties(k.Want), k.Got)
	case *kind.Minimum:
		x.bound(f, e, "minimum", "at least", k.Want, got)
	case *kind.Maximum:
		x.bound(f, e, "maximum", "at most", k.Want, got)
	case *kind.ExclusiveMinimum:
		x.bound(f, e, "exclusiveMinimum", "greater than", k.Want, got)
	case *kind.ExclusiveMaximum:
		x.bound(f, e, "exclusiveMaximum", "less than", k.Want, got)
	case *kind.MultipleOf:
		x.bound(f, e, "multipleOf", "a multiple of", k.Want, got)
	case *kind.UniqueItems:
		f.message = fmt.Sprintf("must not have equal items: items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains:
		f.message = "must have an item fitting the schema under contains, has none"
	case *kind.MinContains:
		f.message = fmt.Sprintf("must have at least %s fitting the schema under contains, has %d", count(k.Want, "item"), len(k.Got))
	case *kind.MaxContains:
		f.message = fmt.Sprintf("must have at most %s fitting the schema under contains, has %d", count(k.Want, "item"), len(k.Got))
	case *kind.AdditionalProperties:
		f.message = x.additional(e.SchemaURL, k.Properties)
	case *kind.OneOf:
		f.message = x.several(e, got)
	case *kind.Not:
		f.keyword = "not"
		f.message = fmt.Sprintf("must not fit the schema under not, got %s", described(got))
	case *kind.FalseSchema:
		f.never, f.message = true, "is not allowed"
	case *kind.RefCycle:
		f.keyword, f.message = "$ref", "cannot be judged: the schema refers to itself without end"
	default:
		f.message = cut(printable(e.Error()), maxActual)
	}
}

func mustBe(wants []string, got string) string {
	return fmt.Sprintf("must be %s, got %s", listed(wants, "or"), got)
}

// bound words a limit of a number. A boolean exclusiveMinimum (draft 4) stands
// beside the minimum that holds the number.
func (x *explainer) bound(f *finding, e *jsonschema.ValidationError, keyword, words string, want *big.Rat, got any) {
	text := x.number(e, keyword, want)
	if s := x.schemaNode(e.SchemaURL); s != nil && s.get(keyword).is("true") {
		text = x.number(e, strings.Replace(strings.ToLower(keyword), "exclusive", "", 1), want)
		f.expected = json.RawMessage(text)
	}
	f.message = fmt.Sprintf("must be %s %s, got %s", words, text, described(got))
}

// additional names the properties that may not be there.
func (x *explainer) additional(location string, extra []string) string {
	var declared []string
	if x.judge != nil {
		for name := range x.judge.members[x.judge.schemas[location]] {
			declared = append(declared, name)
		}
	}
	const most = 5
	var names []string
	for i, name := range extra {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(extra)-most))
			break
		}
		text := quote(name)
		if near := Nearest(name, declared); near != "" {
			text += fmt.Sprintf(" (did you mean %s?)", quote(near))
		}
		names = append(names, text)
	}
	if len(extra) == 1 {
		return "the property " + names[0] + " is not allowed"
	}
	return "the properties " + listed(names, "and") + " are not allowed"
}

// described names a value of a result or a schema in a few words.
func described(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return "the number " + shortNumber(v.String())
	case string:
		return "the string " + quote(v)
	case []any:
		if len(v) == 0 {
			return "an empty array"
		}
		return "an array of " + count(len(v), "item")
	case map[string]any:
		if len(v) == 0 {
			return "an empty object"
		}
		return "an object of " + properties(len(v))
	}
	return "nothing"
}

func shortNumber(text string) string {
	if len(text) > maxQuoted {
		return text[:maxQuoted] + "…"
	}
	return text
}

// whole is like [described], but shows a short array or object.
func whole(v any) string {
	switch v.(type) {
	case []any, map[string]any:
		if text := shown(v); text != nil && len(text) <= maxQuoted {
			return printable(string(text))
		}
	}
	return described(v)
}

// anyOfValues lists the values of an enum.
func anyOfValues(values []any) []string {
	const most = 12
	var names []string
	for i, v := range values {
		if i == most && len(values) > most+1 {
			names = append(names, fmt.Sprintf("one of %d more", len(values)-most))
			break
		}
		switch v := v.(type) {
		case string:
			names = append(names, quote(v))
		case json.Number:
			names = append(names, shortNumber(v.String()))
		default:
			names = append(names, whole(v))
		}
	}
	return names
}

func typeNames(names []string) []string {
	var with []string
	for _, n := range names {
		switch n {
		case "null":
			with = append(with, n)
		case "integer", "array", "object":
			with = append(with, "an "+n)
		default:
			with = append(with, "a "+n)
		}
	}
	return with
}

// formatName names a format and gives an example of it.
func formatName(format string) string {
	article := "a "
	switch format {
	case "email", "ipv4", "ipv6", "iri", "iri-reference":
		article = "an "
	case "regex":
		return "an RE2 pattern"
	}
	if example := formats[format]; example != "" {
		return article + format + " such as " + example
	}
	return article + format
}

// listed joins words with commas and a last conjunction.
func listed(words []string, conjunction string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func properties(n int) string {
	if n == 1 {
		return "1 property"
	}
	return strconv.Itoa(n) + " properties"
}
