package schema

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxProblems is how many problems of one value are told apart.
const maxProblems = 100

// Validate judges the JSON text raw and returns what is wrong with it, nil
// when it fits. It looks, in this order, for text that is not JSON, for a
// value that is too large, too deep, of too many parts, or has numbers too
// long to calculate with, and only then asks the schema. It never panics.
func (s *Schema) Validate(raw []byte) (problems []Problem) {
	if problems := Limits(raw); problems != nil {
		return problems
	}
	defer func() {
		if p := recover(); p != nil {
			problems = []Problem{{Kind: "schema", Keyword: "internal", Message: "could not be judged: " + cut(printable(fmt.Sprint(p)), maxActual)}}
		}
	}()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return []Problem{{Kind: "schema", Keyword: "json", Message: "is not JSON: " + err.Error()}}
	}
	j, err := s.judges.get(s.text)
	if err != nil {
		panic(err) // it compiled before
	}
	defer s.judges.put(j)
	var failed *jsonschema.ValidationError
	if !errors.As(j.judge(v, len(raw)), &failed) {
		return nil
	}
	j.steps = maxSteps // explaining may ask again
	x := explainer{value: v, doc: s.doc, rank: s.rank, judge: j}
	return x.explain(failed)
}

// Limits returns what keeps a result from being judged at all, whatever the
// schema: text that is not JSON, too large, too deep, of too many parts, or with
// numbers too long to calculate with. It is nil for every other.
func Limits(raw []byte) []Problem {
	s := scanJSON(raw)
	switch {
	case s.syntax != "":
		return []Problem{{Kind: "schema", Keyword: "json", Message: "is not JSON: " + s.syntax}}
	case len(raw) > MaxResultBytes:
		return []Problem{{Kind: "size", Keyword: "size", Message: fmt.Sprintf("is larger than %d MB", MaxResultBytes>>20)}}
	case s.depth:
		return []Problem{{Kind: "depth", Keyword: "depth", InstancePath: s.deepest,
			Message: fmt.Sprintf("is nested more than %d levels deep", maxDepth)}}
	case s.values > maxValues:
		return []Problem{{Kind: "size", Keyword: "size", Message: fmt.Sprintf("has more than %d values", maxValues)}}
	}
	var problems []Problem
	for _, p := range s.numbers {
		problems = append(problems, Problem{Kind: "number", Keyword: "number", InstancePath: p,
			Message: fmt.Sprintf("is a number of more than %d digits or with an exponent beyond ±%d", maxDigits, maxExponent)})
	}
	return problems
}
