package manifest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// told is show with what a chosen source adds.
func told(task batch.Task) string {
	out := show(task)
	if task.Skip != "" {
		out += " skip=" + task.Skip
	}
	if task.Hidden != nil {
		out += fmt.Sprintf(" hidden=%v", task.Hidden)
	}
	return out
}

// Whatever the format, the rows are the same tasks, numbers to the digit.
func TestSources(t *testing.T) {
	const text = `version: 1
tasks:
  - id: p-${{ row.sku }}
    forEach: FOREACH
    task: Pay ${{ row.price }} for ${{ row.name }}.
`
	exact := []string{
		`p-10000000000000000000001 tasks[0] "Pay 3.10 for ä 🫖." row={"sku":10000000000000000000001,"price":3.10,"name":"ä 🫖"}`,
		`p-007 tasks[0] "Pay 1e400 for no." row={"sku":"007","price":1e400,"name":"no"}`,
	}
	cells := []string{
		`p-10000000000000000000001 tasks[0] "Pay 3.10 for ä 🫖." row={"sku":"10000000000000000000001","price":"3.10","name":"ä 🫖"}`,
		`p-007 tasks[0] "Pay 1e400 for no." row={"sku":"007","price":"1e400","name":"no"}`,
	}
	const (
		csv   = "sku,price,name\n10000000000000000000001,3.10,ä 🫖\n007,1e400,no"
		jsonl = "{\"sku\": 10000000000000000000001, \"price\": 3.10, \"name\": \"ä 🫖\"}\n\n{\"sku\": \"007\", \"price\": 1e400, \"name\": \"no\"}"
		array = "\ufeff\n[\r\n {\"sku\": 10000000000000000000001, \"price\": 3.10,\n  \"name\": \"ä \\ud83e\\uded6\"} ,{\"sku\":\"007\",\"price\":1e400,\"name\":\"no\"}\n]\n\n"
		yaml  = "# rows\n- {sku: 10000000000000000000001, price: 3.10, name: ä 🫖}\n- sku: 007\n  price: 1e400\n  name: no\n"
	)
	for _, c := range []struct {
		name, forEach, file, data string
		want                      []string
	}{
		{"csv", "d.csv", "d.csv", csv, cells},
		{"csv by its map", "{file: d.CSV}", "d.CSV", csv, cells},
		{"csv by its format", "{file: d.txt, format: csv}", "d.txt", csv, cells},
		{"tsv by its format", "{file: d.csv, format: tsv}", "d.csv", strings.ReplaceAll(csv, ",", "\t"), cells},
		{"jsonl", "d.jsonl", "d.jsonl", jsonl, nil},
		{"jsonl by its format", "{file: d.json, format: jsonl}", "d.json", jsonl, nil},
		{"json", "d.json", "d.json", array, nil},
		{"json by its format", "{file: dump, format: json}", "dump", array, nil},
		{"yaml", "d.yaml", "d.yaml", yaml, exact},
		{"yml", "d.YML", "d.YML", yaml, exact},
		{"json as yaml", "{file: d.json, format: yaml}", "d.json", strings.ReplaceAll(array, `\ud83e\uded6`, "🫖"), exact},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := load(t, strings.Replace(text, "FOREACH", c.forEach, 1), map[string]string{c.file: c.data})
			want := c.want
			if want == nil {
				want = exact
				if strings.Contains(c.data, `\ud83e`) { // the author's own bytes are kept
					want = []string{strings.Replace(exact[0], `"name":"ä 🫖"`, `"name":"ä \ud83e\uded6"`, 1), exact[1]}
				}
			}
			for range 2 {
				if diff := cmp.Diff(want, tasks(t, m, nil)); diff != "" {
					t.Errorf("the tasks differ (-want +got):\n%s", diff)
				}
			}
			if got, err := filepath.Abs(c.file); err != nil || m.Inputs()[1] != got {
				t.Errorf("got the inputs %q, %v", m.Inputs(), err)
			}
		})
	}
}

