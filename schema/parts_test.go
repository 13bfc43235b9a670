package schema

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// parts compiles the files of a schema as they are, with no help of ours: the
// validator follows the references from file to file.
func parts(name string, m *maker, files map[string]string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.DefaultDraft(m.draft.compiled())
	c.UseLoader(noLoader{})
	for name, text := range files {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		if err := c.AddResource(m.address(name), doc); err != nil {
			return nil, err
		}
	}
	return c.Compile(m.address(name))
}

// A maker makes schemas in files that refer to each other, and values for them.
type maker struct {
	*rand.Rand
	draft   draft
	dynamic bool   // with dynamic references
	mixed   bool   // one file is of another draft
	named   bool   // each file has an address of its own
	file    string // that is being written
}

var (
	madeFiles = []string{"a.json", "d/b.json", "d/e/c ä.json"}
	madeNames = []string{"a", "b", "x/y", "p%q", "t~u"}
)

// address is the URI of a file.
func (m *maker) address(name string) string {
	base := (&document{name: name}).base()
	if m.named {
		return "https://x.example" + strings.TrimPrefix(base, "manifest://")
	}
	return base
}

func (m *maker) pick(words ...string) string { return words[m.IntN(len(words))] }

// to writes a reference to a file, or "" for the one that is being written.
func (m *maker) to() string {
	if m.IntN(3) == 0 {
		return ""
	}
	up := strings.Repeat("../", strings.Count(m.file, "/"))
	return up + strings.NewReplacer(" ", "%20", "ä", "%C3%A4").Replace(m.pick(madeFiles...))
}

func (m *maker) defsKey() string {
	if m.mixed {
		return "definitions" // which every draft reads
	}
	return m.draft.defsKey()
}

// ref writes a reference to another place, relative to the file.
func (m *maker) ref() string {
	file := m.to()
	fragments := []string{"#/" + m.defsKey() + "/one", "#/" + m.defsKey() + "/x~1y", "#/" + m.defsKey() + "/p%25q"}
	if m.mixed {
		fragments = append(fragments, fragments...)
	} else if m.draft >= draft2019 {
		fragments = append(fragments, "#named")
	} else {
		fragments = append(fragments, "#old")
	}
	if file != "" {
		fragments = append(fragments, "", "#")
	}
	return file + m.pick(fragments...)
}

func (m *maker) schema(depth int) string {
	kind := m.IntN(12)
	if depth <= 0 && kind > 3 {
		kind = m.IntN(4)
	}
	sub := func() string { return m.schema(depth - 1) }
	switch kind {
	case 0:
		return fmt.Sprintf(`{"type":%q}`, m.pick("string", "number", "object", "array", "null"))
	case 1:
		return `{"enum":[1,"s",{"$ref":"nothing.json"},[]]}`
	case 2:
		return `{"default":{"$ref":"#/nowhere","$id":"no"},"minimum":1.50}`
	case 3, 4:
		return fmt.Sprintf(`{"properties":{%q:{"$ref":%q}}}`, m.pick(madeNames...), m.ref())
	case 5:
		return fmt.Sprintf(`{"properties":{%q:%s,"$ref":%s},"required":[%q]}`, m.pick(madeNames...), sub(), sub(), m.pick(madeNames...))
	case 6:
		return fmt.Sprintf(`{"items":%s}`, sub())
	case 7:
		return fmt.Sprintf(`{%q:[%s,%s]}`, m.pick("anyOf", "allOf", "oneOf"), sub(), sub())
	case 8:
		return fmt.Sprintf(`{"not":%s}`, sub())
	case 9:
		if m.dynamic {
			return fmt.Sprintf(`{"additionalProperties":{"$dynamicRef":%q}}`, m.to()+"#node")
		}
		return fmt.Sprintf(`{"additionalProperties":%s}`, sub())
	case 10:
		if m.draft >= draft2019 {
			return fmt.Sprintf(`{"allOf":[%s],"unevaluatedProperties":%s}`, sub(), m.pick("false", sub()))
		}
		return fmt.Sprintf(`{"dependencies":{"a":%s}}`, sub())
	}
	return fmt.Sprintf(`{"patternProperties":{"^%s":%s},"additionalProperties":{"$ref":%q}}`, m.pick("a", "b"), sub(), m.ref())
}

