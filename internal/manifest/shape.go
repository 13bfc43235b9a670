package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A shape is the part of JSON Schema that manifest.schema.json is written in.
// The schema judges the shape of a manifest and nothing else does, so an
// editor and Load cannot disagree; what a schema cannot say comes after it.
type shape struct {
	Ref                 string            `json:"$ref"`
	Type                oneOrMore         `json:"type"`
	Enum                []json.RawMessage `json:"enum"`
	Pattern             string            `json:"pattern"`
	PatternErrorMessage string            `json:"patternErrorMessage"`
	ErrorMessage        string            `json:"errorMessage"`
	MinLength           int               `json:"minLength"`
	Minimum             json.Number       `json:"minimum"`
	ExclusiveMinimum    json.Number       `json:"exclusiveMinimum"`
	Maximum             json.Number       `json:"maximum"`
	AnyOf               []*shape          `json:"anyOf"`

	Items         *shape   `json:"items"`
	MinItems      int      `json:"minItems"`
	MaxItems      int      `json:"maxItems"`
	UniqueItems   bool     `json:"uniqueItems"`
	Required      []string `json:"required"`
	MinProperties int      `json:"minProperties"`
	MaxProperties int      `json:"maxProperties"`
	PropertyNames *shape   `json:"propertyNames"`
	Properties    shapes   `json:"properties"`
	Additional    *orFalse `json:"additionalProperties"`
	Defs          shapes   `json:"$defs"`
	pattern       *regexp.Regexp
}

type shapes map[string]*shape

// oneOrMore is a type or a list of types.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(o))
	}
	*o = make(oneOrMore, 1)
	return json.Unmarshal(text, &(*o)[0])
}

// orFalse is a shape, or false when nothing fits.
type orFalse struct{ *shape }

func (o *orFalse) UnmarshalJSON(text []byte) error {
	if string(text) == "false" {
		return nil
	}
	return json.Unmarshal(text, &o.shape)
}

// A judge holds manifest.schema.json, ready for use.
type judge struct {
	root *shape
	ps   *problems
	bad  map[*node]bool

	// condition judges a value that must be an expression, and files what is wrong
	// with it.
	condition func(n *node) bool
}

// The shapes that more is known of than the schema can say.
const (
	conditionRef = "#/$defs/condition"
	keyRef       = "#/$defs/keySecret"
)

// newJudge reads the embedded schema; it is part of the program, so that it
// cannot be read is a bug.
func newJudge(ps *problems, condition func(n *node) bool) *judge {
	j := &judge{root: &shape{}, ps: ps, bad: map[*node]bool{}, condition: condition}
	if err := json.Unmarshal(schemaText, j.root); err != nil {
		panic(err)
	}
	return j
}

// check files every way in which n departs from s.
func (j *judge) check(n *node, s *shape) {
	switch s.Ref {
	case conditionRef:
		if !j.condition(n) {
			j.bad[n] = true
		}
		return
	case keyRef:
		// What stands there instead may be a key: it is not shown.
		if key := j.def(s); n.kind != textual || !key.regexp().MatchString(n.text) {
			j.fail(n, key.PatternErrorMessage, "declare it in the list secrets, and set the environment variable of that name")
		}
		return
	}
	if message := j.scalar(n, s); message != "" {
		j.fail(n, message, j.hint(n, s))
		return
	}
	if s.Ref != "" {
		j.check(n, j.def(s))
		if j.bad[n] {
			return
		}
	}
	if len(s.AnyOf) > 0 {
		j.anyOf(n, s)
	}
	switch n.kind {
	case list:
		j.list(n, s)
	case object:
		j.object(n, s)
	}
}

func (j *judge) fail(n *node, message, hint string) {
	j.bad[n] = true
	j.ps.add(n.problem(message, hint))
}

// typeOf names JSON Schema's type of a node.
func typeOf(n *node) string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[n.kind]
}

func fits(n *node, types oneOrMore) bool {
	return len(types) == 0 || slices.Contains(types, typeOf(n)) ||
		n.kind == numeric && slices.Contains(types, "integer") && whole.MatchString(n.text)
}

var whole = regexp.MustCompile(`^-?[0-9]+$`)