// A map says which rows of a file make tasks, and which cells are secret.
func TestChosen(t *testing.T) {
	const csv = "sku,active,password\n1,true,hunter2\n2,false,x\n3\n4,true,\n5,true,swordfish\n"
	const jsonl = `{"sku": 1, "password": 3.10, "list": [1]}` + "\n" + `[]` + "\n" + `{"sku": 2}` + "\n" + `{"password": "a\"b", "sku": 3, "z": {"password": 1}}` + "\n"
	for _, c := range []struct {
		name, file, data, forEach, more string
		secrets                         map[string]string
		want                            []string
	}{
		{
			name: "where and limit", file: "d.csv", data: "sku,active\n1,no\n2,yes\n3,yes\n4\n", forEach: `{file: d.csv, where: row.active == "yes", limit: 2}`,
			want: []string{`2 tasks[0] "do" row={"sku":"2","active":"yes"}`, `3 tasks[0] "do" row={"sku":"3","active":"yes"}`},
		},
		{
			name: "a bad row is one task to skip, repeated or not", file: "sub/d.csv", data: csv, forEach: "{file: sub/d.csv, onBadRow: skip, limit: 4}", more: "repeat: 2\n",
			want: []string{
				`1#1 tasks[0] "do" row={"sku":"1","active":"true","password":"hunter2"}`, `1#2 tasks[0] "do" row={"sku":"1","active":"true","password":"hunter2"}`,
				`2#1 tasks[0] "do" row={"sku":"2","active":"false","password":"x"}`, `2#2 tasks[0] "do" row={"sku":"2","active":"false","password":"x"}`,
				`tasks[0]/row-3 tasks[0] "" skip=sub/d.csv:4:1: row 3: has 1 cell, the header has 3`,
				`4#1 tasks[0] "do" row={"sku":"4","active":"true","password":""}`, `4#2 tasks[0] "do" row={"sku":"4","active":"true","password":""}`,
			},
		},
		{
			name: "secret cells are in variables and nowhere else", file: "d.csv", data: csv, forEach: `{file: d.csv, where: 'row.active == "true"', onBadRow: skip, secretColumns: [password]}`,
			more: "variables: {pw: '${{ row.password }}', auth: 'Bearer ${{ row[\"password\"] }}!'}\n", secrets: map[string]string{},
			want: []string{
				`1 tasks[0] "do" row={"sku":"1","active":"true"} auth="Bearer hunter2!"/"Bearer ${{ row.password }} of 1!" pw="hunter2"/"${{ row.password }} of 1" hidden=map[password:hunter2]`,
				`tasks[0]/row-3 tasks[0] "" skip=d.csv:4:1: row 3: has 1 cell, the header has 3`,
				`4 tasks[0] "do" row={"sku":"4","active":"true"} auth="Bearer !"/"Bearer ${{ row.password }} of 4!" pw=""/"${{ row.password }} of 4"`,
				`5 tasks[0] "do" row={"sku":"5","active":"true"} auth="Bearer swordfish!"/"Bearer ${{ row.password }} of 5!" pw="swordfish"/"${{ row.password }} of 5" hidden=map[password:swordfish]`,
			},
		},
		{
			name: "without secrets nothing but their names is shown", file: "d.csv", data: "sku,the word\n1,hunter2\n", forEach: `{file: d.csv, secretColumns: [the word]}`,
			more: "variables: {pw: '${{ row[\"the word\"] }}'}\n",
			want: []string{`1 tasks[0] "do" row={"sku":"1"} pw="${{ row[\"the word\"] }} of 1"/"${{ row[\"the word\"] }} of 1" hidden=map[the word:hunter2]`},
		},
		{
			name: "secret fields of JSONL", file: "d.jsonl", data: jsonl, forEach: "{file: d.jsonl, onBadRow: skip, secretColumns: [password]}", secrets: map[string]string{},
			want: []string{
				`1 tasks[0] "do" row={"sku":1,"list":[1]} hidden=map[password:3.10]`,
				`tasks[0]/row-2 tasks[0] "" skip=d.jsonl:2:1: row 2: is not a JSON object`,
				`2 tasks[0] "do" row={"sku":2}`,
				`3 tasks[0] "do" row={"sku":3,"z":{"password":1}} hidden=map[password:a"b]`,
			},
		},
		{
			name: "an expression over the whole row does not find secret cells", file: "d.jsonl", data: jsonl, forEach: `{file: d.jsonl, onBadRow: skip, limit: 1, secretColumns: [password], where: 'len(keys(row)) == 2'}`, secrets: map[string]string{},
			more: "variables: {all: '${{ join(sort(keys(row)), \",\") }} ${{ row[\"pass\" + \"word\"] ?? \"none\" }}'}\n",
			want: []string{`1 tasks[0] "do" row={"sku":1,"list":[1]} all="list,sku none"/"list,sku none" hidden=map[password:3.10]`},
		},
		{
			name: "bad rows of JSON and of quotes", file: "d.json", data: `[{"sku": 1}, 7, {"sku": 2, "sku": 3}]`, forEach: "{file: d.json, onBadRow: skip}",
			want: []string{
				`1 tasks[0] "do" row={"sku":1}`,
				`tasks[0]/row-2 tasks[0] "" skip=d.json:1:14: row 2: is not a JSON object`,
				`tasks[0]/row-3 tasks[0] "" skip=d.json:1:17: row 3: the key "sku" is given twice`,
			},
		},
		{
			name: "bad rows of YAML", file: "d.yaml", data: "- {sku: 1, password: p}\n- x\n- [1]\n- {sku: no}\n", forEach: "{file: d.yaml, onBadRow: skip, secretColumns: [password]}",
			want: []string{
				`1 tasks[0] "do" row={"sku":1} hidden=map[password:p]`,
				`tasks[0]/row-2 tasks[0] "" skip=d.yaml:2:3: row 2: must be a map, not "x"`,
				`tasks[0]/row-3 tasks[0] "" skip=d.yaml:3:3: row 3: must be a map, not a list`,
				`no tasks[0] "do" row={"sku":"no"}`,
			},
		},
		{
			name: "a quote in one line is a bad row", file: "d.csv", data: "sku\n1\n\"2\"x\n3\n", forEach: "{file: d.csv, onBadRow: skip}",
			want: []string{
				`1 tasks[0] "do" row={"sku":"1"}`,
				`tasks[0]/row-2 tasks[0] "" skip=d.csv:3:3: row 2: a quote is not closed, or is followed by more text`,
				`3 tasks[0] "do" row={"sku":"3"}`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "version: 1\n" + c.more
			if strings.HasPrefix(c.more, "repeat") {
				text = "version: 1\ndefaults: {" + strings.TrimSpace(c.more) + "}\n"
			}
			text += "tasks:\n  - id: ${{ row.sku }}\n    forEach: " + c.forEach + "\n    task: do\n"
			m := load(t, text, map[string]string{c.file: c.data})
			var got []string
			for task, err := range m.Tasks(c.secrets) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, told(task))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the tasks differ (-want +got):\n%s", diff)
			}
			if len(got) != m.Total {
				t.Errorf("got %d tasks, Total says %d", len(got), m.Total)
			}
		})
	}
}

