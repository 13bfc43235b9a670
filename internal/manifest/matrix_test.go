package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// combinations lists what a matrix makes, as GitHub Actions would.
func combinations(t *testing.T, m *Manifest) []string {
	t.Helper()
	var out []string
	for task, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, task.ID+" "+string(task.Matrix))
	}
	if len(out) != m.Total {
		t.Errorf("got %d tasks, Total says %d", len(out), m.Total)
	}
	return out
}

func TestMatrix(t *testing.T) {
	for _, c := range []struct {
		name, id, matrix string
		want             []string
	}{
		{
			"the last name changes first", "${{ matrix.a }}-${{ matrix.b }}", "{a: [1, 2], b: [x, y]}",
			[]string{`1-x {"a":1,"b":"x"}`, `1-y {"a":1,"b":"y"}`, `2-x {"a":2,"b":"x"}`, `2-y {"a":2,"b":"y"}`},
		},
		{
			"the order is that of the file", "${{ matrix.z }}-${{ matrix.a }}", "{z: [1, 2], a: [3.10, 4]}",
			[]string{`1-3.10 {"z":1,"a":3.10}`, `1-4 {"z":1,"a":4}`, `2-3.10 {"z":2,"a":3.10}`, `2-4 {"z":2,"a":4}`},
		},
		{
			"values are maps and lists too", "${{ matrix.a.n }}-${{ matrix.b[0] }}", "{a: [{n: x, z: {q: 1}}], b: [[7], [8, 9]]}",
			[]string{`x-7 {"a":{"n":"x","z":{"q":1}},"b":[7]}`, `x-8 {"a":{"n":"x","z":{"q":1}},"b":[8,9]}`},
		},
		{
			"exclude by a part of the values", "${{ matrix.a }}-${{ matrix.b }}", "{a: [1, 2], b: [x, y], exclude: [{a: 1, b: y}, {a: 2}]}",
			[]string{`1-x {"a":1,"b":"x"}`},
		},
		{
			// The example of GitHub's documentation.
			"include adds where it contradicts nothing", "${{ matrix.fruit }}-${{ matrix.animal ?? 'none' }}-${{ matrix.color ?? 'none' }}",
			"{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, {fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}",
			[]string{
				`apple-cat-pink {"fruit":"apple","animal":"cat","color":"pink","shape":"circle"}`,
				`apple-dog-green {"fruit":"apple","animal":"dog","color":"green","shape":"circle"}`,
				`pear-cat-pink {"fruit":"pear","animal":"cat","color":"pink"}`,
				`pear-dog-green {"fruit":"pear","animal":"dog","color":"green"}`,
				`banana-none-none {"fruit":"banana"}`,
				`banana-cat-none {"fruit":"banana","animal":"cat"}`,
			},
		},
		{
			"include alone makes combinations", "${{ matrix.site }}", "{include: [{site: us, n: 1}, {site: de}]}",
			[]string{`us {"site":"us","n":1}`, `de {"site":"de"}`},
		},
		{
			"what is excluded first can be included again", "${{ matrix.a }}", "{a: [1, 2], exclude: [{a: 1}], include: [{a: 1, b: x}]}",
			[]string{`2 {"a":2}`, `1 {"a":1,"b":"x"}`},
		},
		{
			"a number is not the string of its text", "${{ matrix.a }}${{ type(matrix.a) }}", `{a: [1, "1"], exclude: [{a: "1"}]}`,
			[]string{`1int {"a":1}`},
		},
		{
			"values of parameters", "${{ matrix.c }}", `{c: ["${{ params.first }}", "x-${{ params.n }}", "${{ params.n }}"]}`,
			[]string{`US {"c":"US"}`, `x-7 {"c":"x-7"}`, `7 {"c":7}`},
		},
		{
			"one combination needs no id of its own", "only", "{a: [1]}", []string{`only {"a":1}`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := load(t, "version: 1\nparams: {first: {default: US}, n: {default: 7}}\ntasks: [{id: \""+c.id+"\", task: \"do ${{ toJSON(matrix) }}\", matrix: "+c.matrix+"}]\n", nil)
			if diff := cmp.Diff(c.want, combinations(t, m)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each row has each combination, and each of these its repetitions; what is
// selected by name is one of them.
func TestMatrixCrossesRows(t *testing.T) {
	m := load(t, `version: 1
tasks:
  - id: ${{ row.sku }}-${{ matrix.c }}
    forEach: d.csv
    matrix: {c: [USD, EUR]}
    repeat: 2
    task: 'Price of ${{ row.sku }} in ${{ matrix.c }} ${{ matrix.c == "EUR" ? "€" : "$" }}'
    tags: ["${{ matrix.c }}"]
    group: g-${{ matrix.c }}
`, map[string]string{"d.csv": "sku\na\nb\n"})
	want := []string{
		`a-USD#1 {"c":"USD"}`, `a-USD#2 {"c":"USD"}`, `a-EUR#1 {"c":"EUR"}`, `a-EUR#2 {"c":"EUR"}`,
		`b-USD#1 {"c":"USD"}`, `b-USD#2 {"c":"USD"}`, `b-EUR#1 {"c":"EUR"}`, `b-EUR#2 {"c":"EUR"}`,
	}
	if diff := cmp.Diff(want, combinations(t, m)); diff != "" {
		t.Error(diff)
	}
	one, err := m.Task("b-EUR")
	if err != nil || one.ID != "b-EUR#1" || string(one.Row) != `{"sku":"b"}` || one.Group != "g-EUR" || one.Spec.Task != "Price of b in EUR €" {
		t.Errorf("got %+v, %v", one, err)
	}
	part, err := m.Select(Selection{Tags: []string{"EUR"}, IDs: []string{"a-*"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`a-EUR#1 {"c":"EUR"}`, `a-EUR#2 {"c":"EUR"}`}, combinations(t, part)); diff != "" {
		t.Error(diff)
	}
	var names []string
	for id, tags := range Names("tasks.yaml") {
		names = append(names, id+" "+strings.Join(tags, ","))
	}
	if diff := cmp.Diff([]string{"a-USD USD", "a-EUR EUR", "b-USD USD", "b-EUR EUR"}, names); diff != "" {
		t.Error(diff)
	}
}
