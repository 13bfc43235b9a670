package schema

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// Of alternatives that a value does not fit, what is said is about the one that
// was meant. Each case of testdata/closest.txt is a schema, a value and what is
// said of it; the first line says what a reader must learn. With -update the
// answers are rewritten: read them as one who did not write the schema.
func TestClosest(t *testing.T) {
	path := filepath.Join("testdata", "closest.txt")
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) < 30 {
		t.Fatalf("got %d cases, want 30", len(a.Files))
	}
	for i := range a.Files {
		f := &a.Files[i]
		t.Run(f.Name, func(t *testing.T) {
			schema, value, want := parted(t, string(f.Data))
			s := compile(t, schema)
			var got strings.Builder
			for _, p := range s.Validate([]byte(value)) {
				at := p.InstancePath
				if at == "" {
					at = "(the result)"
				}
				fmt.Fprintf(&got, "%s: %s [%s]\n", at, p.Message, p.Keyword)
			}
			if *update {
				f.Data = []byte(schema + "value " + value + got.String())
				return
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// parted splits a case into the JSON of the schema, the line with the value and
// the lines of what is said.
func parted(t *testing.T, text string) (schema, value, want string) {
	schema, rest, ok := strings.Cut(text, "\nvalue ")
	if !ok {
		t.Fatal("no line begins with \"value \"")
	}
	value, want, _ = strings.Cut(rest, "\n")
	if !json.Valid([]byte(schema)) || !json.Valid([]byte(value)) {
		t.Fatalf("not JSON: %s\n%s", schema, value)
	}
	return schema + "\n", value + "\n", want
}
