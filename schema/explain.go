package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// An explainer turns the validator's tree of errors into problems.
type explainer struct {
	value any            // what was judged
	doc   *node          // the schema, for the text of what it expects; may be nil
	rank  map[string]int // of property names, in the author's order
	judge *judge         // for the shape of alternatives; may be nil
}

// A finding is a problem on its way: with its path in parts, and, where the
// schema wants one of some types or values, with the words for these.
type finding struct {
	path     []string
	keyword  string
	message  string
	wants    []string
	missing  string // the property that is required; "" for other keywords
	never    bool   // nothing would fit
	expected json.RawMessage
}

// explain returns the problems in the order of the value's places: what is
// wrong with an object before what is wrong within it, its properties in the
// order of the schema.
func (x *explainer) explain(err *jsonschema.ValidationError) []Problem {
	found := x.findings(err)
	slices.SortFunc(found, x.compare)
	found = x.distinct(found)
	more := 0
	if len(found) > maxProblems {
		more = len(found) - (maxProblems - 1)
		found = found[:maxProblems-1]
	}
	problems := make([]Problem, 0, len(found)+1)
	for _, f := range found {
		at, whole := pointer(f.path)
		if !whole {
			f.message += " (further in, at a path too long to show)"
		}
		problems = append(problems, Problem{
			Kind:         "schema",
			InstancePath: at,
			Keyword:      f.keyword,
			Message:      f.message,
			Expected:     f.expected,
			Actual:       shown(x.at(f.path)),
		})
	}
	if more > 0 {
		least := ""
		if x.judge != nil && x.judge.failed > maxFailed {
			least = "at least " // the judge has not looked at everything
		}
		problems = append(problems, Problem{Kind: "schema", Keyword: "more", Message: fmt.Sprintf("and %s%d more problems", least, more)})
	}
	return problems
}

// distinct leaves out what has been said of the same place, be it for another
// keyword, from findings that are in order.
func (x *explainer) distinct(found []finding) []finding {
	out := found[:0]
	said := map[string]bool{}
	for _, f := range found {
		if len(out) > 0 && !slices.Equal(out[len(out)-1].path, f.path) {
			clear(said)
		}
		if !said[f.message] {
			said[f.message] = true
			out = append(out, f)
		}
	}
	return out
}

func (x *explainer) compare(a, b finding) int {
	for i := range min(len(a.path), len(b.path)) {
		if c := x.compareNames(a.path[i], b.path[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(
		cmp.Compare(len(a.path), len(b.path)),
		cmp.Compare(a.keyword, b.keyword),
		cmp.Compare(a.message, b.message),
		bytes.Compare(a.expected, b.expected),
	)
}

// isIndex reports whether a name can be that of an element.
func isIndex(name string) bool {
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return false
		}
	}
	return name == "0" || name != "" && name[0] != '0'
}

func (x *explainer) compareNames(a, b string) int {
	if a == b {
		return 0
	}
	if isIndex(a) && isIndex(b) {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
	ra, okA := x.rank[a]
	rb, okB := x.rank[b]
	switch {
	case okA && okB:
		return cmp.Compare(ra, rb)
	case okA:
		return -1
	case okB:
		return 1
	}
	return strings.Compare(a, b)
}

// findings flattens the tree: what only groups other errors disappears, and
// of alternatives the closest one stays.
func (x *explainer) findings(e *jsonschema.ValidationError) []finding {
	switch k := e.ErrorKind.(type) {
	case nil:
		return nil
	case *kind.AnyOf:
		return x.closest(e, "anyOf")
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return x.closest(e, "oneOf")
		}
	case *kind.Required:
		return x.missing(e, "required", k.Missing, "")
	case *kind.DependentRequired:
		return x.missing(e, "dependentRequired", k.Missing, " where "+quote(k.Prop)+" is present")
	case *kind.Dependency:
		return x.missing(e, "dependencies", k.Missing, " where "+quote(k.Prop)+" is present")
	case *kind.PropertyNames:
		return []finding{x.propertyName(e, k)}
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference, *kind.ContentSchema:
		if len(e.Causes) == 0 {
			return []finding{x.leaf(e)}
		}
		var all []finding
		for _, c := range e.Causes {
			all = append(all, x.findings(c)...)
		}
		return all
	}
	return []finding{x.leaf(e)}
}

func (x *explainer) missing(e *jsonschema.ValidationError, keyword string, names []string, condition string) []finding {
	var all []finding
	for _, name := range names {
		all = append(all, finding{
			path:     e.InstanceLocation,
			keyword:  keyword,
			message:  fmt.Sprintf("the property %s is required%s", quote(name), condition),
			expected: appendString(nil, name),
			missing:  name,
		})
	}
	return all
}

func (x *explainer) propertyName(e *jsonschema.ValidationError, k *kind.PropertyNames) finding {
	names := explainer{value: k.Property, doc: x.doc, judge: x.judge}
	why := ""
	for _, c := range e.Causes {
		for _, f := range names.findings(c) {
			if why == "" {
				why = ": its name " + f.message
			}
		}
	}
	return finding{
		path:    e.InstanceLocation,
		keyword: "propertyNames",
		message: fmt.Sprintf("the property %s is not allowed%s", quote(k.Property), why),
	}
}

// leaf explains an error that stands for itself.
func (x *explainer) leaf(e *jsonschema.ValidationError) finding {
	f := finding{path: e.InstanceLocation}
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		f.keyword = path[0]
	} else {
		f.keyword = lastKeyword(e.SchemaURL)
	}
	x.word(&f, e)
	if f.expected == nil {
		f.expected = x.expected(e.SchemaURL, f.keyword)
	}
	return f
}

