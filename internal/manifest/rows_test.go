package manifest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Ids that are there twice are found wherever they are, in the words of both
// rows, also where one of them is that of a repetition's member or of a row that
// is skipped.
func TestTwiceAcrossEntries(t *testing.T) {
	write(t, map[string]string{
		"tasks.yaml": `version: 1
tasks:
  - {id: "x${{ row.k }}", forEach: a.json, task: "x ${{ row.k }}"}
  - {id: "x${{ row.k }}", forEach: {file: b.csv, onBadRow: skip}, task: "x ${{ row.k }}", repeat: 2}
  - {id: "tasks[1]/row-2", task: x}
`,
		"a.json": "[{\"k\": 1},\n{\"k\": 2}, {\"k\": \"3#2\"}]", "b.csv": "k\n3\na,b\n2\n",
	})
	_, err := Load("tasks.yaml", Options{})
	want := `tasks.yaml:4:11: tasks[1].id: row 1 (b.csv:2): the id "x3#2" of a repetition is already used by tasks[0], row 3 (a.json:2)
hint: put something before it that other tasks do not have: id: "other-x${{ row.k }}"
tasks.yaml:4:11: tasks[1].id: row 3 (b.csv:4): the id "x2" is already used by tasks[0], row 2 (a.json:2)
tasks.yaml:5:11: tasks[2].id: the id "tasks[1]/row-2" is already used by tasks[1], row 2 (b.csv:3)
hint: give each task an id of its own
`
	if got := output(nil, err); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A selection takes a row that cannot be read by its id, and never by a tag.
func TestSelectSkipped(t *testing.T) {
	m := load(t, `version: 1
tasks: [{id: "x${{ row.k }}", forEach: {file: b.csv, onBadRow: skip}, task: "x ${{ row.k }}", repeat: 2, tags: [all]}]
`, map[string]string{"b.csv": "k\n3\na,b\n2\n"})
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{}, "x3#1 x3#2 tasks[0]/row-2 x2#1 x2#2"},
		{Selection{Limit: 3}, "x3#1 x3#2 tasks[0]/row-2"},
		{Selection{IDs: []string{"tasks[[]0]/*"}}, "tasks[0]/row-2"},
		{Selection{IDs: []string{"tasks[0]/row-2", "x2#2"}}, "tasks[0]/row-2 x2#2"},
		{Selection{Tags: []string{"all"}}, "x3#1 x3#2 x2#1 x2#2"},
	} {
		part, err := m.Select(c.s)
		if err != nil {
			t.Errorf("%v: %v", c.s, err)
			continue
		}
		var got []string
		for task, err := range part.Tasks(nil) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, task.ID)
		}
		if strings.Join(got, " ") != c.want || part.Total != len(got) {
			t.Errorf("%v: got %v of %d, want %s", c.s, got, part.Total, c.want)
		}
	}
	var names []string
	for id := range Names("tasks.yaml") {
		names = append(names, id)
	}
	if got := strings.Join(names, " "); got != "x3 tasks[0]/row-2 x2" {
		t.Errorf("got the names %s", got)
	}
	if task, err := m.Task("tasks[0]/row-2"); err != nil || task.Skip == "" {
		t.Errorf("got %v, %v", task, err)
	}
}

// A .yaml file has 100,000 rows at most and 64 MB; a list in the manifest the
// same.
func TestListedBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("it is large, and nothing in it is concurrent")
	}
	const most = 100_000
	manifest := "version: 1\ntasks: [{id: '${{ row.k }}', forEach: d.yaml, task: 'x ${{ row.k }}'}]\n"
	rows := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "- {k: %d}\n", i)
		}
		return b.String()
	}
	for _, c := range []struct{ manifest, data, want string }{
		{manifest, rows(most), "tasks.yaml: 100000"},
		{manifest, rows(most + 1), "d.yaml:1:1: the file has 100,001 rows; 100,000 are the most of YAML\nhint: write them as .csv or .jsonl, which are read row by row\n"},
		{manifest, "- {k: 1}\n#" + strings.Repeat("x", maxFile), "d.yaml: the file is larger than 64 MB\n"},
		{
			strings.Replace(manifest, "d.yaml", "["+strings.Repeat("{k: 1}, ", most)+"{k: 1}]", 1), "",
			"tasks.yaml:2:39: tasks[0].forEach: has 100001 entries; 100000 are the most\nhint: put the rows into a file\n",
		},
		{
			manifest, "a: &a [" + strings.Repeat("x", 1<<20) + "]\nb: [" + strings.Repeat("*a, ", 11) + "]\n",
			"d.yaml:2:41: aliases expand to more than 10 MB\n",
		},
	} {
		write(t, map[string]string{"tasks.yaml": c.manifest, "d.yaml": c.data})
		m, err := Load("tasks.yaml", Options{})
		got := ""
		if err == nil {
			got = fmt.Sprintf("tasks.yaml: %d", m.Total)
		} else {
			got = output(nil, err)
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// Columns whose names differ only in case or in spaces are two, and a third
// spelling is told the nearest.
func TestAlmostTheSameColumns(t *testing.T) {
	const manifest = "version: 1\ntasks: [{id: '${{ row.sku }}', forEach: d.csv, task: 'x ${{ row.Sku }} ${{ row[\" sku\"] }}'}]\n"
	m := load(t, manifest, map[string]string{"d.csv": "sku,Sku, sku\n1,2,3\n"})
	if got := tasks(t, m, nil)[0]; got != `1 tasks[0] "x 2 3" row={"sku":"1","Sku":"2"," sku":"3"}` {
		t.Errorf("got %s", got)
	}
	if err := os.WriteFile("d.csv", []byte("sku,SKU, sku\n1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load("tasks.yaml", Options{})
	if got, want := output(nil, err), "tasks.yaml:2:65: tasks[0].task: row has no field \"Sku\"\nhint: did you mean \"SKU\"?\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
