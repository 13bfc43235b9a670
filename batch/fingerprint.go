package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/schema"
)

// A Fingerprinter computes the fingerprints of many tasks. It remembers the last
// result schema, settings and checks, which neighbours mostly share. The zero
// value is ready; one goroutine uses it at a time.
type Fingerprinter struct {
	schema, settings canonicalText
	judged           canonicalText // the schema that judges
	checks           *Checks       // of which checksText is
	checksText       []byte

	lastSchema *schema.Schema // and lastChecks: of which judgePrint is
	lastChecks *Checks
	judgePrint string // "" where another task may have another one
}

// RunFingerprint identifies what a create would send: equal fingerprints buy
// the same run. It is "r1:" and the sha256 of the canonical JSON of text,
// agent, result schema, settings and variables, a secret by its name.
func (f *Fingerprinter) RunFingerprint(s Spec) string { return runVersion + f.digest(s) }

// runVersion begins each run fingerprint; what follows is the digest of the
// request.
const runVersion = "r1:"

// RunFingerprint is that of a [Fingerprinter], for one task alone.
func (s Spec) RunFingerprint() string { return new(Fingerprinter).RunFingerprint(s) }

// digest writes the canonical JSON itself: the keys in their order.
func (f *Fingerprinter) digest(s Spec) string {
	type variable struct {
		Description string `json:"description,omitempty"`
		Value       string `json:"value"`
	}
	vars := make(map[string]variable, len(s.Variables))
	for _, v := range s.Variables {
		vars[decoded(v.Name)] = variable{Value: decoded(v.Masked), Description: decoded(v.Description)}
	}
	var out bytes.Buffer
	for _, part := range []struct {
		key  string
		text []byte
	}{
		{`{"agentId":`, encoded(decoded(s.AgentID))},
		{`,"browserSettings":`, f.settings.of(s.BrowserSettings)},
		{`,"resultSchema":`, f.schema.of(s.ResultSchema)},
		{`,"task":`, encoded(decoded(s.Task))},
		{`,"variables":`, encoded(vars)},
	} {
		out.WriteString(part.key)
		out.Write(part.text)
	}
	out.WriteByte('}')
	return sum(out.Bytes())
}

// A canonicalText is JSON text and its canonical form.
type canonicalText struct{ text, canonical []byte }

func (c *canonicalText) of(text json.RawMessage) []byte {
	if text == nil {
		return []byte("null")
	}
	if c.canonical == nil || !bytes.Equal(c.text, text) {
		canonical, err := schema.Canonical(text)
		if err != nil {
			panic(err) // a Spec holds JSON, so this is a bug
		}
		c.text, c.canonical = bytes.Clone(text), canonical
	}
	return c.canonical
}

// decoded is s as a JSON decoder returns it: U+FFFD for each byte that is not
// UTF-8.
func decoded(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// encoded writes what can always be encoded, as [schema.Canonical] does.
func encoded(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// JudgeFingerprint identifies how a result would be judged: "j1:" and the sha256
// of the canonical JSON of the schema and, where there are any, the checks with
// what of the task their expressions may ask.
func (f *Fingerprinter) JudgeFingerprint(t Task) string {
	if f.judgePrint != "" && f.lastSchema == t.Schema && f.lastChecks == t.Checks {
		return f.judgePrint
	}
	var text json.RawMessage
	if t.Schema != nil {
		text = t.Schema.Text()
	}
	var out bytes.Buffer
	out.WriteByte('{')
	shared := true
	if t.Checks.any() {
		out.WriteString(`"checks":`)
		out.Write(f.checksOf(t.Checks))
		shared = !f.asked(&out, t)
		out.WriteByte(',')
	}
	out.WriteString(`"schema":`)
	out.Write(f.judged.of(text))
	out.WriteByte('}')
	fingerprint := "j1:" + sum(out.Bytes())
	if f.judgePrint = ""; shared {
		f.lastSchema, f.lastChecks, f.judgePrint = t.Schema, t.Checks, fingerprint
	}
	return fingerprint
}

// JudgeFingerprint is that of a [Fingerprinter], for one task alone.
func (t Task) JudgeFingerprint() string { return new(Fingerprinter).JudgeFingerprint(t) }

func (f *Fingerprinter) checksOf(c *Checks) []byte {
	if f.checks != c {
		f.checks, f.checksText = c, c.canonical()
	}
	return f.checksText
}

// asked writes what of the task the expectations name: who edits a limit in a
// data file has its result judged again. It reports whether there was any.
func (f *Fingerprinter) asked(out *bytes.Buffer, t Task) (found bool) {
	for _, part := range []struct {
		name string
		text func() []byte
	}{
		{"matrix", func() []byte { return canonical(t.Matrix) }},
		{"row", func() []byte { return canonical(t.Row) }},
		{"task", func() []byte {
			return canonical(encoded(map[string]any{"id": t.ID, "template": t.Template, "group": t.Group, "tags": t.Tags}))
		}},
	} {
		if t.Checks.mention(part.name) {
			out.WriteString(`,"` + part.name + `":`)
			out.Write(part.text())
			found = true
		}
	}
	return found
}

func canonical(text json.RawMessage) []byte { return new(canonicalText).of(text) }

// SchemaDigest returns the digest that a schema with this text has, as
// [schema.Schema.Digest] does: the hexadecimal sha256 of its canonical JSON.
// Of text that is not JSON it is the sha256 of the bytes.
func SchemaDigest(text []byte) string {
	canonical, err := schema.Canonical(text)
	if err != nil {
		canonical = text
	}
	return sum(canonical)
}

func sum(text []byte) string {
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:])
}
