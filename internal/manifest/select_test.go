package manifest

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tagged = `version: 1
defaults: {tags: [nightly, slow]}
tasks:
  - {id: attic, task: a}
  - id: sku/${{ row.sku }}
    forEach: p.csv
    task: b
    tags: ["${{ row.site }}", "x-${{ row.site }}", slow]
  - {id: "c[1]", task: c, tags: null}
  - {task: d, tags: [other]}
`

var taggedData = map[string]string{"p.csv": "sku,site\n1,de\n2,\n3,us\n10,de\n"}

func ids(t testing.TB, m *Manifest) string {
	t.Helper()
	var out []string
	for task, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		if task.Position != len(out) {
			t.Errorf("%s: got position %d, want %d", task.ID, task.Position, len(out))
		}
		out = append(out, task.ID)
	}
	if len(out) != m.Total {
		t.Errorf("got %d tasks, Total says %d", len(out), m.Total)
	}
	return strings.Join(out, " ")
}

func TestSelect(t *testing.T) {
	m := load(t, tagged, taggedData)
	all := "attic sku/1 sku/2 sku/3 sku/10 c[1] task-4"
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{}, all},
		{Selection{Limit: 99}, all},
		{Selection{Limit: 2}, "attic sku/1"},
		{Selection{IDs: []string{"task-4", "attic"}}, "attic task-4"},
		{Selection{IDs: []string{"sku/?"}}, "sku/1 sku/2 sku/3"},
		{Selection{IDs: []string{"*1*"}}, "sku/1 sku/10 c[1]"},
		{Selection{IDs: []string{"sku/*", "sku/3", "sku/3"}, Limit: 2}, "sku/1 sku/2"},
		{Selection{IDs: []string{"c[1]"}}, "c[1]"},
		{Selection{Tags: []string{"de"}}, "sku/1 sku/10"},
		{Selection{Tags: []string{"de", "other"}}, "sku/1 sku/10 task-4"},
		{Selection{Tags: []string{"x-"}}, "sku/2"},
		{Selection{Tags: []string{"nightly"}}, "attic sku/1 sku/2 sku/3 sku/10 task-4"},
		{Selection{IDs: []string{"*1*"}, Tags: []string{"slow"}, Limit: 1}, "sku/1"},
	} {
		part, err := m.Select(c.s)
		if err != nil {
			t.Errorf("%+v: %v", c.s, err)
			continue
		}
		if got := ids(t, part); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.s, got, c.want)
		}
		if part.Total+part.LeftOut != 7 {
			t.Errorf("%+v: got %d and %d left out, want 7 in all", c.s, part.Total, part.LeftOut)
		}
	}
	if got := ids(t, m); got != all || m.LeftOut != 0 {
		t.Errorf("the whole: got %s, %d left out", got, m.LeftOut)
	}
}

// A selected task is the one that the whole manifest has, its place aside.
func TestSelectChangesNoTask(t *testing.T) {
	m := load(t, tagged, taggedData)
	part, err := m.Select(Selection{IDs: []string{"sku/3"}})
	if err != nil {
		t.Fatal(err)
	}
	whole := map[string]string{}
	for task, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		whole[task.ID] = show(task) + task.Spec.RunFingerprint() + task.JudgeFingerprint()
	}
	for task, err := range part.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		if got := show(task) + task.Spec.RunFingerprint() + task.JudgeFingerprint(); got != whole[task.ID] {
			t.Errorf("got %s, want %s", got, whole[task.ID])
		}
	}
}

// Tags are no part of what is bought or judged.
func TestTagsAreNotInFingerprints(t *testing.T) {
	prints := func(tags string) (out []string) {
		m := load(t, "version: 1\ntasks: [{id: a, task: t, tags: "+tags+"}]\n", nil)
		for task, err := range m.Tasks(nil) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, task.Spec.RunFingerprint(), task.JudgeFingerprint())
		}
		return out
	}
	if diff := cmp.Diff(prints("[a]"), prints("[b, c]")); diff != "" {
		t.Error(diff)
	}
}