// scalar checks what concerns the value itself and returns what is wrong.
func (j *judge) scalar(n *node, s *shape) string {
	if s.Enum != nil && !slices.ContainsFunc(s.Enum, func(v json.RawMessage) bool { return same(n, v) }) {
		switch {
		case s == j.root.Properties["version"]:
			return "must be 1, the version that this build reads, not " + n.says()
		case s == j.root.Defs["retryOn"] && n.text == "unknown":
			return "must not be unknown: such a task may have a run already, and another would be paid for twice"
		}
		return "must be " + choice(s.words()) + ", not " + n.says()
	}
	if !fits(n, s.Type) {
		return mustBe(s, j.def(s), n)
	}
	switch n.kind {
	case textual:
		if utf8.RuneCountInString(n.text) < s.MinLength {
			return "must not be empty"
		}
		if s.Pattern != "" && !s.regexp().MatchString(n.text) {
			return s.PatternErrorMessage + ", not " + n.says()
		}
	case numeric:
		return bounds(n, s)
	}
	return ""
}

// def returns the shape that s refers to, or s.
func (j *judge) def(s *shape) *shape {
	if s.Ref == "" {
		return s
	}
	return j.root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
}

// mustBe says which types s wants, or, where the value has a form, which form.
func mustBe(s, def *shape, n *node) string {
	var words []string
	for _, t := range s.Type {
		if t != "null" {
			words = append(words, typeWords[t])
		}
	}
	if form := cmp.Or(def.PatternErrorMessage, def.ErrorMessage); form != "" && n.kind != null {
		return form + ", not " + n.says()
	}
	return "must be " + choice(words) + ", not " + n.says()
}

var typeWords = map[string]string{
	"boolean": "a boolean", "number": "a number", "integer": "a whole number",
	"string": "a string", "array": "a list", "object": "a map",
}