// files writes all files. In one a definition is a resource of its own.
func (m *maker) files() map[string]string {
	files := map[string]string{}
	for i, name := range madeFiles {
		m.file = name
		if m.mixed && i == 1 {
			// Not 2019-09: the validator wrongly refuses its definitions within 2020-12.
			m.draft = []draft{draft4, draft6, draft7}[m.IntN(3)]
		} else if m.mixed {
			m.draft = draft2020
		}
		names, anchor, own := "", fmt.Sprintf(`"$id":"#old","type":%q`, m.pick("string", "object")), ""
		if m.draft == draft4 {
			anchor = strings.Replace(anchor, "$id", "id", 1)
		}
		if m.draft >= draft2019 {
			anchor = `"$anchor":"named","properties":{"a":` + m.schema(1) + `}`
		}
		if m.dynamic && m.IntN(2) == 0 {
			names = `"$dynamicAnchor":"node",`
		} else if m.dynamic {
			anchor += `,"$dynamicAnchor":"node"`
		}
		if m.IntN(3) == 0 {
			key := m.draft.idKey()
			own = fmt.Sprintf(`,"own":{%q:"own-%d.json","properties":{"a":{"$ref":"#/%s/in"},"b":{"$ref":"#"}},%q:{"in":%s}}`,
				key, len(files), m.defsKey(), m.defsKey(), `{"type":"string"}`)
		}
		if m.named {
			names += fmt.Sprintf("%q:%q,", m.draft.idKey(), m.address(name))
		}
		files[name] = fmt.Sprintf(`{"$schema":%q,%s"properties":{"a":%s,"b":{"$ref":%q}},%q:{"one":%s,"x/y":%s,"p%%q":%s,"n":{%s}%s}}`,
			m.draft.uri(), names, m.schema(3), m.ref(), m.defsKey(), m.schema(3), m.schema(2), m.schema(2), anchor, own)
	}
	return files
}

func (m *maker) value(depth int) string {
	kind := m.IntN(8)
	if depth <= 0 {
		kind = m.IntN(4)
	}
	switch kind {
	case 0, 1, 2, 3:
		return m.pick(`1`, `"s"`, `null`, `2.5`, `{"$ref":"nothing.json"}`, `[]`, `{}`)
	case 4:
		return "[" + m.value(depth-1) + "," + m.value(depth-1) + "]"
	}
	var b strings.Builder
	for i, name := range madeNames {
		if m.IntN(2) == 0 || i == 0 {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", name, m.value(depth-1))
		}
	}
	return "{" + b.String() + "}"
}

// A bundled schema judges as its parts do, and as itself compiled anew.
func TestBundleJudgesAsItsParts(t *testing.T) {
	judged, valid := 0, 0
	seeds := uint64(600)
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		n, v := judgeParts(t, seed)
		judged += n
		valid += v
	}
	t.Logf("judged %d values, %d of them valid", judged, valid)
	if judged < 8*int(seeds) || valid < 2*int(seeds) || judged-valid < int(seeds) {
		t.Errorf("got %d verdicts, %d valid, want many of both", judged, valid)
	}
}

func FuzzBundle(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { judgeParts(t, seed) })
}

func judgeParts(t *testing.T, seed uint64) (judged, valid int) {
	drafts := []draft{draft4, draft6, draft7, draft2019, draft2020, draft2020, draft2020}
	d := drafts[seed%uint64(len(drafts))]
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 1)), draft: d, dynamic: seed%7 == 5, mixed: seed%7 == 6, named: seed%5 == 4}
	files := m.files()
	name := m.pick(madeFiles...)
	s, err := Compile([]byte(files[name]), Options{Name: name, Open: folderOf(files, nil)})
	if err != nil {
		if !strings.Contains(err.Error(), "without end") {
			t.Errorf("seed %d: %v\n%v", seed, err, files)
		}
		return 0, 0
	}
	whole, err := Compile(s.Text(), Options{})
	if err != nil {
		t.Fatalf("seed %d: the bundle does not compile: %v\n%s", seed, err, s.Text())
	}
	if !bytes.Equal(whole.Text(), s.Text()) {
		t.Errorf("seed %d: bundling again changes the text\n got %s\nwant %s", seed, whole.Text(), s.Text())
	}
	apart, err := parts(name, m, files)
	if err != nil {
		t.Fatalf("seed %d: the parts do not compile: %v\n%v", seed, err, files)
	}
	for range 10 {
		text := []byte(m.value(4))
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := apart.Validate(v) == nil
		got := s.Validate(text)
		if (got == nil) != want {
			t.Errorf("seed %d: %s\ngot %v, want fits %v\nroot %s\nfiles %v\nbundle %s", seed, text, lines(got), want, name, files, s.Text())
		}
		if again := whole.Validate(text); fmt.Sprint(lines(again)) != fmt.Sprint(lines(got)) {
			t.Errorf("seed %d: %s\nthe bundle says %v, compiled anew %v", seed, text, lines(got), lines(again))
		}
		judged++
		if want {
			valid++
		}
	}
	return judged, valid
}
