package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/schema"
)

// drafts are the folders of the official suite, each with the $schema that a
// schema in it has when it names none.
var drafts = []struct{ folder, uri string }{
	{"draft4", "http://json-schema.org/draft-04/schema#"},
	{"draft6", "http://json-schema.org/draft-06/schema#"},
	{"draft7", "http://json-schema.org/draft-07/schema#"},
	{"draft2019-09", "https://json-schema.org/draft/2019-09/schema"},
	{"draft2020-12", "https://json-schema.org/draft/2020-12/schema"},
}

// unheld are the required cases that do not hold, by "draft/file: group: test"
// or the beginning of that, with the reason.
var unheld = map[string]string{
	"draft2020-12/format.json":     "asserts that format is not asserted by default; here it always is",
	"draft2019-09/vocabulary.json": "needs metaschemas of the suite's own; an unknown $schema is an error here",
	"draft2020-12/vocabulary.json": "needs metaschemas of the suite's own; an unknown $schema is an error here",
}

// A group is a schema of the suite with the values that it judges.
type group struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// suite returns the folder of the official JSON-Schema-Test-Suite.
func suite(t *testing.T) string {
	dir := os.Getenv("BBBATCH_JSON_SCHEMA_SUITE")
	if dir == "" {
		dir = filepath.FromSlash("../../../shared/data/json-schema-test-suite")
	}
	if _, err := os.Stat(filepath.Join(dir, "tests")); err != nil {
		if os.Getenv("BBBATCH_REQUIRE_SUITE") == "1" {
			t.Fatal(err)
		}
		t.Skipf("no suite: %v (set BBBATCH_JSON_SCHEMA_SUITE to its folder)", err)
	}
	return dir
}

func groupsOf(t *testing.T, path string) (groups []group) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return groups
}

// A folder that manifests lie in, with the schemas that the suite's server
// would serve as files.
func suiteFolder(t *testing.T, suite string) string {
	dir := t.TempDir()
	remotes := filepath.Join(suite, "remotes")
	err := filepath.WalkDir(remotes, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(remotes, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return put(filepath.Join(dir, name), served(text))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// served turns addresses of the suite's server into files of the folder.
func served(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("http://localhost:1234/"), nil)
}

// A verdict is what became of one value of a group by one way of writing the
// group's schema.
type verdict struct {
	form, test string
	fits, want bool
	unloaded   bool   // the manifest does not load; fits is the contrary of want
	detail     string // what was found, or why it does not load
}

// judge writes a group's schema in every form that it can be written in, loads
// the manifests and has their tasks' schemas judge the group's values. A schema
// that does not load is tried again with what is remote in it as files.
func (g group) judge(t *testing.T, dir, uri string, number int) (all []verdict) {
	for _, form := range forms {
		all = append(all, g.judgeAs(t, dir, uri, form, form.write[number%2])...)
	}
	return all
}

func (g group) judgeAs(t *testing.T, dir, uri string, form form, write writer) []verdict {
	text, err := write(t, dir, uri, g.Schema)
	if errors.Is(err, errForm) {
		return nil
	}
	task, whole, err := load(dir, text)
	if err != nil {
		local := g
		local.Schema = served(g.Schema)
		if text, again := write(t, dir, uri, local.Schema); again == nil {
			if one, all, again := load(dir, text); again == nil {
				task, whole, err = one, all, nil
			}
		}
	}
	var out []verdict
	for _, c := range g.Tests {
		v := verdict{form: form.name, test: c.Description, want: c.Valid}
		value := c.Data
		switch {
		case form.wrapped:
			value = fmt.Appendf(nil, `{"v":%s}`, c.Data)
		case !bytes.HasPrefix(bytes.TrimSpace(c.Data), []byte("{")):
			continue // this form says of the schema that it is of objects
		}
		if err != nil {
			v.fits, v.unloaded, v.detail = !c.Valid, true, err.Error()
			out = append(out, v)
			continue
		}
		found := task.Validate(value)
		v.fits, v.detail = found == nil, fmt.Sprintf("problems %v\nsent %s\nvalue %s", found, task.Text(), value)
		if sent := whole.Validate(value); fmt.Sprint(sent) != fmt.Sprint(found) {
			t.Errorf("%s: %s: %s: what is sent judges otherwise\ngot %v, want %v\n%s", g.Description, c.Description, form.name, sent, found, whole.Text())
		}
		for _, p := range found {
			if p.Keyword == "internal" || p.Message == "" {
				t.Errorf("%s: %s: got the problem %+v", g.Description, c.Description, p)
			}
		}
		out = append(out, v)
	}
	return out
}

// load loads a manifest of one task and returns the task's schema, and what is
// sent of it compiled anew.
func load(dir, text string) (task, sent *schema.Schema, err error) {
	m, err := manifest.Load("-", manifest.Options{Stdin: strings.NewReader(text), Dir: dir})
	if err != nil {
		return nil, nil, fmt.Errorf("%w\n%s", err, text)
	}
	for one, err := range m.Tasks(nil) {
		if err != nil {
			return nil, nil, err
		}
		sent, err = schema.Compile(one.Spec.ResultSchema, schema.Options{Object: true})
		return one.Schema, sent, err
	}
	return nil, nil, errors.New("no task")
}

// Every required case of the official suite gives the standard's verdict when
// its schema goes the way of a manifest, in every form, but for those in
// unheld. With -short it is a sample.
func TestOfficialSuiteByManifest(t *testing.T) {
	dir := suite(t)
	var mu sync.Mutex // guards used
	used := map[string]bool{}
	t.Run("drafts", func(t *testing.T) {
		for _, d := range drafts {
			t.Run(d.folder, func(t *testing.T) {
				t.Parallel()
				files, err := filepath.Glob(filepath.Join(dir, "tests", d.folder, "*.json"))
				if err != nil || len(files) < 20 {
					t.Fatalf("got %d files, want more; %v", len(files), err)
				}
				folder := suiteFolder(t, dir)
				judged := map[string]int{}
				for _, file := range files {
					for i, g := range groupsOf(t, file) {
						if testing.Short() && i%16 != 0 {
							continue
						}
						name := d.folder + "/" + filepath.Base(file) + ": " + g.Description
						for _, v := range g.judge(t, folder, d.uri, i) {
							judged[v.form]++
							if v.fits == v.want {
								continue
							}
							if why := exception(name + ": " + v.test); why != "" {
								mu.Lock()
								used[why] = true
								mu.Unlock()
								continue
							}
							t.Errorf("%s: %s: %s: got fits %v, want %v: %s", name, v.test, v.form, v.fits, v.want, v.detail)
						}
					}
				}
				t.Logf("judged %v", judged)
			})
		}
	})
	for e := range unheld {
		if !used[e] && !testing.Short() {
			t.Errorf("the exception %q is not needed", e)
		}
	}
}

func exception(name string) string {
	for e := range unheld {
		if strings.HasPrefix(name, e) {
			return e
		}
	}
	return ""
}