func TestSelectNothing(t *testing.T) {
	m := load(t, tagged, taggedData)
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{IDs: []string{"attik"}}, `no task is named "attik" (did you mean "attic"?)`},
		{Selection{IDs: []string{"ATTIC"}}, `no task is named "ATTIC" (did you mean "attic"?)`},
		{Selection{IDs: []string{"zzzzzzzzz"}}, `no task is named "zzzzzzzzz" (ids are such as "attic")`},
		{Selection{IDs: []string{"x*"}}, `no task has an id like "x*" (ids are such as "attic")`},
		{Selection{Tags: []string{"nigthly"}}, `no task has the tag "nigthly" (did you mean "nightly"?)`},
		{Selection{Tags: []string{"zzzzzzzzz"}}, `no task has the tag "zzzzzzzzz" (the tags are de, nightly, other, slow, us, x-, x-de, x-us)`},
		{Selection{IDs: []string{"sku/1", "sku/9", "atic"}, Tags: []string{"de", "ni"}, Limit: 1},
			`no task is named "sku/9" (did you mean "sku/1"?); no task is named "atic" (did you mean "attic"?); no task has the tag "ni" (the tags are de, nightly, other, slow, us, x-, x-de, x-us)`},
		{Selection{IDs: []string{"attic"}, Tags: []string{"other"}}, "no task has both an id and a tag of those selected ()"},
	} {
		_, err := m.Select(c.s)
		var wrong NoTaskErrors
		if !errors.As(err, &wrong) {
			t.Errorf("%+v: got %v, want a NoTaskErrors", c.s, err)
			continue
		}
		var got []string
		for _, e := range wrong {
			got = append(got, e.Error()+" ("+e.Hint+")")
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.s, diff)
		}
	}
	untagged := load(t, "version: 1\ntasks: [{task: a}]\n", nil)
	_, err := untagged.Select(Selection{Tags: []string{"x"}})
	var wrong NoTaskErrors
	if !errors.As(err, &wrong) || wrong[0].Hint != "no task has tags; a task gets them by tags: [x]" {
		t.Errorf("got %v with %+v", err, wrong)
	}
}

// Data that changed since Load are told with their place, whether or not the
// row is selected.
func TestSelectOfChangedData(t *testing.T) {
	m := load(t, tagged, taggedData)
	if err := os.WriteFile("p.csv", []byte("sku,site\n1,de\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := m.Select(Selection{IDs: []string{"attic"}})
	var p Problem
	if !errors.As(err, &p) || p.File != "p.csv" || p.Line != 3 {
		t.Errorf("got %v, want a problem of p.csv:3", err)
	}
}

func TestTask(t *testing.T) {
	m := load(t, tagged, taggedData)
	for _, id := range []string{"attic", "sku/10", "c[1]", "task-4"} {
		if task, err := m.Task(id); err != nil || task.ID != id {
			t.Errorf("got %q, %v, want %q", task.ID, err, id)
		}
	}
	_, err := m.Task("sku/*")
	var wrong NoTaskErrors
	if !errors.As(err, &wrong) || wrong.Error() != `no task is named "sku/*"` || wrong[0].Hint != `did you mean "sku/1"?` {
		t.Errorf("got %v with %+v, want that no task is named so", err, wrong)
	}
}

func names(path string) string {
	var out []string
	for id, tags := range Names(path) {
		out = append(out, id+":"+strings.Join(tags, ","))
	}
	return strings.Join(out, " ")
}

// A manifest that is being written has names as far as they can be told.
func TestNames(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{tagged, "attic:nightly,slow sku/1:nightly,slow,de,x-de sku/2:nightly,slow,x- sku/3:nightly,slow,us,x-us sku/10:nightly,slow,de,x-de c[1]: task-4:nightly,slow,other"},
		{"version: 7\nx: y\ntasks:\n  - {id: a, task: [], resultSchema: nope}\n  - {id: 5}\n  - {id: '${{ row.x }}'}\n  - b\n  - {id: '${{ row.sku }}', forEach: q.csv}\n  - {id: e, tags: [t, '${{ row.no }}']}\n", "a: e:t"},
		{"version: 1\ntasks: {", ""},
		{"", ""},
		{"[1]", ""},
		{"tasks: 5", ""},
		{"a: &a [*a]", ""},
	} {
		write(t, map[string]string{"tasks.yaml": c.text, "p.csv": taggedData["p.csv"]})
		if got := names("tasks.yaml"); got != c.want {
			t.Errorf("%s\ngot %s, want %s", c.text, got, c.want)
		}
	}
	write(t, map[string]string{"tasks.yaml": tagged, "p.csv": "sku,site\n1\n2,\"de\"x\n3,de\n"})
	if got := names("tasks.yaml"); !strings.Contains(got, "sku/3:") {
		t.Errorf("after rows that are wrong: got %s", got)
	}
	if got := names("missing.yaml"); got != "" {
		t.Errorf("got %s, want none", got)
	}
}
