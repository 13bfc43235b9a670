package schema

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// prepare moves what the validator says of members and elements from its own
// loops, which make one error for each of millions of bad elements and go
// through objects in random order, into [inside], which does neither.
func (j *judge) prepare(root *jsonschema.Schema) {
	queue := []*jsonschema.Schema{root}
	seen := map[*jsonschema.Schema]bool{root: true}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		j.schemas[s.Location] = s
		for c := range subschemas(s) {
			if !seen[c] {
				seen[c] = true
				queue = append(queue, c)
			}
		}
		j.rebuild(s)
	}
}

// rebuild takes the keywords for members and elements out of s and gives them
// to an extension, in which they mean the same.
func (j *judge) rebuild(s *jsonschema.Schema) {
	s.UnevaluatedProperties = j.counted(s.UnevaluatedProperties)
	s.UnevaluatedItems = j.counted(s.UnevaluatedItems)
	in := &inside{
		judge: j, draft: draft(s.DraftVersion),
		properties: s.Properties, additional: s.AdditionalProperties, names: s.PropertyNames,
		contains: s.Contains, minContains: s.MinContains, maxContains: s.MaxContains,
	}
	for re, sch := range s.PatternProperties {
		in.patterns = append(in.patterns, pattern{re, sch})
	}
	slices.SortFunc(in.patterns, func(a, b pattern) int { return strings.Compare(a.re.String(), b.re.String()) })
	in.prefix = s.PrefixItems
	if s.Items2020 != nil {
		in.rest = s.Items2020
	}
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		in.rest = items
	case []*jsonschema.Schema:
		in.prefix = items
		in.rest = s.AdditionalItems
	}
	s.Properties, s.PatternProperties, s.AdditionalProperties, s.PropertyNames = nil, nil, nil, nil
	s.PrefixItems, s.Items2020, s.Items, s.AdditionalItems = nil, nil, nil, nil
	s.Contains, s.MinContains, s.MaxContains = nil, nil, nil
	j.members[s] = in.properties
	s.Extensions = append(s.Extensions, in)
}

// counted returns a copy of the schema false that gives up after very many
// errors: the validator makes one for every unevaluated member.
func (j *judge) counted(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil || s.Bool == nil || *s.Bool {
		return s
	}
	c := *s
	c.Bool = nil
	c.Extensions = []jsonschema.SchemaExt{refusal{j}}
	return &c
}

// subschemas yields the schemas that s refers to or holds.
func subschemas(s *jsonschema.Schema) func(yield func(*jsonschema.Schema) bool) {
	all := []*jsonschema.Schema{
		s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties,
		s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema,
	}
	if s.DynamicRef != nil {
		all = append(all, s.DynamicRef.Ref)
	}
	all = slices.Concat(all, s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems)
	for _, either := range []any{s.AdditionalProperties, s.Items, s.AdditionalItems} {
		switch v := either.(type) {
		case *jsonschema.Schema:
			all = append(all, v)
		case []*jsonschema.Schema:
			all = append(all, v...)
		}
	}
	for _, c := range s.Properties {
		all = append(all, c)
	}
	for _, c := range s.PatternProperties {
		all = append(all, c)
	}
	for _, c := range s.DependentSchemas {
		all = append(all, c)
	}
	for _, d := range s.Dependencies {
		if c, ok := d.(*jsonschema.Schema); ok {
			all = append(all, c)
		}
	}
	return func(yield func(*jsonschema.Schema) bool) {
		for _, c := range all {
			if c != nil && !yield(c) {
				return
			}
		}
	}
}
