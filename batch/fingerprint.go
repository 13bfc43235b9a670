package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/bbbatch/bbbatch/schema"
)

// RunFingerprint identifies what a create would send: equal fingerprints buy
// the same run. It is "r1:" and the sha256 of the canonical JSON of text,
// agent, result schema, settings and variables, a secret by its name.
func (s Spec) RunFingerprint() string { return "r1:" + s.digest() }

func (s Spec) digest() string {
	type variable struct {
		Value       string `json:"value"`
		Description string `json:"description,omitempty"`
	}
	vars := make(map[string]variable, len(s.Variables))
	for _, v := range s.Variables {
		vars[v.Name] = variable{Value: v.Masked, Description: v.Description}
	}
	return digest(map[string]any{
		"task":            s.Task,
		"agentId":         s.AgentID,
		"resultSchema":    s.ResultSchema,
		"browserSettings": s.BrowserSettings,
		"variables":       vars,
	})
}

// JudgeFingerprint identifies how a result would be judged: "j1:" and the
// sha256 of the schema's canonical JSON.
func (t Task) JudgeFingerprint() string {
	var text json.RawMessage
	if t.Schema != nil {
		text = t.Schema.Text()
	}
	return "j1:" + digest(map[string]any{"schema": text})
}

// digest hashes v's canonical JSON. v is built from values that are known to
// encode, so an error is a bug.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err == nil {
		text, err = schema.Canonical(text)
	}
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// SchemaDigest returns the digest that a schema with this text has, as
// [schema.Schema.Digest] does: the hexadecimal sha256 of its canonical JSON.
// Of text that is not JSON it is the sha256 of the bytes.
func SchemaDigest(text []byte) string {
	canonical, err := schema.Canonical(text)
	if err != nil {
		canonical = text
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
