package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A branch is one alternative of an anyOf or oneOf that the value broke.
type branch struct {
	found []finding
	alien bool // the value is of another type, or another constant, altogether
	keys  int  // discriminating keys that speak against it, minus those for it
	types int  // the same for keys that differ only in type
	deep  int  // the longest path of its findings
	index int
}

// closest explains why none of several alternatives fits by what is wrong
// with the one that came closest: the one whose const, enum or type at the
// discriminating key matches, then the one whose errors lie deepest, then the
// one with the fewest errors, then the first.
func (x *explainer) closest(e *jsonschema.ValidationError, keyword string) []finding {
	branches := make([]branch, len(e.Causes))
	for i, c := range e.Causes {
		b := branch{index: i, found: x.findings(c)}
		for _, f := range b.found {
			b.deep = max(b.deep, len(f.path))
			b.alien = b.alien || len(f.path) == len(e.InstanceLocation) && speaksAgainst(f.keyword)
		}
		branches[i] = b
	}
	if f, ok := x.merged(e, keyword, branches); ok {
		return []finding{f}
	}
	if f, ok := x.unknownKey(e, keyword, branches); ok {
		return []finding{f}
	}
	x.discriminate(e, keyword, branches)
	best := slices.MinFunc(branches, func(a, b branch) int {
		return cmp.Or(
			compareBool(a.alien, b.alien),
			cmp.Compare(a.keys, b.keys),
			cmp.Compare(a.types, b.types),
			cmp.Compare(b.deep, a.deep),
			cmp.Compare(len(a.found), len(b.found)),
			cmp.Compare(a.index, b.index),
		)
	})
	if len(best.found) == 0 {
		return []finding{{path: e.InstanceLocation, keyword: keyword, message: "must fit one of several schemas, fits none"}}
	}
	return best.found
}

// merged words alternatives that all want another type or constant in this
// place as one wish: none of them is closer than the others.
func (x *explainer) merged(e *jsonschema.ValidationError, keyword string, branches []branch) (finding, bool) {
	var wants []string
	same := ""
	for _, b := range branches {
		if !b.alien || len(b.found) != 1 || b.found[0].wants == nil {
			return finding{}, false
		}
		f := b.found[0]
		wants = merge(wants, f.wants)
		if same == "" {
			same = f.keyword
		} else if same != f.keyword {
			same = keyword
		}
	}
	if len(branches) == 0 {
		return finding{}, false
	}
	got := x.at(e.InstanceLocation)
	return finding{path: e.InstanceLocation, keyword: same, wants: wants, message: mustBe(wants, described(got))}, true
}

// unknownKey words the case that every alternative for this kind of value
// wants another constant at one key, and the value has none of them.
func (x *explainer) unknownKey(e *jsonschema.ValidationError, keyword string, branches []branch) (finding, bool) {
	depth := len(e.InstanceLocation)
	alike := 0
	broken := map[string][]finding{} // by key
	for _, b := range branches {
		if b.alien {
			continue
		}
		alike++
		for _, f := range b.found {
			if len(f.path) == depth+1 && (f.keyword == "const" || f.keyword == "enum") {
				broken[f.path[depth]] = append(broken[f.path[depth]], f)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(broken), x.compareNames) {
		var wants []string
		for _, f := range broken[key] {
			wants = merge(wants, f.wants)
		}
		if alike < 2 || len(broken[key]) != alike || len(wants) < 2 {
			continue
		}
		path := broken[key][0].path
		return finding{path: path, keyword: keyword, wants: wants, message: mustBe(wants, whole(x.at(path)))}, true
	}
	return finding{}, false
}

// merge adds what is not yet in words.
func merge(words, more []string) []string {
	for _, w := range more {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

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
	type vote struct{ for_, against []int }
	constants, kinds := map[string]*vote{}, map[string]*vote{}
	for i, s := range alternatives {
		broken := map[string]bool{}
		for _, f := range branches[i].found {
			if len(f.path) == depth+1 && speaksAgainst(f.keyword) {
				broken[f.path[depth]] = true
			}
		}
		for key, constant := range x.judge.constraints(s) {
			if _, present := obj[key]; !present {
				continue
			}
			votes := kinds
			if constant {
				votes = constants
			}
			if votes[key] == nil {
				votes[key] = &vote{}
			}
			if broken[key] {
				votes[key].against = append(votes[key].against, i)
			} else {
				votes[key].for_ = append(votes[key].for_, i)
			}
		}
	}
	tally := func(votes map[string]*vote, add func(b *branch, n int)) {
		for _, v := range votes {
			if len(v.for_) == 0 || len(v.against) == 0 {
				continue
			}
			for _, i := range v.for_ {
				add(&branches[i], -1)
			}
			for _, i := range v.against {
				add(&branches[i], 1)
			}
		}
	}
	tally(constants, func(b *branch, n int) { b.keys += n })
	tally(kinds, func(b *branch, n int) { b.types += n })
}

// constraints returns the properties that a schema, or what it is made of by
// $ref and allOf, limits to constants (true) or to types (false).
func (j *judge) constraints(s *jsonschema.Schema) map[string]bool {
	keys := map[string]bool{}
	for part := range j.parts(s) {
		for name, member := range j.members[part] {
			for p := range j.parts(member) {
				if p.Const != nil || p.Enum != nil {
					keys[name] = true
				} else if p.Types != nil && !keys[name] {
					keys[name] = false
				}
			}
		}
	}
	return keys
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

// several names the alternatives of a oneOf that fit together.
func (x *explainer) several(e *jsonschema.ValidationError, got any) string {
	holder := (*jsonschema.Schema)(nil)
	if x.judge != nil {
		holder = x.judge.schemas[e.SchemaURL]
	}
	if holder == nil {
		return "must fit exactly one of several schemas, fits more"
	}
	const most = 10
	var fitting []string
	for i, s := range holder.OneOf {
		if len(fitting) < most && s.Validate(got) == nil {
			name := "number " + strconv.Itoa(i+1)
			if s.Title != "" {
				name += " (" + quote(s.Title) + ")"
			}
			fitting = append(fitting, name)
		}
	}
	if len(fitting) < 2 { // the fit hangs on what refers here
		return "must fit exactly one of several schemas, fits more"
	}
	return fmt.Sprintf("must fit exactly one of %d schemas, fits %s", len(holder.OneOf), listed(fitting, "and"))
}

// speaksAgainst reports whether a broken keyword says that the value is of
// another kind altogether.
func speaksAgainst(keyword string) bool {
	return keyword == "type" || keyword == "const" || keyword == "enum"
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
