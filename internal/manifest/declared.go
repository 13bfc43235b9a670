package manifest

import (
	"bytes"
	"regexp"

	"gopkg.in/yaml.v3"
)

// A DeclaredParam is a parameter as the text of a manifest declares it.
type DeclaredParam struct {
	Name        string
	Description string
	Enum        []string // the texts of its values; nil for any
}

// ParamsIn reads the parameters that the manifest at path declares, or that of
// o.Stdin when path is "-", in its order and whatever else it holds: nil where it
// can't be read.
func ParamsIn(path string, o Options) []DeclaredParam {
	m := &Manifest{File: path}
	if m.read(o) != nil {
		return nil
	}
	n, _ := valueAt(m.Text, "params")
	var out []DeclaredParam
	for key, value := range pairs(n) {
		p := DeclaredParam{Name: key.Value}
		for k, v := range pairs(value) {
			switch k.Value {
			case "description":
				p.Description = v.Value
			case "enum":
				for _, item := range v.Content {
					p.Enum = append(p.Enum, behind(item).Value)
				}
			}
		}
		out = append(out, p)
	}
	return out
}

// KeysIn reads the keys of the map in the YAML or JSON file at path, as far as
// they can be told.
func KeysIn(path string) []string {
	m := &Manifest{File: path}
	if m.read(Options{}) != nil {
		return nil
	}
	root, err := decode(yaml.NewDecoder(bytes.NewReader(m.Text)))
	if err != nil {
		return nil
	}
	var keys []string
	for key := range pairs(behind(root)) {
		keys = append(keys, key.Value)
	}
	return keys
}

// A DeclaredService is where the text of a manifest says that runs are bought.
type DeclaredService struct {
	Named     bool   // it names an address
	KeySecret string // the secret that is the service's key; "" for the usual one
}

var aloneSecret = regexp.MustCompile(`^\s*\$\{\{\s*secrets(?:\.|\[["'])([A-Za-z_][A-Za-z0-9_]*)(?:["']\])?\s*\}\}\s*$`)

// ServiceIn reads what the text of a manifest says of its service, whatever
// else it holds.
func ServiceIn(text []byte) (s DeclaredService) {
	n, _ := valueAt(text, "provider")
	for k, v := range pairs(n) {
		switch k.Value {
		case "baseURL":
			s.Named = v.Value != ""
		case "apiKey":
			if found := aloneSecret.FindStringSubmatch(v.Value); found != nil {
				s.KeySecret = found[1]
			}
		}
	}
	return s
}

// pairs yields the keys of a map with their values, nothing for another node.
func pairs(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], behind(n.Content[i+1])) {
				return
			}
		}
	}
}