// Rows of standard input come from a file that is asked for once, however many
// tasks name it, and is none of the manifest's own.
func TestRowsOfStandardInput(t *testing.T) {
	write(t, map[string]string{
		"tasks.yaml": `version: 1
tasks:
  - {id: 'a-${{ row.k }}', forEach: "-", task: 'x ${{ row.k }}'}
  - {id: 'b-${{ row.k }}', forEach: {file: "-", limit: 1}, task: 'y ${{ row.k }}'}
`, "spool": "{\"k\": 1}\n{\"k\": 2.50}\n",
	})
	asked := 0
	o := Options{Rows: func() (string, error) { asked++; return "spool", nil }}
	m, err := Load("tasks.yaml", o)
	if err != nil {
		t.Fatal(output(nil, err))
	}
	want := []string{`a-1 tasks[0] "x 1" row={"k":1}`, `a-2.50 tasks[0] "x 2.50" row={"k":2.50}`, `b-1 tasks[1] "y 1" row={"k":1}`}
	if diff := cmp.Diff(want, tasks(t, m, nil)); diff != "" || asked != 1 || len(m.Inputs()) != 1 {
		t.Errorf("got %d calls, the inputs %q and (-want +got):\n%s", asked, m.Inputs(), diff)
	}
	if err := os.WriteFile("spool", []byte("{\"k\": 1}\nk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load("tasks.yaml", o)
	if got, want := output(nil, err), "-:2:1: row 2: is not a JSON object\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = Load("tasks.yaml", Options{Rows: func() (string, error) { return "", errors.New("the disk is full") }})
	want = []string{"tasks.yaml:3:37: tasks[0].forEach: standard input cannot be read: the disk is full", "tasks.yaml:4:44: tasks[1].forEach.file: standard input cannot be read: the disk is full"}
	if got := strings.Split(strings.TrimSpace(output(nil, err)), "\n"); !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	text, err := os.ReadFile("tasks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o.Stdin, o.Dir, asked = strings.NewReader(string(text)), ".", 0
	_, err = Load("-", o)
	const both = "standard input is the manifest, so that the rows cannot come from there\n"
	if got, want := output(nil, err), "-:3:37: tasks[0].forEach: "+both+"hint: put the manifest or the rows into a file\n-:4:44: tasks[1].forEach.file: "+both+"hint: put the manifest or the rows into a file\n"; got != want || asked != 0 {
		t.Errorf("got %q after %d calls, want %q", got, asked, want)
	}
}

// A row that takes others with it is never skipped: a quote that is left open
// would hide the rest of the file.
func TestWhatIsNotSkipped(t *testing.T) {
	for _, c := range []struct{ file, data, want string }{
		{"d.csv", "k\n1\n\"2\n3\n4\n", "d.csv:3:1: row 2: a quote is not closed, or is followed by more text\n"},
		{"d.csv", "k,k\n1\n", "d.csv:1:3: two columns are named \"k\"\n"},
		{"d.csv", "k\n\"" + strings.Repeat("x\n", maxRow), "d.csv:2:1: row 1: " + errLongRow.Error() + "\n"},
		{"d.json", "[{\"k\": 1}, {\"k\": }, {\"k\": 3}]", "d.json:1:18: row 2: is not valid JSON: '}' stands where a value is expected\n"},
		{"d.json", "[{\"k\": 1}, {\"k\": \"" + strings.Repeat("x", maxRow), "d.json:1:12: row 2: is longer than 16 MB; is a quote or a bracket not closed?\n"},
		{"d.jsonl", "{\"k\": 1}\n" + strings.Repeat("x", maxRow+1), "d.jsonl:2: row 2: the line is longer than 16 MB\n"},
	} {
		write(t, map[string]string{"tasks.yaml": "version: 1\ntasks: [{id: '${{ row.k }}', forEach: {file: " + c.file + ", onBadRow: skip}, task: x}]\n", c.file: c.data})
		_, err := Load("tasks.yaml", Options{})
		if got := output(nil, err); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// A JSON file that changes between the passes ends the tasks with an error.
func TestChangedJSON(t *testing.T) {
	m := load(t, "version: 1\ntasks: [{id: '${{ row.a }}', forEach: d.json, task: x}]\n", map[string]string{"d.json": `[{"a": 1}]`})
	if err := os.WriteFile("d.json", []byte("[{\"a\": 1},\n {\"b\": 2}, 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for task, err := range m.Tasks(nil) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, task.ID)
	}
	want := []string{"1", "tasks.yaml:2:19: tasks[0].id: row 2 (d.json:2): the row has no field \"a\""}
	if !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
