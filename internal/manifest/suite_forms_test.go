package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A form is a way in which a person writes a schema for a manifest. Where there
// are two, one group of the suite takes the first and the next the second.
type form struct {
	name    string
	wrapped bool // the schema is that of the property v of the result
	write   [2]writer
}

// errForm says that a schema cannot be written in a form.
var errForm = errors.New("cannot be written so")

// forms are all that a schema is tried in. One in a file is written into the
// folder of the manifest, under a name that nothing in the suite has. JSON that
// is indented by tabs is not among those that are pasted: a tab in the
// indentation of a manifest is an error.
var forms = []form{
	{"JSON pasted", true, [2]writer{pasted(compact), pasted(func(text []byte) string { return indented(text, "    ", "  ") })}},
	{"block YAML", true, [2]writer{pasted(asBlock("        ")), pasted(asBlock("          "))}},
	{"the root of a result", false, [2]writer{rooted(asBlock("    ")), rooted(func(text []byte) string { return indented(text, "", "  ") })}},
	{"a .json file", true, [2]writer{filed("a-case.json", asItIs), filed("a-case.json", func(text []byte) string { return indented(text, "", "\t") })}},
	{"a .yaml file", true, [2]writer{filed("a-case.yaml", asBlock("")), filed("a-case.yaml", asItIs)}},
}

type writer = func(t *testing.T, dir, uri string, text []byte) (manifest string, err error)

func asItIs(text []byte) string { return string(text) }

func asBlock(indent string) func([]byte) string {
	return func(text []byte) string { return block(decode(text), indent) }
}

const head = "version: 1\nresultSchemas:\n  s:%s\ntasks:\n  - {id: a, task: a, resultSchema: s}\n"

// pasted writes a schema into the manifest, under the property v, as a
// resource of its own, so that what refers to its root finds it.
func pasted(write func([]byte) string) writer {
	return func(_ *testing.T, _, uri string, text []byte) (string, error) {
		n, ok := resource(decode(text), uri)
		if !ok {
			return "", errForm
		}
		return fmt.Sprintf(head, "\n    $schema: "+uri+"\n    type: object\n    properties:\n      v:"+spaced(write(n.json(nil)))), nil
	}
}

// resource gives a schema the name that makes it a resource, unless it has
// one. Up to draft 7 a name beside a $ref is void, so that allOf must hold it.
func resource(n *value, uri string) (*value, bool) {
	if n.kind != '{' {
		return n, true
	}
	key := "$id"
	if strings.Contains(uri, "draft-04") {
		key = "id"
	}
	old := strings.Contains(uri, "json-schema.org/draft-0")
	if ref := n.get("$ref"); ref != nil && old {
		all := &value{kind: '{'}
		all.set(key, text("the-case"))
		all.set("allOf", &value{kind: '[', items: []*value{{kind: '{', keys: []string{"$ref"}, items: []*value{ref}}}})
		if defs := n.get("definitions"); defs != nil {
			all.set("definitions", defs)
		}
		return all, true
	}
	if n.get(key) == nil {
		n.set(key, text("the-case"))
	}
	return n, true
}

// rooted writes a schema as that of the result itself, which must be an object.
// Where the schema does not say so itself it is made to, unless it refers to
// itself and would then say it elsewhere too.
func rooted(write func([]byte) string) writer {
	return func(_ *testing.T, _, uri string, schema []byte) (string, error) {
		n := decode(schema)
		if n.kind != '{' {
			return "", errForm
		}
		if typed := n.get("type"); typed == nil || typed.text != "object" {
			if typed != nil || bytes.Contains(schema, []byte("ef\"")) || n.get("const") != nil || n.get("enum") != nil {
				return "", errForm
			}
			n.set("type", text("object"))
		}
		if n.get("$schema") == nil {
			n.set("$schema", text(uri))
		}
		return fmt.Sprintf(head, spaced(write(n.json(nil)))), nil
	}
}

// spaced puts a space before what follows its key on the same line.
func spaced(text string) string {
	if strings.HasPrefix(text, "\n") {
		return text
	}
	return " " + text
}

// filed writes a schema into a file that the property v refers to.
func filed(name string, write func([]byte) string) writer {
	return func(t *testing.T, dir, uri string, schema []byte) (string, error) {
		if err := put(filepath.Join(dir, name), []byte(strings.TrimPrefix(write(schema), "\n"))); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(head, "\n    $schema: "+uri+"\n    type: object\n    properties:\n      v: {$ref: "+name+"}"), nil
	}
}

// A value is JSON with the order of its keys and the text of its numbers.
type value struct {
	kind  byte // { [ " or 0 for what is written as it is
	text  string
	keys  []string
	items []*value
}

func text(s string) *value { return &value{kind: '"', text: s} }

func decode(text []byte) *value {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return next(d)
}

func next(d *json.Decoder) *value {
	t, err := d.Token()
	if err != nil {
		panic(err)
	}
	switch t := t.(type) {
	case json.Delim:
		v := &value{kind: byte(t)}
		for d.More() {
			if t == '{' {
				key, _ := d.Token()
				v.keys = append(v.keys, key.(string))
			}
			v.items = append(v.items, next(d))
		}
		_, _ = d.Token()
		return v
	case string:
		return text(t)
	case nil:
		return &value{text: "null"}
	}
	return &value{text: fmt.Sprint(t)}
}

func (v *value) get(key string) *value {
	for i, k := range v.keys {
		if k == key {
			return v.items[i]
		}
	}
	return nil
}

// set puts a member before the others.
func (v *value) set(key string, to *value) {
	v.keys = append([]string{key}, v.keys...)
	v.items = append([]*value{to}, v.items...)
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSpace(b.String())
}

func (v *value) json(b []byte) []byte {
	if v.kind == '"' {
		return append(b, quoted(v.text)...)
	}
	if v.kind == 0 {
		return append(b, v.text...)
	}
	b = append(b, v.kind)
	for i, item := range v.items {
		if i > 0 {
			b = append(b, ',')
		}
		if v.kind == '{' {
			b = append(append(b, quoted(v.keys[i])...), ':')
		}
		b = item.json(b)
	}
	return append(b, v.kind+2)
}

func compact(text []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		panic(err)
	}
	return b.String()
}

func indented(text []byte, prefix, indent string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, text, prefix, indent); err != nil {
		panic(err)
	}
	return b.String()
}

// simple are strings that YAML reads as themselves without quotes, and that
// our own table does not take for anything else.
var simple = regexp.MustCompile(`^[A-Za-z$/._][A-Za-z0-9$/._-]*( [A-Za-z0-9$/._-]+)*$`)

// scalar writes a string as a person would: plain where that can be, in single
// quotes where it has no line break, else in double quotes.
func scalar(s string) string {
	switch {
	case s != "true" && s != "false" && s != "null" && simple.MatchString(s):
		return s
	case s != "" && strconv.CanBackquote(s) && !strings.Contains(s, "\t"):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return quoted(s)
}

// block writes a value as YAML without braces. What is on several lines begins
// with a line break.
func block(v *value, indent string) string {
	switch {
	case v.kind == '"':
		return scalar(v.text)
	case v.kind == 0:
		return v.text
	case len(v.items) == 0:
		return string([]byte{v.kind, v.kind + 2})
	}
	var b strings.Builder
	for i, item := range v.items {
		text := spaced(block(item, indent+"  "))
		if v.kind == '[' {
			b.WriteString("\n" + indent + "-" + text)
		} else {
			b.WriteString("\n" + indent + scalar(v.keys[i]) + ":" + text)
		}
	}
	return b.String()
}
