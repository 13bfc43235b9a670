package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// A task's repeat is laid over that of the defaults; a number stands for itself.
func TestRepeatMerges(t *testing.T) {
	for _, c := range []struct{ defaults, own, want string }{
		{"", "", "a"},
		{"", "1", "a#1 1/1"},
		{"", "2", "a#1 2/2, a#2 2/2"},
		{"", "{times: 2}", "a#1 2/2, a#2 2/2"},
		{"", "{times: 2, pass: 1, all: true}", "a#1 1/2 all, a#2 1/2 all"},
		{"2", "", "a#1 2/2, a#2 2/2"},
		{"2", "null", "a"},
		{"2", "1", "a#1 1/1"},
		{"2", "{pass: 1}", "a#1 1/2, a#2 1/2"},
		{"{times: 2, pass: 1, all: true}", "1", "a#1 1/1"},
		{"{times: 2, pass: 1, all: true}", "{times: 1}", "a#1 1/1 all"},
		{"{times: 2, pass: 1, all: true}", "{all: null, pass: null}", "a#1 2/2, a#2 2/2"},
		{"{times: 2, pass: 1, all: true}", "{all: false}", "a#1 1/2, a#2 1/2"},
		{"{pass: 1}", "{times: 2}", "a#1 1/2, a#2 1/2"},
		{"{pass: 1}", "2", "a#1 2/2, a#2 2/2"},
	} {
		m := load(t, merged("repeat", c.defaults, c.own), nil)
		var got []string
		for task, err := range m.Tasks(nil) {
			if err != nil {
				t.Fatal(err)
			}
			text := task.ID
			if r := task.Repeat; r != nil {
				if text += fmt.Sprintf(" %d/%d", r.Pass, r.Times); r.All {
					text += " all"
				}
				if r.Group != "a" || task.ID != fmt.Sprintf("a#%d", r.Number) {
					t.Errorf("%s over %s: got %s of the group %s with the number %d", c.own, c.defaults, task.ID, r.Group, r.Number)
				}
			}
			got = append(got, text)
		}
		if got := strings.Join(got, ", "); got != c.want || len(m.Warnings) > 0 {
			t.Errorf("%s over %s: got %s and %v, want %s", c.own, c.defaults, got, m.Warnings, c.want)
		}
	}
}

const repeated = `version: 1
variables: {v: "${{ row.sku }}"}
tasks:
  - {id: attic, task: a, variables: {v: x}}
  - {id: "sku-${{ row.sku }}", forEach: p.csv, task: "b %v%", repeat: {times: 3, pass: 2}, tags: ["${{ row.site }}"]}
  - {task: c, variables: null, repeat: 2, tags: [last]}
`

var repeatedData = map[string]string{"p.csv": "sku,site\n1,de\n2,us\n"}

const repeatedIDs = "attic sku-1#1 sku-1#2 sku-1#3 sku-2#1 sku-2#2 sku-2#3 task-3#1 task-3#2"

// Each row is expanded to its members, in order, that ask the same.
func TestRepeatRows(t *testing.T) {
	m := load(t, repeated, repeatedData)
	if got := ids(t, m); got != repeatedIDs {
		t.Errorf("got %s, want %s", got, repeatedIDs)
	}
	first := map[string]batch.Task{}
	for task, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		if task.Repeat == nil {
			continue
		}
		one, seen := first[task.Repeat.Group]
		if !seen {
			first[task.Repeat.Group] = task
			continue
		}
		if task.Repeat == one.Repeat {
			t.Errorf("%s has the repetition of %s", task.ID, one.ID)
		}
		task.ID, task.Position, task.Repeat = one.ID, one.Position, one.Repeat
		if diff := cmp.Diff(one, task); diff != "" {
			t.Errorf("a member differs from the first (-first +it):\n%s", diff)
		}
	}
	if len(first) != 3 {
		t.Errorf("got %d groups, want 3", len(first))
	}
}

