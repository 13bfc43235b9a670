package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exceptions are the cases of the official suite that do not hold here, by the
// beginning of "draft/file: group: test", with the reason.
var exceptions = map[string]string{
	"draft2020-12/format.json":     "asserts that format is not asserted by default; here it always is",
	"draft2019-09/vocabulary.json": "needs metaschemas of the suite's own; an unknown $schema is an error here",
	"draft2020-12/vocabulary.json": "needs metaschemas of the suite's own; an unknown $schema is an error here",
}

// Every required case of the official JSON-Schema-Test-Suite holds, but for
// the exceptions.
func TestOfficialSuite(t *testing.T) {
	dir := os.Getenv("BBBATCH_JSON_SCHEMA_SUITE")
	if dir == "" {
		dir = filepath.FromSlash("../../shared/data/json-schema-test-suite")
	}
	if _, err := os.Stat(filepath.Join(dir, "tests")); err != nil {
		if os.Getenv("BBBATCH_REQUIRE_SUITE") == "1" {
			t.Fatal(err)
		}
		t.Skipf("no suite: %v (set BBBATCH_JSON_SCHEMA_SUITE to its folder)", err)
	}
	used := map[string]int{}
	for name, d := range map[string]draft{"draft4": draft4, "draft6": draft6, "draft7": draft7, "draft2019-09": draft2019, "draft2020-12": draft2020} {
		files, err := filepath.Glob(filepath.Join(dir, "tests", name, "*.json"))
		if err != nil || len(files) < 20 {
			t.Fatalf("%s: got %d files, want more; %v", name, len(files), err)
		}
		for _, file := range files {
			suiteFile(t, dir, name, file, d, used)
		}
	}
	for e := range exceptions {
		if used[e] == 0 {
			t.Errorf("the exception %q is not needed", e)
		}
	}
}

func suiteFile(t *testing.T, dir, draftName, file string, d draft, used map[string]int) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Description string
		Schema      json.RawMessage
		Tests       []struct {
			Description string
			Data        json.RawMessage
			Valid       bool
		}
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	open := func(name string) ([]byte, error) {
		text, err := os.ReadFile(filepath.Join(dir, "remotes", filepath.FromSlash(name)))
		return local(text), err
	}
	for _, g := range groups {
		name := draftName + "/" + filepath.Base(file) + ": " + g.Description
		schema := withDraft(t, g.Schema, d)
		s, err := Compile(schema, Options{})
		if err != nil {
			s, err = Compile(local(schema), Options{Open: open})
		}
		for _, c := range g.Tests {
			name := name + ": " + c.Description
			why := ""
			for e := range exceptions {
				if strings.HasPrefix(name, e) {
					why = e
				}
			}
			var problems []Problem
			if err == nil {
				problems = s.Validate(c.Data)
			}
			ok := err == nil && (problems == nil) == c.Valid
			for _, p := range problems {
				if p.Keyword == "internal" || p.Message == "" {
					t.Errorf("%s: got the problem %+v", name, p)
				}
			}
			switch {
			case ok:
			case why != "":
				used[why]++
			case err != nil:
				t.Errorf("%s: does not compile: %v", name, err)
			default:
				t.Errorf("%s: got problems %v, want valid %v\nschema %s\nvalue %s", name, problems, c.Valid, g.Schema, c.Data)
			}
		}
	}
}

// withDraft adds the $schema that the suite's folder implies.
func withDraft(t *testing.T, text []byte, d draft) []byte {
	n, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if n.kind != object || n.get("$schema") != nil {
		return text
	}
	n.set("$schema", &node{kind: str, text: d.uri()})
	return n.json(nil)
}

// local turns the addresses of the suite's server into files below a folder:
// what is remote there is a file here, and bundled.
func local(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("http://localhost:1234/"), nil)
}
