// Package schema owns JSON Schema: it compiles and bundles schemas, judges
// raw results against them, explains what is wrong in words, and knows the
// order in which an author wrote the properties. It knows neither YAML nor
// batches.
package schema

// A Schema is a compiled, self-contained JSON Schema. It is safe for
// concurrent use.
type Schema struct {
	text   []byte
	digest string
}

// Text returns the schema as it is sent: bundled, in the author's order, its
// numbers as they were written. It must not be changed.
func (s *Schema) Text() []byte { return s.text }

// Digest returns the hexadecimal sha256 of the schema's canonical JSON.
func (s *Schema) Digest() string { return s.digest }

// A Column is one leaf of the results that a schema describes.
type Column struct {
	Path []string // property names from the root; never empty
}
