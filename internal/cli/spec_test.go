package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// specHeadings are the parts of the manifest's specification.
var specHeadings = []string{
	"A small one", "A large one", "Every key", "Names and expressions", "YAML and data, strictly", "Errors", "Size",
}

// specKeys are the rows of its table, each with the keys that it is about.
var specKeys = map[string][]string{
	"version, name, description":          {"version", "name", "description"},
	"provider":                            {"provider"},
	"params, env, secrets":                {"params", "env", "secrets"},
	"variables":                           {"variables"},
	"resultSchemas":                       {"resultSchemas"},
	"limits":                              {"limits"},
	"price, budget":                       {"price", "budget"},
	"canary, halt, accept":                {"canary", "halt", "accept"},
	"continueWithin, tracking, settle":    {"continueWithin", "tracking", "settle"},
	"defaults":                            {"defaults"},
	"id":                                  {"id"},
	"task":                                {"task"},
	"type, businessId, context, threadId": {"type", "businessId", "context", "threadId"},
	"runId":                               {"runId"},
	"agentId, resultSchema, browserSettings, pauseWhen": {"agentId", "resultSchema", "browserSettings", "pauseWhen"},
	"timeout, retry":          {"timeout", "retry"},
	"forEach":                 {"forEach"},
	"matrix":                  {"matrix"},
	"if":                      {"if"},
	"expect":                  {"expect"},
	"repeat":                  {"repeat"},
	"group, tags":             {"group", "tags"},
	"onInterrupt":             {"onInterrupt"},
	"batchExpect":             {"batchExpect"},
	"reports":                 {"reports"},
	"baseline, notify, local": {"baseline", "notify", "local"},
}

// specElsewhere are keys that need what this program does not have: the loader
// refuses each, so that none is believed to do something.
var specElsewhere = map[string]string{
	"type": "a Middesk agent run", "businessId": "a Middesk agent run", "context": "a Middesk agent run", "threadId": "a Middesk agent run",
	"runId":       "adopting a run that exists",
	"pauseWhen":   "runs that wait for an answer",
	"onInterrupt": "runs that wait for an answer",
}

// Each heading of the specification, and each key of its table, is cited by a
// script that shows it, in its comments: manifest.md "forEach", "matrix". Of a key
// that this program does not have a script shows that it is refused.
func TestEverySpecifiedKeyHasAScript(t *testing.T) {
	cited := citations(t, "manifest.md")
	for _, heading := range specHeadings {
		if !cited[heading] {
			t.Errorf("no script cites manifest.md %q", heading)
		}
	}
	known := manifestKeys(t)
	refused, err := os.ReadFile(filepath.Join("testdata", "script", "manifest-elsewhere.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for row, keys := range specKeys {
		for _, key := range keys {
			why, elsewhere := specElsewhere[key]
			switch {
			case elsewhere && known[key]:
				t.Errorf("%s is a key of manifests, and listed as one that is not: %s", key, why)
			case elsewhere:
				if !strings.Contains(string(refused), `unknown key "`+key+`"`) {
					t.Errorf("no script shows that %s is refused", key)
				}
			case !known[key]:
				t.Errorf("%s (row %q) is no key of manifests", key, row)
			case !cited[key]:
				t.Errorf("no script cites manifest.md %q", key)
			}
			delete(known, key)
		}
	}
	for key := range known {
		t.Errorf("%s is a key of manifests, and of no row of the table", key)
	}
}

// citations are the words in quotes that follow a document's name in the
// comments of scripts.
func citations(t *testing.T, doc string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	cites := regexp.MustCompile(regexp.QuoteMeta(doc) + `((?:,? "[^"\n]+")+)`)
	word := regexp.MustCompile(`"([^"]+)"`)
	out := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, _, _ := strings.Cut(string(text), "\n-- ")
		for line := range strings.Lines(script) {
			if !strings.HasPrefix(line, "#") {
				continue
			}
			for _, m := range cites.FindAllStringSubmatch(line, -1) {
				for _, w := range word.FindAllStringSubmatch(m[1], -1) {
					out[w[1]] = true
				}
			}
		}
	}
	return out
}

// manifestKeys are the keys of a manifest and of a task.
func manifestKeys(t *testing.T) map[string]bool {
	t.Helper()
	var s struct {
		Properties map[string]json.RawMessage
		Defs       map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(manifest.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{"defaults": true}
	for key := range s.Properties {
		if key != "tasks" {
			out[key] = true
		}
	}
	for key := range s.Defs["task"].Properties {
		out[key] = true
	}
	return out
}
