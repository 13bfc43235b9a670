package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bounds of the search for what tells alternatives apart.
const (
	maxInner   = 3    // objects within each other
	maxMembers = 2000 // properties of one alternative that are looked at
)

// A vote is which alternatives a key of the value fits, and which not.
type vote struct{ fits, breaks []int }

// discriminate counts for each branch the keys of the object that tell the
// branches apart and speak for or against it. A key tells them apart when two
// branches or more constrain it and it breaks some of them but not all.
func (x *explainer) discriminate(e *jsonschema.ValidationError, keyword string, branches []branch) {
	obj, ok := x.at(e.InstanceLocation).(map[string]any)
	if !ok || x.judge == nil {
		return
	}
	holder := x.judge.schemas[e.SchemaURL]
	if holder == nil {
		return
	}
	alternatives := holder.AnyOf
	if keyword == "oneOf" {
		alternatives = holder.OneOf
	}
	if len(alternatives) != len(branches) {
		return
	}
	depth := len(e.InstanceLocation)
	votes := map[constraint]*vote{}
	for i, s := range alternatives {
		broken := map[string]bool{}
		for _, f := range branches[i].found {
			if len(f.path) > depth && speaksAgainst(f.keyword) {
				broken[joined(f.path[depth:])] = true
			}
		}
		for c := range x.judge.constraints(s) {
			if !has(obj, c.path) {
				continue
			}
			if votes[c] == nil {
				votes[c] = &vote{}
			}
			if broken[c.path] {
				votes[c].breaks = append(votes[c].breaks, i)
			} else {
				votes[c].fits = append(votes[c].fits, i)
			}
		}
	}
	for c, v := range votes {
		if len(v.fits) == 0 || len(v.breaks) == 0 {
			continue
		}
		for _, i := range v.fits {
			*branches[i].count(c)--
		}
		for _, i := range v.breaks {
			*branches[i].count(c)++
		}
	}
}

// count returns the counter that a constraint's votes go to.
func (b *branch) count(c constraint) *int {
	switch {
	case !c.constant:
		return &b.types
	case strings.Contains(c.path, "/"):
		return &b.inner
	}
	return &b.keys
}

// A constraint limits a property of an object, or of an object within it, to
// constants or, of the object itself alone, to types.
type constraint struct {
	path     string // the names, escaped and joined
	constant bool
}

func joined(names []string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = escape(n)
	}
	return strings.Join(parts, "/")
}

// has reports whether a value has a property.
func has(v any, path string) bool {
	for tok := range strings.SplitSeq(path, "/") {
		obj, ok := v.(map[string]any)
		if !ok {
			return false
		}
		if v, ok = obj[unescape(tok)]; !ok {
			return false
		}
	}
	return true
}

// constraints returns what a schema, or what it is made of by $ref and allOf,
// demands of properties.
func (j *judge) constraints(s *jsonschema.Schema) map[constraint]bool {
	if known, ok := j.limits[s]; ok {
		return known
	}
	found := map[constraint]bool{}
	left := maxMembers
	j.collect(found, s, nil, &left)
	j.limits[s] = found
	return found
}

func (j *judge) collect(found map[constraint]bool, s *jsonschema.Schema, names []string, left *int) {
	for part := range j.parts(s) {
		members := j.members[part]
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if *left--; *left < 0 {
				return
			}
			at := append(slices.Clip(names), name)
			constant, typed := false, false
			for p := range j.parts(members[name]) {
				constant = constant || p.Const != nil || p.Enum != nil
				typed = typed || p.Types != nil
			}
			if constant || typed && names == nil {
				found[constraint{joined(at), constant}] = true
			}
			if len(at) < maxInner {
				j.collect(found, members[name], at, left)
			}
		}
	}
}

// parts returns s and the schemas that apply to the same value through $ref
// and allOf.
func (j *judge) parts(s *jsonschema.Schema) map[*jsonschema.Schema]bool {
	seen := map[*jsonschema.Schema]bool{}
	queue := []*jsonschema.Schema{s}
	for len(queue) > 0 {
		s, queue = queue[0], queue[1:]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		queue = append(append(queue, s.Ref), s.AllOf...)
	}
	return seen
}
