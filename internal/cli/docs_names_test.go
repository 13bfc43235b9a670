package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// everyKey is a manifest that has every key that takes a text or an expression.
// The names have values of each type, so that one of them fits any place.
const everyKey = `{"version": 1, "name": "n", "description": "d", "env": ["E"], "secrets": ["S", "K"],
"params": {"s": {"default": "s", "description": "d"}, "n": {"default": 5}, "b": {"default": true}},
"provider": {"kind": "browserbase", "baseURL": "https://api.example", "apiKey": "${{ secrets.K }}", "resultPath": "data"},
"variables": {"v": {"value": "x", "description": "y"}}, "resultSchemas": {"s": {"type": "object"}},
"limits": {"concurrency": 5, "requestsPerSecond": 5, "createsPerMinute": 5, "perGroup": 5},
"price": {"perRun": 0.02, "perMinute": 0.002, "roundUp": "1m"}, "budget": {"runs": 5, "minutes": 5, "usd": 5}, "canary": {"tasks": 1, "pass": 1},
"halt": {"failures": 5, "min": 5}, "accept": 1, "continueWithin": "1h", "settle": "1s",
"baseline": {"from": "main.jsonl", "ignore": ["a"], "tolerance": {"a": 1}, "keys": {"items": "sku"}}, "notify": {"on": ["done"], "command": ["true"], "timeout": "5s"},
"batchExpect": [{"that": "passed > 0", "because": "b"}],
"reports": [{"path": "a.csv", "format": "csv", "where": "outcome == 'passed'", "columns": [{"h": "id"}], "unwind": "result.items"}],
"local": {"sites": {"https://a.example": "."}},
"tasks": [
{"id": "${{ row.s }}", "task": "t %v%", "forEach": {"file": "d.jsonl", "format": "jsonl", "where": "true", "secretColumns": ["h"]},
 "matrix": {"s": ["s"], "n": [5], "b": [true], "x": ["x"]}, "if": "true", "agentId": "g", "resultSchema": "s", "group": "g", "tags": ["a"], "timeout": "5m",
 "browserSettings": {"context": {"id": "c", "persist": true}, "proxies": true, "verified": true}, "variables": {"w": {"value": "x", "description": "y"}},
 "expect": [{"that": "true", "because": "b"}], "retry": {"max": 1, "backoff": "5s"}, "repeat": {"times": 2, "pass": 1}}]}`

// templates and conditions are uses of each name, as ${{ }} in a text and as an
// expression of its own.
var (
	templates = map[string][]string{
		"row": {"row.s", "row.n", "row.b"}, "matrix": {"matrix.s", "matrix.n", "matrix.b"}, "params": {"params.s", "params.n", "params.b"},
		"env": {"env.E"}, "secrets": {"secrets.S"}, "result": {"result.s"}, "run": {"run.id"}, "task": {"task.id"}, "batch": {"batch.id"},
	}
	conditions = map[string]string{
		"row": `row.s == "s"`, "matrix": `matrix.s == "s"`, "params": `params.s == "s"`, "env": `env.E == "s"`, "result": `result.s == "s"`,
		"run": `run.id == "s"`, "task": `task.id == "s"`, "outcome": `outcome == "passed"`, "item": `item.s == "s"`, "passed": `passed == 0`,
	}
)

// saidAs is what a name that was tried stands for.
var saidAs = map[string]string{"outcome": "fields of a record", "passed": "counts and aggregates"}

var nameOrder = []string{"row", "matrix", "params", "env", "secrets", "result", "run", "task", "outcome", "item", "passed", "batch"}

// namesInPlaces finds out by trying which names the loader takes where: by
// path, as in the tables, without keys that take none.
func namesInPlaces(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "tasks.yaml")
	for name, text := range map[string]string{"d.jsonl": `{"s": "s", "n": 5, "b": true, "h": "hidden"}` + "\n", "s": `{"s": "s", "n": 5, "b": true, "h": "hidden"}` + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var root any
	if err := json.Unmarshal([]byte(everyKey), &root); err != nil {
		t.Fatal(err)
	}
	loads := func() error {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = manifest.Load(file, manifest.Options{Env: func(name string) (string, bool) { return "s", name == "E" }})
		return err
	}
	if err := loads(); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	try := func(path string, set func(any), condition bool) {
		if set("${{ nothing.s }}"); !condition && loads() == nil {
			return // there it is text like any other
		}
		for _, name := range nameOrder {
			var values []string
			if condition {
				values = []string{conditions[name]}
			} else {
				for _, field := range templates[name] {
					values = append(values, "${{ "+field+" }}")
				}
			}
			if path == "tasks.id" {
				for i := range values {
					values[i] = "${{ row.s }}-" + values[i]
				}
			}
			if path == "provider.baseURL" {
				for i := range values {
					values[i] = "https://" + values[i] + ".example"
				}
			}
			for _, v := range values {
				if v == "" {
					continue
				}
				if set(v); loads() == nil {
					if said := saidAs[name]; said != "" {
						name = said
					} else {
						name = "`" + name + "`"
					}
					if !slices.Contains(out[path], name) {
						out[path] = append(out[path], name)
					}
					break
				}
			}
		}
	}
	book := readSchemaBook(t)
	book.walk("", book.root, root, nil, func(path string, s *manualSchema, v any, set func(any)) {
		switch v.(type) {
		case map[string]any, []any:
			return
		}
		full := book.full(s)
		if kinds := listOf(full.Type); full.Enum == nil && (kinds == nil || slices.Contains(kinds, "string")) {
			try(path, set, strings.HasSuffix(s.Ref, "/condition"))
			set(v)
		}
	})
	return out
}
