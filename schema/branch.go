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
	never bool // nothing fits it: it is the schema false
	alien bool // the value is of another type, or another constant, altogether
	keys  int  // discriminating keys that speak against it, minus those for it
	inner int  // the same for such keys in objects within
	types int  // the same for keys that differ only in type
	deep  int  // the longest path of its findings
	index int
}

// closest explains why none of several alternatives fits by what is wrong
// with the one that came closest: the one whose const, enum or type at the
// discriminating key matches, then the one whose errors lie deepest, then the
// one with the fewest errors, then the first. Where several are equally close
// and each breaks one rule in the same place, all these rules are named.
func (x *explainer) closest(e *jsonschema.ValidationError, keyword string) []finding {
	branches := make([]branch, len(e.Causes))
	for i, c := range e.Causes {
		b := branch{index: i, found: x.findings(c)}
		for _, f := range b.found {
			b.deep = max(b.deep, len(f.path))
			here := len(f.path) == len(e.InstanceLocation)
			b.alien = b.alien || here && speaksAgainst(f.keyword)
			b.never = b.never || here && f.never
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
	slices.SortFunc(branches, func(a, b branch) int { return cmp.Or(closer(a, b), cmp.Compare(a.index, b.index)) })
	best := branches[0]
	for i := range branches {
		if closer(best, branches[i]) != 0 {
			branches = branches[:i]
			break
		}
	}
	if f, ok := x.either(branches, keyword); ok {
		return []finding{f}
	}
	if len(best.found) == 0 {
		return []finding{{path: e.InstanceLocation, keyword: keyword, message: "must fit one of several schemas, fits none"}}
	}
	return best.found
}

// closer compares how near two alternatives come to the value.
func closer(a, b branch) int {
	return cmp.Or(
		compareBool(a.never, b.never),
		compareBool(a.alien, b.alien),
		cmp.Compare(a.keys, b.keys),
		cmp.Compare(a.inner, b.inner),
		cmp.Compare(a.types, b.types),
		cmp.Compare(b.deep, a.deep),
		cmp.Compare(len(a.found), len(b.found)),
	)
}

// merged words alternatives that all want another type or constant in this
// place as one wish: none of them is closer than the others.
func (x *explainer) merged(e *jsonschema.ValidationError, keyword string, branches []branch) (finding, bool) {
	var wants []string
	same := ""
	for _, b := range branches {
		if b.never {
			continue
		}
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
	if wants == nil {
		return finding{}, false
	}
	got := x.at(e.InstanceLocation)
	return finding{path: e.InstanceLocation, keyword: same, wants: wants, message: mustBe(few(wants), described(got))}, true
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
		return finding{path: path, keyword: keyword, wants: wants, message: mustBe(few(wants), whole(x.at(path)))}, true
	}
	return finding{}, false
}

// few cuts a list that nobody would read.
func few(words []string) []string {
	const most = 12
	if len(words) <= most+1 {
		return words
	}
	return append(slices.Clone(words[:most]), fmt.Sprintf("one of %d more", len(words)-most))
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
			switch {
			case s.Title != "":
				name += " (" + quote(s.Title) + ")"
			case len(s.Required) > 0 && len(s.Required) <= 3:
				var names []string
				for _, r := range s.Required {
					names = append(names, quote(r))
				}
				name += " (which requires " + listed(names, "and") + ")"
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
