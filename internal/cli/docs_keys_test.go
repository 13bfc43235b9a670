package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// A manualKey is a key of manifests as the published schema has it, a row of a
// table of docs/manifest.md.
type manualKey struct {
	path                     string // such as tasks.forEach.limit
	kind, usual, description string // as cells
}

var manualMark = regexp.MustCompile(`(?ms)^<!-- keys ([^\n]+) -->\n(.*?)^<!-- end -->$`)

// The tables of docs/manifest.md say what the manifest's JSON Schema says, which
// editors show and the loader goes by, and which names the loader takes where;
// every key has a row and stands in an example. UPDATE=1 go test ./internal/cli -run ManifestReference
// writes them anew. What may stand in defaults has its rows among the keys of
// tasks, and is named below that heading.
func TestTheManifestReferenceHasEveryKey(t *testing.T) {
	if testing.Short() {
		t.Skip("names are tried in some thousand manifests")
	}
	keys := manualKeys(t)
	uses := namesInPlaces(t)
	rows := map[string]bool{}
	page := readDoc(t, manualPage)
	want := manualMark.ReplaceAllStringFunc(page, func(mark string) string {
		m := manualMark.FindStringSubmatch(mark)
		var b strings.Builder
		fmt.Fprintf(&b, "<!-- keys %s -->\n| key | value | default | may use | |\n|---|---|---|---|---|\n", m[1])
		for _, root := range strings.Split(m[1], ", ") {
			found := false
			for _, k := range keys {
				if k.path == root || root != "defaults" && strings.HasPrefix(k.path, root+".") {
					found, rows[k.path] = true, true
					name := strings.TrimPrefix(k.path, "tasks.")
					fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, k.kind, k.usual, strings.Join(uses[k.path], ", "), k.description)
				}
			}
			if !found {
				t.Errorf("%s: %s is no key of manifests", manualPage, root)
			}
		}
		return b.String() + "<!-- end -->"
	})
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(filepath.Join("..", "..", filepath.FromSlash(manualPage)), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != page {
		got, wants := strings.Split(page, "\n"), strings.Split(want, "\n")
		for i := range min(len(got), len(wants)) {
			if got[i] != wants[i] {
				t.Errorf("%s:%d: got\n%s\nwant\n%s\nUPDATE=1 go test ./internal/cli -run ManifestReference", manualPage, i+1, got[i], wants[i])
				break
			}
		}
	}
	defaults := manualSection(page, "defaults")
	for _, k := range keys {
		name, isDefault := strings.CutPrefix(k.path, "defaults.")
		switch {
		case rows[k.path]:
		case isDefault && rows["tasks."+name] && strings.Contains(defaults, "`"+strings.Split(name, ".")[0]+"`"):
		case k.path == "tasks" || isDefault && rows[name]:
		default:
			t.Errorf("%s: no table has %s", manualPage, k.path)
		}
	}
	shown := map[string]bool{}
	for _, b := range manualBlocks(page) {
		if !b.isManifest() {
			continue
		}
		var example any
		if err := yaml.Unmarshal([]byte(b.text), &example); err != nil {
			continue // an example of what YAML mangles
		}
		book := readSchemaBook(t)
		book.walk("", book.root, example, nil, func(path string, _ *manualSchema, _ any, _ func(any)) {
			shown[path] = true
			if key, isDefault := strings.CutPrefix(path, "defaults."); isDefault {
				shown["tasks."+key] = true
			}
		})
	}
	for _, k := range keys {
		if !shown[k.path] && !strings.HasPrefix(k.path, "defaults.") {
			t.Errorf("%s: no example has %s", manualPage, k.path)
		}
	}
	if len(keys) < 100 || len(uses) < 20 {
		t.Errorf("got %d keys, %d of which take names, want all", len(keys), len(uses))
	}
}

