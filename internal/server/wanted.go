package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// wanted is what a schema asks for at one place: its keywords with local
// references followed and allOf merged.
type wanted map[string]any

// A reading is one schema, with bounds on how far references are followed.
type reading struct {
	root  map[string]any
	steps int // left to follow references and allOf with
}

const (
	maxSchemaNesting = 200
	maxReferences    = 32 // followed from one place
	maxSteps         = 500_000
)

func readSchema(text json.RawMessage) (*reading, error) {
	if nesting(text) > maxSchemaNesting {
		return nil, fmt.Errorf("the result schema is nested deeper than %d levels", maxSchemaNesting)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var root map[string]any
	if err := d.Decode(&root); err != nil {
		return nil, errors.New("the result schema is not a JSON object")
	}
	return &reading{root, maxSteps}, nil
}

// at resolves a subschema. true, false and whatever is not a schema ask for
// anything.
func (r *reading) at(v any) wanted { return r.merge(v, maxReferences) }

func (r *reading) merge(v any, left int) wanted {
	m, ok := v.(map[string]any)
	if r.steps--; !ok || left == 0 || r.steps < 0 {
		return wanted{}
	}
	_, refers := m["$ref"].(string)
	all, _ := m["allOf"].([]any)
	if !refers && len(all) == 0 {
		return wanted(m)
	}
	out := wanted{}
	for k, v := range m {
		if k != "$ref" && k != "allOf" {
			out[k] = v
		}
	}
	if ref, ok := m["$ref"].(string); ok {
		out.add(r.merge(r.resolve(ref), left-1))
	}
	for i, sub := range all {
		if i == maxReferences {
			break
		}
		out.add(r.merge(sub, left/2))
	}
	return out
}

// add takes over what w does not say itself; properties and required names of
// both count.
func (w wanted) add(other wanted) {
	for k, v := range other {
		mine, said := w[k]
		switch {
		case !said:
			w[k] = v
		case k == "properties":
			merged := map[string]any{}
			for _, from := range []any{v, mine} {
				if from, ok := from.(map[string]any); ok {
					for name, sub := range from {
						merged[name] = sub
					}
				}
			}
			w[k] = merged
		case k == "required":
			a, _ := mine.([]any)
			b, _ := v.([]any)
			w[k] = append(slices.Clone(a), b...)
		}
	}
}

// resolve follows a JSON Pointer inside the document; a reference that leads
// elsewhere asks for anything.
func (r *reading) resolve(ref string) any {
	pointer, local := strings.CutPrefix(ref, "#")
	if !local {
		return nil
	}
	if u, err := url.PathUnescape(pointer); err == nil {
		pointer = u
	}
	var v any = r.root
	if pointer == "" {
		return v
	}
	if pointer[0] != '/' {
		return nil
	}
	for _, step := range strings.Split(pointer[1:], "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (w wanted) properties() map[string]any {
	p, _ := w["properties"].(map[string]any)
	return p
}

func (w wanted) requires(name string) bool {
	all, _ := w["required"].([]any)
	return slices.Contains(all, any(name))
}

func (w wanted) text(keyword string) string {
	s, _ := w[keyword].(string)
	return s
}

// choices are the values of enum, or the one of const.
func (w wanted) choices() []any {
	if c, ok := w["const"]; ok {
		return []any{c}
	}
	e, _ := w["enum"].([]any)
	return e
}

// branches are the alternatives of anyOf and oneOf, each with what stands
// beside them.
func (r *reading) branches(w wanted) []wanted {
	var all []wanted
	for _, keyword := range []string{"anyOf", "oneOf"} {
		subs, _ := w[keyword].([]any)
		for _, sub := range subs {
			branch := wanted{}
			for k, v := range r.at(sub) {
				branch[k] = v
			}
			rest := wanted{}
			for k, v := range w {
				if k != "anyOf" && k != "oneOf" {
					rest[k] = v
				}
			}
			branch.add(rest)
			all = append(all, branch)
		}
	}
	return all
}

// types are the types that a value may have, the most particular first. With
// no type named they are told from the other keywords.
func (w wanted) types() []string {
	var named []string
	switch t := w["type"].(type) {
	case string:
		named = []string{t}
	case []any:
		for _, e := range t {
			if s, ok := e.(string); ok {
				named = append(named, s)
			}
		}
	}
	if len(named) == 0 {
		switch {
		case w.properties() != nil:
			return []string{"object"}
		case w["items"] != nil:
			return []string{"array"}
		}
		return nil
	}
	order := []string{"array", "object", "integer", "number", "boolean", "string", "null"}
	slices.SortStableFunc(named, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return named
}

// nullable reports whether null fits.
func (r *reading) nullable(w wanted) bool {
	if c := w.choices(); len(c) > 0 {
		return slices.Contains(c, nil)
	}
	for _, b := range r.branches(w) {
		if slices.Contains(b.types(), "null") {
			return true
		}
	}
	return slices.Contains(w.types(), "null")
}
