// Package schema owns JSON Schema: it compiles and bundles schemas, judges
// raw results against them, explains what is wrong in words, and knows the
// order in which an author wrote the properties. Start at [Compile]; what
// comes out of it judges with [Schema.Validate].
//
// It knows neither YAML nor batches, opens no file and no connection itself,
// and believes nothing about a value before it has measured it: size, depth
// and the length of numbers are checked by a scan that does not recurse.
package schema

// A Schema is a compiled, self-contained JSON Schema. It is safe for
// concurrent use.
type Schema struct {
	text     []byte
	digest   string
	doc      *node          // text, read
	rank     map[string]int // of property names, in the author's order
	warnings []Error
	columns  []Column
	declared map[string]bool
	judges   judges
}

// Text returns the schema as it is sent: bundled, in the author's order, its
// numbers as they were written. It must not be changed.
func (s *Schema) Text() []byte { return s.text }

// Digest returns the hexadecimal sha256 of the schema's canonical JSON.
func (s *Schema) Digest() string { return s.digest }

// Warnings returns what is odd but not wrong, such as unknown formats, in the
// order in which the schema has it.
func (s *Schema) Warnings() []Error { return s.warnings }