// number returns a number of the schema as its author wrote it.
func (x *explainer) number(e *jsonschema.ValidationError, keyword string, r *big.Rat) string {
	if s := x.schemaNode(e.SchemaURL); s != nil {
		if n := s.get(keyword); n != nil && n.kind == number {
			return cut(n.text, maxQuoted)
		}
	}
	if r.IsInt() {
		return cut(r.Num().String(), maxQuoted)
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// expected returns what stands under a keyword in the schema, unless it holds
// schemas or is long.
func (x *explainer) expected(location, keyword string) json.RawMessage {
	if _, holds := applicators[keyword]; holds {
		return nil
	}
	s := x.schemaNode(location)
	if s == nil {
		return nil
	}
	v := s.get(keyword)
	if v == nil {
		return nil
	}
	if text := v.json(nil); len(text) <= maxExpected {
		return text
	}
	return nil
}

// schemaNode returns the schema at a location of the validator's.
func (x *explainer) schemaNode(location string) *node {
	fragment, ok := strings.CutPrefix(location, folder+"#")
	if !ok || x.doc == nil {
		return nil
	}
	p, err := url.PathUnescape(fragment)
	if err != nil {
		return nil
	}
	return x.doc.at(p)
}

// at returns the value at a path; absent when there is none.
func (x *explainer) at(path []string) any {
	v := x.value
	for _, name := range path {
		switch holder := v.(type) {
		case map[string]any:
			member, ok := holder[name]
			if !ok {
				return absent{}
			}
			v = member
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(holder) {
				return absent{}
			}
			v = holder[i]
		default:
			return absent{}
		}
	}
	return v
}

type absent struct{}

// lastKeyword returns the keyword that the last part of a location is about:
// the name of a property is none.
func lastKeyword(location string) string {
	_, fragment, _ := strings.Cut(location, "#")
	toks := strings.Split(fragment, "/")
	for i := len(toks) - 1; i > 0; i-- {
		if _, ok := applicators[toks[i]]; !ok {
			continue
		}
		if i > 1 {
			// properties/items is a property named items
			if before, ok := applicators[toks[i-1]]; ok && before.form == named {
				continue
			}
		}
		return toks[i]
	}
	return "false"
}

// ranks numbers the property names in the order in which they are declared.
func ranks(x *index) map[string]int {
	rank := map[string]int{}
	for _, s := range x.schemas {
		ps := s.node.get("properties")
		if ps == nil {
			continue
		}
		for _, name := range ps.keys {
			if _, ok := rank[name]; !ok {
				rank[name] = len(rank)
			}
		}
	}
	return rank
}
