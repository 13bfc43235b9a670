package manifest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed manifest.schema.json
var schemaText []byte

// Schema returns the JSON Schema of manifests, for editors. Load checks a
// manifest's shape against the same text.
//
// Two things are written otherwise than in the text, for the YAML language
// server: it offers each example as a completion, but one that holds a map as
// "[object Object]". So a map becomes a snippet, which it can insert, and each
// stands in the Markdown of the description, which it shows.
func Schema() []byte {
	read := func() *node {
		return readTree(newDocument("manifest.schema.json", schemaText, false), schemaText, &problems{})
	}
	root := read()
	forEditors(root, read())
	var out bytes.Buffer
	if err := json.Indent(&out, appendJSON(nil, root), "", "  "); err != nil {
		panic(err) // it was JSON before
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// forEditors rewrites n and what is below it; given is the root as it was.
func forEditors(n, given *node) {
	for _, f := range n.fields {
		forEditors(f.value, given)
	}
	for _, item := range n.items {
		forEditors(item, given)
	}
	maps := mapExamples(n)
	if len(maps) > 0 {
		n.keepExamples()
		n.addSnippets(maps)
	} else if def := definition(n, given); def != nil {
		maps = mapExamples(def)
	}
	description := n.get("description")
	if len(maps) == 0 || description == nil || description.kind != textual {
		return
	}
	markdown := plainMarkdown.Replace(description.text)
	for _, m := range maps {
		markdown += "\n\nExample:\n\n```yaml\n" + asYAML(m, 0) + "\n```"
	}
	n.fields = append(n.fields, field{key: "markdownDescription", value: &node{kind: textual, text: markdown}})
}

// definition is what n refers to, as it is in the text.
func definition(n, given *node) *node {
	ref := n.get("$ref")
	if ref == nil || ref.kind != textual {
		return nil
	}
	name, ok := strings.CutPrefix(ref.text, "#/$defs/")
	if !ok {
		return nil
	}
	return given.get("$defs").get(name)
}

// mapExamples are the examples of a schema that are maps or hold one.
func mapExamples(n *node) []*node {
	var maps []*node
	if examples := n.get("examples"); examples != nil {
		for _, e := range examples.items {
			if holdsMap(e) {
				maps = append(maps, e)
			}
		}
	}
	return maps
}

func holdsMap(n *node) bool {
	for _, item := range n.items {
		if holdsMap(item) {
			return true
		}
	}
	return n.kind == object
}

// keepExamples leaves the examples that hold no map.
func (n *node) keepExamples() {
	var fields []field
	for _, f := range n.fields {
		if f.key == "examples" {
			plain := &node{kind: list}
			for _, e := range f.value.items {
				if !holdsMap(e) {
					plain.items = append(plain.items, e)
				}
			}
			if f.value = plain; len(plain.items) == 0 {
				continue
			}
		}
		fields = append(fields, f)
	}
	n.fields = fields
}

// addSnippets offers maps as completions, unless the text has snippets for the
// place, which say more. What a list has as a snippet the server offers inside its
// entries too, where it is wrong.
func (n *node) addSnippets(maps []*node) {
	types := n.get("type")
	if n.get("defaultSnippets") != nil || types != nil && strings.Contains(string(appendJSON(nil, types)), `"array"`) {
		return
	}
	snippets := &node{kind: list}
	for _, m := range maps {
		if m.kind == object {
			label := &node{kind: textual, text: asYAML(m, yaml.FlowStyle)}
			snippets.items = append(snippets.items, &node{kind: object, fields: []field{{key: "label", value: label}, {key: "body", value: snippet(m)}}})
		}
	}
	if len(snippets.items) > 0 {
		n.fields = append(n.fields, field{key: "defaultSnippets", value: snippets})
	}
}

// snippet is a value in which $ and } stand for themselves, as snippets need it.
func snippet(n *node) *node {
	out := &node{kind: n.kind, text: n.text}
	if n.kind == textual {
		out.text = plainSnippet.Replace(n.text)
	}
	for _, item := range n.items {
		out.items = append(out.items, snippet(item))
	}
	for _, f := range n.fields {
		out.fields = append(out.fields, field{key: f.key, value: snippet(f.value)})
	}
	return out
}

var (
	plainSnippet  = strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`)
	plainMarkdown = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `<`, `\<`, `[`, `\[`, "`", "\\`")
)

// asYAML writes an example as it may stand in a manifest.
func asYAML(n *node, style yaml.Style) string {
	var doc yaml.Node
	if err := yaml.Unmarshal(appendJSON(nil, n), &doc); err != nil {
		panic(err) // JSON is YAML
	}
	restyle(&doc, style)
	var out strings.Builder
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// restyle writes scalars without quotes where they need none.
func restyle(n *yaml.Node, style yaml.Style) {
	n.Style = 0
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		n.Style = style
	}
	for _, c := range n.Content {
		restyle(c, style)
	}
}