func TestSelectMembers(t *testing.T) {
	m := load(t, repeated, repeatedData)
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{}, repeatedIDs},
		{Selection{Limit: 3}, "attic sku-1#1 sku-1#2"},
		{Selection{IDs: []string{"sku-2"}}, "sku-2#1 sku-2#2 sku-2#3"},
		{Selection{IDs: []string{"sku-1#2"}}, "sku-1#2"},
		{Selection{IDs: []string{"sku-1#3", "sku-1#1"}}, "sku-1#1 sku-1#3"},
		{Selection{IDs: []string{"sku-1", "sku-1#2"}}, "sku-1#1 sku-1#2 sku-1#3"},
		{Selection{IDs: []string{"sku-*"}}, "sku-1#1 sku-1#2 sku-1#3 sku-2#1 sku-2#2 sku-2#3"},
		{Selection{IDs: []string{"sku-?"}}, "sku-1#1 sku-1#2 sku-1#3 sku-2#1 sku-2#2 sku-2#3"},
		{Selection{IDs: []string{"*#1"}}, "sku-1#1 sku-2#1 task-3#1"},
		{Selection{IDs: []string{"sku-2#[12]", "attic"}, Limit: 2}, "attic sku-2#1"},
		{Selection{Tags: []string{"us"}}, "sku-2#1 sku-2#2 sku-2#3"},
		{Selection{Tags: []string{"us", "last"}, IDs: []string{"*#2"}}, "sku-2#2 task-3#2"},
		{Selection{Tags: []string{"us"}, IDs: []string{"sku-2", "sku-1#1"}, Limit: 1}, "sku-2#1"},
	} {
		part, err := m.Select(c.s)
		if err != nil {
			t.Errorf("%+v: %v", c.s, err)
			continue
		}
		if got := ids(t, part); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.s, got, c.want)
		}
		if part.Total+part.LeftOut != 9 {
			t.Errorf("%+v: got %d and %d left out, want 9 in all", c.s, part.Total, part.LeftOut)
		}
	}
	for _, c := range []struct{ id, want string }{
		{"sku-1#4", `no task is named "sku-1#4" (did you mean "sku-1#1"?)`},
		{"attic#1", `no task is named "attic#1" (did you mean "attic"?)`},
		{"sku-1#01", `no task is named "sku-1#01" (did you mean "sku-1#1"?)`},
		{"*#4", `no task has an id like "*#4" (ids are such as "attic")`},
	} {
		_, err := m.Select(Selection{IDs: []string{c.id}})
		var wrong NoTaskErrors
		if !errors.As(err, &wrong) || fmt.Sprintf("%v (%s)", wrong[0], wrong[0].Hint) != c.want {
			t.Errorf("%s: got %v with %+v, want %s", c.id, err, wrong, c.want)
		}
	}
}

// A group's id means its first member where one task is meant.
func TestTaskOfAGroup(t *testing.T) {
	m := load(t, repeated, repeatedData)
	for id, want := range map[string]string{"sku-2": "sku-2#1", "sku-2#3": "sku-2#3", "attic": "attic", "task-3": "task-3#1"} {
		if task, err := m.Task(id); err != nil || task.ID != want {
			t.Errorf("%s: got %q, %v, want %q", id, task.ID, err, want)
		}
	}
	if _, err := m.Task("sku-2#4"); err == nil {
		t.Error("a member that is not there was found")
	}
	write(t, map[string]string{"tasks.yaml": repeated, "p.csv": repeatedData["p.csv"]})
	if got, want := names("tasks.yaml"), "attic: sku-1:de sku-2:us task-3:last"; got != want {
		t.Errorf("got the names %s, want %s", got, want)
	}
}

func TestCutMember(t *testing.T) {
	for id, want := range map[string]string{
		"a#1": "a 1", "a#1000": "a 1000", "a#b#7": "a#b 7", "a#1#2": "a#1 2", "##1": "# 1",
		"a": " 0", "a#": " 0", "#1": " 0", "a#0": " 0", "a#1001": " 0", "a#01": " 0", "a#+1": " 0", "a#-1": " 0", "a#1 ": " 0", "a#٣": " 0",
		"a#99999999999999999999": " 0",
	} {
		group, number := cutMember(id)
		if got := fmt.Sprintf("%s %d", group, number); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}

// However ids, groups and members are mixed, an id is refused if and only if a
// task or a group has it already.
func TestEveryIDOnce(t *testing.T) {
	type one struct {
		id    string
		times int
	}
	pool := []one{{"a", 0}, {"a", 2}, {"a#1", 0}, {"a#1", 1}, {"a#2", 0}, {"a#3", 0}, {"a#1#1", 0}, {"a#3", 2}, {"a#02", 0}}
	for i := range pool {
		for j := range pool {
			for k := range pool {
				var text strings.Builder
				text.WriteString("version: 1\ntasks:\n")
				taken, clashes := map[string]bool{}, 0
				for _, o := range []one{pool[i], pool[j], pool[k]} {
					fmt.Fprintf(&text, "  - {task: x, id: '%s'", o.id)
					own := []string{o.id}
					if o.times > 0 {
						fmt.Fprintf(&text, ", repeat: %d", o.times)
					}
					for n := range o.times {
						own = append(own, fmt.Sprintf("%s#%d", o.id, n+1))
					}
					text.WriteString("}\n")
					clash := false
					for _, id := range own {
						clash = clash || taken[id]
					}
					if clash {
						clashes++
						continue
					}
					for _, id := range own {
						taken[id] = true
					}
				}
				_, err := Load("-", Options{Stdin: strings.NewReader(text.String())})
				if got := len(wrongs(err)); got != clashes {
					t.Errorf("%s\ngot %d problems, want %d: %v", text.String(), got, clashes, err)
				}
			}
		}
	}
}
