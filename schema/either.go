package schema

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// either words equally close alternatives as one wish, if each of them breaks
// one rule and all of them break it in the same place: none of them is more
// likely to be meant.
func (x *explainer) either(branches []branch, keyword string) (finding, bool) {
	if len(branches) < 2 || len(branches[0].found) != 1 {
		return finding{}, false
	}
	first := branches[0].found[0]
	got := x.at(first.path)
	endings := []string{", got " + described(got), ", got " + whole(got), ", has " + strconv.Itoa(length(got))}
	ending := ""
	var rules, names []string
	f := finding{path: first.path, keyword: first.keyword}
	for _, b := range branches {
		one := b.found[0]
		if !slices.Equal(one.path, first.path) {
			return finding{}, false
		}
		if one.keyword != first.keyword {
			f.keyword = keyword
		}
		if one.missing != "" {
			names = merge(names, []string{quote(one.missing)})
			continue
		}
		rule, ok := strings.CutPrefix(one.message, "must ")
		end := slices.IndexFunc(endings, func(e string) bool { return strings.HasSuffix(rule, e) })
		if !ok || end < 0 {
			return finding{}, false // nothing that can be put together
		}
		rules = merge(rules, []string{strings.TrimSuffix(rule, endings[end])})
		if ending != "" && ending != endings[end] {
			end = 0
		}
		ending = endings[end]
	}
	switch {
	case len(names) > 1 && rules == nil:
		f.message = "the property " + listed(few(names), "or") + " is required"
	case len(rules) > 1 && names == nil:
		f.message = "must " + listed(factored(few(rules)), "or") + ending
	default:
		return finding{}, false
	}
	return f, true
}

// length is what the limits of lengths count.
func length(v any) int {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return -1
}

// factored leaves out the verb of rules that all have the same.
func factored(rules []string) []string {
	out := slices.Clone(rules)
	for _, verb := range []string{"be ", "match the pattern ", "have "} {
		if slices.ContainsFunc(rules, func(r string) bool { return !strings.HasPrefix(r, verb) }) {
			continue
		}
		for i := range out[1:] {
			out[i+1] = strings.TrimPrefix(out[i+1], verb)
		}
	}
	return out
}