func choice(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func (s *shape) words() []string {
	var words []string
	for _, v := range s.Enum {
		words = append(words, strings.Trim(string(v), `"`))
	}
	return words
}

func same(n *node, v json.RawMessage) bool {
	return n.kind <= textual && string(appendJSON(nil, n)) == string(v)
}

// takesListAlone reports whether a list is all that s, which refers to def, allows.
func (s *shape) takesListAlone(def *shape) bool {
	types := s.Type
	if len(types) == 0 {
		types = def.Type
	}
	return slices.Contains(types, "array") && !slices.ContainsFunc(types, func(t string) bool { return t != "array" && t != "null" })
}

func (j *judge) hint(n *node, s *shape) string {
	def := j.def(s)
	switch {
	case n.kind != textual && n.kind <= textual && n.kind != null && slices.Contains(s.Type, "string"):
		if def.Pattern != "" && !def.regexp().MatchString(n.text) {
			return ""
		}
		return fmt.Sprintf("quote it: %q", cut(n.text))
	case n.kind <= textual && n.kind != null && s.takesListAlone(def):
		if n.key == "command" {
			return fmt.Sprintf("write a list: [%s]", strings.Join(strings.Fields(n.text), ", "))
		}
		if simpleWord.MatchString(n.text) {
			return fmt.Sprintf("write a list: [%s]", n.text)
		}
		return fmt.Sprintf("write a list: [%s]", quote(n.text))
	case n.kind == textual && n.parent != nil && n.parent.key == "resultSchemas" && yamlOrJSON.MatchString(n.text):
		return fmt.Sprintf("a file is named by a reference: {$ref: %s}", quote(n.text))
	case s.Enum != nil && n.kind == textual && slices.Contains(s.words(), n.text):
		return "write it without quotes"
	case s.Enum != nil && n.kind == textual:
		return didYouMean(n.text, s.words())
	case n.kind == null && n.text == "" && def.instead() != "":
		return "the value is empty: " + def.instead()
	case n.kind == null && n.text == "":
		return "the value is empty"
	case n.kind == numeric && fits(n, s.Type):
		return s.instead() // out of bounds
	}
	return ""
}

var (
	simpleWord = regexp.MustCompile(`^[A-Za-z_./][A-Za-z0-9_./-]*$`)
	yamlOrJSON = regexp.MustCompile(`(?i)\.(?:json|ya?ml)$`)
)

func (s *shape) regexp() *regexp.Regexp {
	if s.pattern == nil {
		s.pattern = regexp.MustCompile(s.Pattern)
	}
	return s.pattern
}

// bounds compares exactly, and without writing out the digits of 1e999999.
func bounds(n *node, s *shape) string {
	if s.Minimum == "" && s.ExclusiveMinimum == "" && s.Maximum == "" {
		return ""
	}
	v, _, err := big.ParseFloat(n.text, 10, 256, big.ToNearestEven)
	if err != nil {
		return "is out of range: " + cut(n.text)
	}
	limit := func(text json.Number) *big.Float {
		f, _, _ := big.ParseFloat(text.String(), 10, 256, big.ToNearestEven)
		return f
	}
	switch {
	case s.Minimum != "" && v.Cmp(limit(s.Minimum)) < 0:
		return fmt.Sprintf("must be at least %s, not %s", s.Minimum, cut(n.text))
	case s.ExclusiveMinimum != "" && v.Cmp(limit(s.ExclusiveMinimum)) <= 0:
		return fmt.Sprintf("must be more than %s, not %s", s.ExclusiveMinimum, cut(n.text))
	case s.Maximum != "" && v.Cmp(limit(s.Maximum)) > 0:
		return fmt.Sprintf("must be at most %s, not %s", s.Maximum, cut(n.text))
	}
	return ""
}

// anyOf checks a value against the one alternative for its type.
func (j *judge) anyOf(n *node, s *shape) {
	var condition *shape
	for _, alternative := range s.AnyOf {
		a := j.def(alternative)
		if alternative.Ref == conditionRef {
			condition = alternative
		}
		if fits(n, a.Type) && (condition == nil || !noMapOf(n, a)) {
			if n.kind == textual && s.ErrorMessage != "" && a.Pattern != "" && !a.regexp().MatchString(n.text) {
				j.fail(n, s.ErrorMessage+", not "+n.says(), "")
				return
			}
			j.check(n, alternative)
			return
		}
	}
	if condition != nil {
		j.check(n, condition)
		return
	}
	j.fail(n, s.ErrorMessage+", not "+n.says(), "")
}

// noMapOf reports whether a map has no key that a shape knows, as one has that YAML
// has made of an expression: a ? b : c.
func noMapOf(n *node, s *shape) bool {
	return n.kind == object && len(n.fields) > 0 && !slices.ContainsFunc(n.fields, func(f field) bool {
		return s.Properties[f.key] != nil || s.Properties == nil && !strings.Contains(f.key, "?")
	})
}

func (j *judge) list(n *node, s *shape) {
	switch {
	case len(n.items) < s.MinItems:
		j.fail(n, "must have at least one entry", "")
		return
	case s.MaxItems > 0 && len(n.items) > s.MaxItems:
		j.fail(n, fmt.Sprintf("has %d entries; %d are the most", len(n.items), s.MaxItems), "put the rows into a file")
		return
	}
	seen := map[string]bool{}
	for _, item := range n.items {
		if s.Items != nil {
			j.check(item, s.Items)
		}
		if s.UniqueItems && item.kind == textual {
			if seen[item.text] {
				j.fail(item, quote(item.text)+" is given twice", "")
				// An editor reports the list, so the list is marked too.
				j.bad[n] = true
			}
			seen[item.text] = true
		}
	}
}

func (j *judge) object(n *node, s *shape) {
	if len(n.fields) < s.MinProperties {
		j.fail(n, "must not be empty", s.instead())
	}
	if s.MaxProperties > 0 && len(n.fields) > s.MaxProperties {
		j.fail(n, fmt.Sprintf("has %d entries; %d is the most", len(n.fields), s.MaxProperties), "")
	}
	for _, key := range s.Required {
		if n.get(key) == nil {
			j.bad[n] = true
			j.ps.add(n.problem(key+" is missing", s.instead()))
		}
	}
	for _, f := range n.fields {
		if s.PropertyNames != nil {
			names := j.def(s.PropertyNames)
			if !names.regexp().MatchString(f.key) {
				j.field(n, f, "the name "+names.PatternErrorMessage+", not "+quote(f.key), "")
			}
		}
		switch known := s.Properties[f.key]; {
		case known != nil:
			j.check(f.value, known)
		case s.Additional == nil:
		case s.Additional.shape != nil:
			j.check(f.value, s.Additional.shape)
		default:
			j.field(n, f, "unknown key "+quote(f.key), didYouMean(f.key, s.Properties.names()))
		}
	}
}

// instead is a hint what to write in place of a map that lacks something, if
// the schema says it.
func (s *shape) instead() string {
	if form, ok := strings.CutPrefix(s.ErrorMessage, "must be "); ok {
		return "write " + form
	}
	return ""
}

// field files a problem of a key, at the key.
func (j *judge) field(n *node, f field, message, hint string) {
	j.bad[f.value] = true
	j.ps.add(Problem{
		File: n.doc.name, Line: f.line, Column: f.column,
		Path: n.doc.path(n), Message: message, Hint: hint,
	})
}

func (ss shapes) names() []string {
	names := make([]string, 0, len(ss))
	for name := range ss {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
