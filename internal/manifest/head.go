package manifest

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// NameIn reads the name of the manifest at path, or of o.Stdin when that is
// "-", and looks at nothing else: neither its tasks nor the files that it
// names, so that a manifest that is wrong has its name as well. The error is
// [Problems] when there is no such file, or it holds no map.
func NameIn(path string, o Options) (string, error) {
	m := &Manifest{File: path}
	if err := m.read(o); err != nil {
		return "", err
	}
	doc := newDocument(path, nil, true)
	if p := encoding(doc, m.Text); p != nil {
		return "", Problems{*p}
	}
	n, ok := valueAt(m.Text, "name")
	switch {
	case !ok:
		return "", Problems{{File: path, Message: "is no manifest: it does not hold a map", Hint: "bbbatch check tells what is wrong with a manifest"}}
	case n != nil && n.Kind == yaml.ScalarNode && n.Value != "":
		return n.Value, nil
	}
	return nameOf(path), nil
}

// SecretsIn reads the names of the secrets that the text of a manifest
// declares, in its order, whatever else it holds.
func SecretsIn(text []byte) []string {
	n, _ := valueAt(text, "secrets")
	if n == nil {
		return nil
	}
	var names []string
	for _, item := range n.Content {
		if item = behind(item); item.Kind == yaml.ScalarNode && item.Value != "" && !slices.Contains(names, item.Value) {
			names = append(names, item.Value)
		}
	}
	return names
}

// ContinueWithinIn reads what the text of a manifest says of continueWithin,
// whatever else it holds: 0 where it says nothing. ok is false where that is no
// length of time.
func ContinueWithinIn(text []byte) (d time.Duration, ok bool) {
	n, ok := valueAt(text, "continueWithin")
	if !ok || n == nil || n.Tag == "!!null" {
		return 0, ok
	}
	d, err := parseDuration(n.Value)
	return d, err == nil && n.Kind == yaml.ScalarNode
}

// valueAt returns the value of a key of the map that a YAML text holds, nil
// when there is none. A text that does not parse as a whole, as one that is
// being written, is read by the lines of that key alone. ok is false when the
// text is something else than a map.
func valueAt(text []byte, key string) (value *yaml.Node, ok bool) {
	root, err := decode(yaml.NewDecoder(bytes.NewReader(text)))
	if err != nil {
		if root, err = decode(yaml.NewDecoder(strings.NewReader(linesOf(text, key)))); err != nil {
			return nil, true
		}
	}
	if root = behind(root); root.Kind != yaml.MappingNode {
		return nil, false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key {
			return behind(root.Content[i+1]), true
		}
	}
	return nil, true
}

// behind is what an alias stands for.
func behind(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// linesOf returns the line that begins with a key, and what belongs to it.
func linesOf(text []byte, key string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		begins := strings.HasPrefix(line, key+":")
		if out.Len() > 0 && (begins || strings.Trim(line[:1], " -#\r\n") != "") {
			break
		}
		if begins || out.Len() > 0 {
			out.WriteString(line)
		}
	}
	return out.String()
}
