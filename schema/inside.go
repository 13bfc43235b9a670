package schema

import (
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// What one judgement may cost. A result cannot come near these limits unless
// it or its schema was made for it.
const (
	maxSteps       = 2_000_000 // schemas applied, whatever the size of the value
	stepsPerByte   = 20        // and for each byte of it
	maxFailed      = 100_000   // bad members and elements: from then on the first in each object or array is enough
	maxUnevaluated = 200_000   // bad and unevaluated members: then the judgement is given up
)

// inside applies a schema's keywords for the members of an object and the
// elements of an array.
type inside struct {
	judge *judge
	draft draft

	properties map[string]*jsonschema.Schema
	patterns   []pattern
	additional any // nil, bool or *jsonschema.Schema
	names      *jsonschema.Schema

	prefix                   []*jsonschema.Schema
	rest                     any // nil, bool or *jsonschema.Schema
	contains                 *jsonschema.Schema
	minContains, maxContains *int
}

type pattern struct {
	re  jsonschema.Regexp
	sch *jsonschema.Schema
}

// Validate implements [jsonschema.SchemaExt]. It panics when the judgement
// costs too much.
func (in *inside) Validate(ctx *jsonschema.ValidatorContext, v any) {
	if in.judge.steps--; in.judge.steps < 0 {
		panic("the schema takes too many steps")
	}
	switch v := v.(type) {
	case map[string]any:
		in.object(ctx, v)
	case []any:
		in.elements(ctx, v)
		if in.contains != nil {
			in.containing(ctx, v)
		}
	}
}

// bad notes an error in a member or an element and reports whether those
// after it need not be looked at.
func (in *inside) bad(ctx *jsonschema.ValidatorContext, err error) (enough bool) {
	ctx.AddErr(err)
	in.judge.failed++
	return in.judge.failed > maxFailed
}

func (in *inside) object(ctx *jsonschema.ValidatorContext, obj map[string]any) {
	if in.properties == nil && in.patterns == nil && in.additional == nil && in.names == nil {
		return
	}
	var extra []string
	enough := false
	for _, name := range slices.Sorted(maps.Keys(obj)) {
		if enough { // what was not looked at is not to be called unevaluated
			ctx.EvaluatedProp(name)
			continue
		}
		if in.names != nil {
			enough = in.name(ctx, name)
		}
		schemas, additional := in.schemas(name)
		if additional {
			extra = append(extra, name)
		}
		for _, s := range schemas {
			if err := ctx.Validate(s, obj[name], []string{name}); err != nil {
				enough = in.bad(ctx, err)
			}
		}
		if schemas != nil || in.additional != nil {
			ctx.EvaluatedProp(name)
		}
	}
	if extra != nil {
		ctx.AddError(&kind.AdditionalProperties{Properties: extra})
	}
}

// schemas returns what applies to a member; additional says that it is one
// that may not be there.
func (in *inside) schemas(name string) (schemas []*jsonschema.Schema, additional bool) {
	if s, ok := in.properties[name]; ok {
		schemas = append(schemas, s)
	}
	for _, p := range in.patterns {
		if p.re.MatchString(name) {
			schemas = append(schemas, p.sch)
		}
	}
	if schemas != nil {
		return schemas, false
	}
	switch a := in.additional.(type) {
	case *jsonschema.Schema:
		return []*jsonschema.Schema{a}, false
	case bool:
		return nil, !a
	}
	return nil, false
}

func (in *inside) name(ctx *jsonschema.ValidatorContext, name string) (enough bool) {
	err, ok := in.names.Validate(name).(*jsonschema.ValidationError)
	if !ok {
		return false
	}
	ctx.AddErrors(err.Causes, &kind.PropertyNames{Property: name})
	in.judge.failed++
	return in.judge.failed > maxFailed
}

func (in *inside) elements(ctx *jsonschema.ValidatorContext, arr []any) {
	for i, e := range arr {
		var s *jsonschema.Schema
		if i < len(in.prefix) {
			s = in.prefix[i]
		} else if allowed, ok := in.rest.(bool); ok && !allowed {
			ctx.AddError(&kind.AdditionalItems{Count: len(arr) - i})
			return
		} else if s, ok = in.rest.(*jsonschema.Schema); !ok {
			return
		}
		if err := ctx.Validate(s, e, []string{strconv.Itoa(i)}); err != nil && in.bad(ctx, err) {
			return
		}
	}
}

func (in *inside) containing(ctx *jsonschema.ValidatorContext, arr []any) {
	matched := 0
	for i, e := range arr {
		if ctx.Validate(in.contains, e, []string{strconv.Itoa(i)}) == nil {
			matched++
			if in.draft >= draft2020 {
				ctx.EvaluatedItem(i)
			}
		}
	}
	switch {
	case in.minContains == nil && matched == 0:
		ctx.AddError(&kind.Contains{})
	case in.minContains != nil && matched < *in.minContains:
		ctx.AddError(&kind.MinContains{Got: make([]int, matched), Want: *in.minContains})
	}
	if in.maxContains != nil && matched > *in.maxContains {
		ctx.AddError(&kind.MaxContains{Got: make([]int, matched), Want: *in.maxContains})
	}
}

// refusal is the schema false where the validator applies it to every
// unevaluated member or element.
type refusal struct{ judge *judge }

// Validate implements [jsonschema.SchemaExt].
func (r refusal) Validate(ctx *jsonschema.ValidatorContext, _ any) {
	if r.judge.failed++; r.judge.failed > maxUnevaluated {
		panic("too many properties or items that the schema does not name")
	}
	ctx.AddError(&kind.FalseSchema{})
}
