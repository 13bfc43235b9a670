package schema

import (
	"strconv"
	"strings"
)

// A draft is a version of JSON Schema, by its number or year.
type draft int

const (
	draft4    draft = 4
	draft6    draft = 6
	draft7    draft = 7
	draft2019 draft = 2019
	draft2020 draft = 2020
)

// defaultDraft is that of a schema without $schema.
const defaultDraft = draft2020

const knownDrafts = "http://json-schema.org/draft-04/schema#, draft-06 and draft-07 likewise, " +
	"https://json-schema.org/draft/2019-09/schema and https://json-schema.org/draft/2020-12/schema"

// draftOf returns the draft that a $schema names.
func draftOf(uri string) (draft, bool) {
	uri = strings.TrimSuffix(uri, "#")
	uri = strings.TrimPrefix(uri, "http://")
	uri = strings.TrimPrefix(uri, "https://")
	switch uri {
	case "json-schema.org/draft-04/schema":
		return draft4, true
	case "json-schema.org/draft-06/schema":
		return draft6, true
	case "json-schema.org/draft-07/schema":
		return draft7, true
	case "json-schema.org/draft/2019-09/schema":
		return draft2019, true
	case "json-schema.org/draft/2020-12/schema", "json-schema.org/schema":
		return draft2020, true
	}
	return 0, false
}

// uri returns the $schema of the draft.
func (d draft) uri() string {
	switch d {
	case draft4:
		return "http://json-schema.org/draft-04/schema#"
	case draft6:
		return "http://json-schema.org/draft-06/schema#"
	case draft7:
		return "http://json-schema.org/draft-07/schema#"
	case draft2019:
		return "https://json-schema.org/draft/2019-09/schema"
	}
	return "https://json-schema.org/draft/2020-12/schema"
}

// idKey is the keyword that names a resource.
func (d draft) idKey() string {
	if d == draft4 {
		return "id"
	}
	return "$id"
}

// defsKey is the keyword under which definitions stand.
func (d draft) defsKey() string {
	if d < draft2019 {
		return "definitions"
	}
	return "$defs"
}

// refOnly reports whether a $ref makes the keywords beside it void.
func (d draft) refOnly() bool { return d < draft2019 }

// within returns the draft of the schema n that lies in one of draft d: a
// resource with a name of its own may have a $schema of its own.
func (d draft) within(n *node, pointer string) draft {
	text, ok := n.string("$schema")
	if !ok || pointer == "" {
		return d
	}
	own, ok := draftOf(text)
	if !ok {
		return d
	}
	id, ok := n.string(own.idKey())
	if !ok || id == "" || id[0] == '#' || own.refOnly() && n.get("$ref") != nil {
		return d
	}
	return own
}

// draftIn returns the draft that a document's root names, else or.
func draftIn(root *node, or draft) draft {
	if text, ok := root.string("$schema"); ok {
		if d, ok := draftOf(text); ok {
			return d
		}
	}
	return or
}

// A form is how a keyword holds schemas.
type form int

const (
	one      form = iota // a schema
	list                 // an array of schemas
	named                // an object of schemas
	oneOrAll             // a schema, or an array of schemas
)

type applicator struct {
	form  form
	since draft
}

// applicators are the keywords that hold schemas. What stands under any other
// keyword is data, unless a $ref leads there.
var applicators = map[string]applicator{
	"definitions":           {named, draft4},
	"$defs":                 {named, draft2019},
	"properties":            {named, draft4},
	"patternProperties":     {named, draft4},
	"dependencies":          {named, draft4},
	"dependentSchemas":      {named, draft2019},
	"allOf":                 {list, draft4},
	"anyOf":                 {list, draft4},
	"oneOf":                 {list, draft4},
	"prefixItems":           {list, draft2020},
	"items":                 {oneOrAll, draft4},
	"not":                   {one, draft4},
	"additionalProperties":  {one, draft4},
	"additionalItems":       {one, draft4},
	"propertyNames":         {one, draft6},
	"contains":              {one, draft6},
	"if":                    {one, draft7},
	"then":                  {one, draft7},
	"else":                  {one, draft7},
	"unevaluatedProperties": {one, draft2019},
	"unevaluatedItems":      {one, draft2019},
	"contentSchema":         {one, draft2019},
}

// children calls visit for each schema directly within n, in order.
func (d draft) children(n *node, pointer string, visit func(*node, string)) {
	for i, key := range n.keys {
		a, ok := applicators[key]
		if !ok || d < a.since {
			continue
		}
		v, at := n.elems[i], pointer+"/"+key
		switch {
		case v.kind == object && a.form == named:
			for j, name := range v.keys {
				visit(v.elems[j], at+"/"+escape(name))
			}
		case v.kind == array && (a.form == list || a.form == oneOrAll):
			for j, e := range v.elems {
				visit(e, at+"/"+strconv.Itoa(j))
			}
		case a.form == one || a.form == oneOrAll:
			visit(v, at)
		}
	}
}