// manualSection is what stands below a heading until the next of any level.
func manualSection(page, heading string) string {
	_, rest, _ := strings.Cut(page, "\n### "+heading+"\n")
	text, _, _ := strings.Cut(rest, "\n#")
	return text
}

// manualSchema is the part of a JSON Schema that the manifest's uses.
type manualSchema struct {
	Ref                  string `json:"$ref"`
	Description          string
	Type                 any
	Enum                 []any
	Default              any
	Minimum, Maximum     *float64
	ExclusiveMinimum     *float64
	AnyOf                []*manualSchema
	Items                *manualSchema
	Required             []string
	Properties           map[string]*manualSchema
	AdditionalProperties json.RawMessage
	Defs                 map[string]*manualSchema `json:"$defs"`
}

// A schemaBook resolves references.
type schemaBook struct{ root *manualSchema }

func readSchemaBook(t *testing.T) *schemaBook {
	t.Helper()
	book := &schemaBook{root: &manualSchema{}}
	if err := json.Unmarshal(manifest.Schema(), book.root); err != nil {
		t.Fatal(err)
	}
	return book
}

// full lays what stands beside a reference over what it refers to.
func (b *schemaBook) full(s *manualSchema) *manualSchema {
	if s.Ref == "" {
		return s
	}
	out := *b.full(b.root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")])
	if s.Description != "" {
		out.Description = s.Description
	}
	if s.Type != nil {
		out.Type = s.Type
	}
	if s.Default != nil {
		out.Default = s.Default
	}
	return &out
}

// others is what a map's other keys are, nil for none.
func (s *manualSchema) others() *manualSchema {
	var o manualSchema
	if len(s.AdditionalProperties) == 0 || s.AdditionalProperties[0] != '{' || json.Unmarshal(s.AdditionalProperties, &o) != nil {
		return nil
	}
	return &o
}

// walk goes through a manifest along its schema, and visits every value with its
// path, its schema, and what replaces it.
func (b *schemaBook) walk(path string, s *manualSchema, v any, set func(any), visit func(path string, s *manualSchema, v any, set func(any))) {
	full := b.full(s)
	at, isMap := v.(map[string]any)
	list, isList := v.([]any)
	for _, alternative := range full.AnyOf {
		kinds := listOf(b.full(alternative).Type)
		if isMap && slices.Contains(kinds, "object") || isList && slices.Contains(kinds, "array") {
			b.walk(path, alternative, v, set, visit)
			return
		}
	}
	visit(path, s, v, set)
	for _, k := range slices.Sorted(maps.Keys(at)) {
		child, name := full.Properties[k], k
		if child == nil {
			child, name = full.others(), otherName(path)
		}
		if child != nil {
			b.walk(strings.TrimPrefix(path+"."+name, "."), child, at[k], func(v any) { at[k] = v }, visit)
		}
	}
	for i, v := range list {
		item := full.Items
		if item == nil {
			item = &manualSchema{}
		}
		b.walk(path, item, v, func(v any) { list[i] = v }, visit)
	}
}

// ofOthers is how the page calls the other keys of some maps.
var ofOthers = map[string]string{"local.sites": "ORIGIN", "baseline.tolerance": "PATH", "baseline.keys": "PATH", "reports.columns": "HEADING"}

func otherName(path string) string {
	if name := ofOthers[path]; name != "" {
		return name
	}
	return "NAME"
}

// manualKeys are all keys, each map before what is in it.
func manualKeys(t *testing.T) []manualKey {
	t.Helper()
	book := readSchemaBook(t)
	var all []manualKey
	at := map[string]int{}
	var visit func(path string, s *manualSchema)
	add := func(path string, s *manualSchema, required bool) {
		full := book.full(s)
		if i, met := at[path]; met {
			if all[i].description == "" {
				all[i].description = manualCell(full.Description)
			}
		} else if full.Description != "" {
			at[path] = len(all)
			usual := ""
			switch {
			case required:
				usual = "required"
			case full.Default != nil:
				raw, err := json.Marshal(full.Default)
				if err != nil {
					t.Fatal(err)
				}
				usual = "`" + strings.Trim(string(raw), `"`) + "`"
			}
			all = append(all, manualKey{path, book.kind(s), usual, manualCell(full.Description)})
		}
		visit(path, full)
	}
	visit = func(path string, s *manualSchema) {
		s = book.full(s)
		for _, name := range propertyOrder(s) {
			add(strings.TrimPrefix(path+"."+name, "."), s.Properties[name], slices.Contains(s.Required, name))
		}
		if o := s.others(); o != nil {
			add(path+"."+otherName(path), o, false)
		}
		if s.Items != nil {
			visit(path, s.Items)
		}
		for _, alternative := range s.AnyOf {
			visit(path, alternative)
		}
	}
	visit("", book.root)
	return all
}

// propertyOrder is the order of the properties in the schema's file.
func propertyOrder(s *manualSchema) []string {
	text := string(manifest.Schema())
	names := slices.Sorted(maps.Keys(s.Properties))
	if len(names) < 2 {
		return names
	}
	// Of all places where each name is declared, those count that stand together.
	best, span := names, len(text)
	for _, start := range regexp.MustCompile(`"properties": \{`).FindAllStringIndex(text, -1) {
		place := map[string]int{}
		for _, name := range names {
			if i := strings.Index(text[start[1]:], `"`+name+`": {`); i >= 0 {
				place[name] = i
			}
		}
		if len(place) < len(names) {
			continue
		}
		if last := slices.Max(slices.Collect(maps.Values(place))); last < span {
			span = last
			best = slices.SortedFunc(maps.Keys(place), func(a, b string) int { return place[a] - place[b] })
		}
	}
	return best
}

func manualCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// kindsByName are the kinds that have a name of their own in the schema.
var kindsByName = map[string]string{
	"duration": "duration", "share": "count or percentage", "condition": "expression", "flag": "true or false",
	"expectation": "expression or map", "keySecret": "`${{ secrets.NAME }}`", "expression": "",
}

// kind says in a few words what a value may be.
func (b *schemaBook) kind(s *manualSchema) string {
	if name, known := kindsByName[strings.TrimPrefix(s.Ref, "#/$defs/")]; known {
		return name
	}
	full := b.full(s)
	switch {
	case full.Enum != nil:
		var words []string
		for _, v := range full.Enum {
			if _, isBool := v.(bool); !isBool {
				words = append(words, fmt.Sprintf("`%v`", v))
			}
		}
		return strings.Join(words, ", ")
	case full.AnyOf != nil:
		var words []string
		for _, alternative := range full.AnyOf {
			if word := b.kind(alternative); word != "" && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
		return strings.Join(words, " or ")
	}
	var words []string
	for _, kind := range listOf(full.Type) {
		switch kind {
		case "string":
			words = append(words, "text")
		case "boolean":
			words = append(words, "true or false")
		case "integer", "number":
			word := map[string]string{"integer": "whole number", "number": "number"}[kind]
			if full.Minimum != nil && full.Maximum != nil && *full.Maximum <= 100_000 {
				word += fmt.Sprintf(", %v to %v", *full.Minimum, *full.Maximum)
			}
			words = append(words, word)
		case "object":
			words = append(words, "map")
		case "array":
			word := "list"
			if full.Items != nil {
				if of := b.kind(full.Items); of != "" {
					word += " of " + of
				}
			}
			words = append(words, word)
		}
	}
	if full.Type == nil && (full.Properties != nil || full.others() != nil) {
		words = append(words, "map")
	}
	if n := len(words); n > 1 {
		if i := slices.Index(words, "true or false"); i >= 0 {
			words[i] = "boolean"
		}
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

func listOf(kind any) []string {
	switch kind := kind.(type) {
	case string:
		return []string{kind}
	case []any:
		var all []string
		for _, k := range kind {
			all = append(all, fmt.Sprint(k))
		}
		return all
	}
	return nil
}
