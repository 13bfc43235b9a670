package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the manifest was made of is named by absolute paths, each file once,
// also a schema file that another one or a row names.
func TestInputs(t *testing.T) {
	text := `version: 1
resultSchemas: {a: {$ref: schemas/a.json}}
tasks:
  - {id: "x-${{ row.k }}", forEach: z.csv, task: x, resultSchema: a}
  - {id: "y-${{ row.k }}", forEach: d/y.jsonl, task: y, resultSchema: {$ref: "${{ row.k }}"}}
  - {id: "z-${{ row.k }}", forEach: ./z.csv, task: z}
  - {id: "i-${{ row.k }}", forEach: [{k: 1}], task: i}
`
	m := load(t, text, map[string]string{
		"z.csv": "k\n1\n", "d/y.jsonl": `{"k": "row.yaml"}`, "row.yaml": "type: object\n",
		"schemas/a.json": `{"type": "object", "properties": {"b": {"$ref": "b.json"}}}`, "schemas/b.json": "{}",
	})
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	data := []string{
		filepath.Join(dir, "z.csv"), filepath.Join(dir, "d", "y.jsonl"),
		filepath.Join(dir, "row.yaml"), filepath.Join(dir, "schemas", "a.json"), filepath.Join(dir, "schemas", "b.json"),
	}
	if diff := cmp.Diff(append([]string{filepath.Join(dir, "tasks.yaml")}, data...), m.Inputs()); diff != "" {
		t.Error(diff)
	}
	compared := strings.Replace(text, "tasks:\n", "params: {p: {default: 1}}\nbaseline: {from: old/main.jsonl}\ntasks:\n", 1)
	if err := os.WriteFile("knobs.yaml", []byte("p: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err = Load("-", Options{Stdin: strings.NewReader(compared), Dir: ".", ParamsFile: "knobs.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	more := slices.Insert(slices.Clone(data), 2, filepath.Join(dir, "knobs.yaml"), filepath.Join(dir, "old", "main.jsonl"))
	if diff := cmp.Diff(more, m.Inputs()); diff != "" {
		t.Error(diff)
	}
	m, err = Load("-", Options{Stdin: strings.NewReader(text), Dir: "."})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data, m.Inputs()); diff != "" {
		t.Error(diff)
	}
}
