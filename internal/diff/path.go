package diff

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A path leads into a result: the names of members joined by dots, and [] for
// the elements of a list, as in items[].sku. A name that holds a character of
// the notation is written ["like.this"]. "." is the result itself.

// A step is one step of a path: a member's name, or the elements of a list.
type step struct {
	name string
	elem bool
}

// parsePath reads a path as a person writes it.
func parsePath(text string) (steps []step, err error) {
	if text == "." {
		return nil, nil
	}
	for rest := text; rest != "" || len(steps) == 0; {
		switch {
		case strings.HasPrefix(rest, "[]"):
			steps, rest = append(steps, step{elem: true}), rest[2:]
		case strings.HasPrefix(rest, `["`):
			name, after, ok := quotedName(rest[1:])
			if !ok {
				return nil, fmt.Errorf("%q: must be a path such as price.amount or items[].sku: %q has no end", text, rest)
			}
			steps, rest = append(steps, step{name: name}), after
		case strings.HasPrefix(rest, "."), len(steps) == 0:
			rest = strings.TrimPrefix(rest, ".")
			n := strings.IndexAny(rest, `.["]`)
			if n < 0 {
				n = len(rest)
			}
			if n == 0 && len(steps) == 0 && strings.HasPrefix(rest, "[") && !strings.HasPrefix(text, ".") {
				return nil, fmt.Errorf("%q: must be a path such as price.amount or items[].sku: [] stands for every element", text)
			}
			if n == 0 {
				return nil, fmt.Errorf("%q: must be a path such as price.amount or items[].sku: a name is empty", text)
			}
			steps, rest = append(steps, step{name: rest[:n]}), rest[n:]
		default:
			return nil, fmt.Errorf("%q: must be a path such as price.amount or items[].sku: unexpected %q", text, rest)
		}
	}
	return steps, nil
}

// quotedName takes a JSON string and the bracket behind it off the front.
func quotedName(text string) (name, rest string, ok bool) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			if json.Unmarshal([]byte(text[:i+1]), &name) != nil || !strings.HasPrefix(text[i+1:], "]") {
				return "", "", false
			}
			return name, text[i+2:], true
		}
	}
	return "", "", false
}

// member is the path of a member of the object at a path; "" is the result.
func member(path, name string) string {
	if name == "" || strings.ContainsAny(name, `.[]"`) {
		return path + "[" + quoted(name) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// shown is how a path is told.
func shown(path string) string {
	if path == "" {
		return "."
	}
	return path
}

// quoted is s as a JSON string.
func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
