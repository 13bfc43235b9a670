package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// write makes a folder with the given files the working directory.
func write(t testing.TB, files map[string]string) {
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func load(t testing.TB, text string, files map[string]string) *Manifest {
	t.Helper()
	all := map[string]string{"tasks.yaml": text}
	for name, f := range files {
		all[name] = f
	}
	write(t, all)
	m, err := Load("tasks.yaml", Options{})
	if err != nil {
		t.Fatal(output(nil, err))
	}
	return m
}

// tasks renders what Tasks yields, one line a task.
func tasks(t testing.TB, m *Manifest, secrets map[string]string) []string {
	t.Helper()
	var out []string
	for task, err := range m.Tasks(secrets) {
		if err != nil {
			t.Fatal(err)
		}
		if task.Position != len(out) {
			t.Errorf("got position %d, want %d", task.Position, len(out))
		}
		out = append(out, show(task))
	}
	if len(out) != m.Total {
		t.Errorf("got %d tasks, Total says %d", len(out), m.Total)
	}
	return out
}

func show(task batch.Task) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %q", task.ID, task.Template, task.Spec.Task)
	if task.Spec.AgentID != "" {
		fmt.Fprintf(&b, " agent=%s", task.Spec.AgentID)
	}
	if task.Row != nil {
		fmt.Fprintf(&b, " row=%s", task.Row)
	}
	if task.Spec.BrowserSettings != nil {
		fmt.Fprintf(&b, " settings=%s", task.Spec.BrowserSettings)
	}
	if task.Spec.ResultSchema != nil {
		fmt.Fprintf(&b, " schema=%s", task.Spec.ResultSchema)
	}
	for _, v := range task.Spec.Variables {
		fmt.Fprintf(&b, " %s=%q/%q", v.Name, v.Value, v.Masked)
		if v.Description != "" {
			fmt.Fprintf(&b, "(%s)", v.Description)
		}
	}
	if task.Timeout != defaultTimeout {
		fmt.Fprintf(&b, " %v", task.Timeout)
	}
	return b.String()
}

func TestTasks(t *testing.T) {
	for _, c := range []struct {
		name, text string
		files      map[string]string
		want       []string
	}{
		{
			name: "the smallest manifest",
			text: "version: 1\ntasks: [{task: Open it}]\n",
			want: []string{`task-1 tasks[0] "Open it"`},
		},
		{
			name: "default ids count entries",
			text: "version: 1\ntasks: [{task: a}, {id: x, task: b}, {task: c}]\n",
			want: []string{`task-1 tasks[0] "a"`, `x tasks[1] "b"`, `task-3 tasks[2] "c"`},
		},
		{
			name: "strict scalars are strings",
			text: "version: 1\ntasks: [{task: no}, {task: 007}, {task: 0x1f}, {task: 1_000}, {task: 2026-01-01}, {task: 12:30}, {task: .inf}, {task: True}, {task: +1}, {task: .5}, {task: 1.}]\n",
			want: []string{
				`task-1 tasks[0] "no"`, `task-2 tasks[1] "007"`, `task-3 tasks[2] "0x1f"`, `task-4 tasks[3] "1_000"`,
				`task-5 tasks[4] "2026-01-01"`, `task-6 tasks[5] "12:30"`, `task-7 tasks[6] ".inf"`, `task-8 tasks[7] "True"`,
				`task-9 tasks[8] "+1"`, `task-10 tasks[9] ".5"`, `task-11 tasks[10] "1."`,
			},
		},
		{
			name: "numbers and booleans in variables keep their text",
			text: "version: 1\nvariables: {a: 3.10, b: 1234567890123456789012345678901234567890, c: 1e400, d: true, e: {value: -0.0, description: zero}}\ntasks: [{task: '%a% %b% %c% %d% %e%'}]\n",
			want: []string{`task-1 tasks[0] "%a% %b% %c% %d% %e%" a="3.10"/"3.10" b="1234567890123456789012345678901234567890"/"1234567890123456789012345678901234567890" c="1e400"/"1e400" d="true"/"true" e="-0.0"/"-0.0"(zero)`},
		},
		{
			name: "numbers in schemas keep their text and keys their order",
			text: "version: 1\nresultSchemas: {s: {type: object, properties: {z: {maximum: 3.10}, a: {const: 1234567890123456789012345678901234567890}, m: {enum: [no, 007, 1e40]}}}}\ntasks: [{task: a, resultSchema: s}]\n",
			want: []string{`task-1 tasks[0] "a" schema={"type":"object","properties":{"z":{"maximum":3.10},"a":{"const":1234567890123456789012345678901234567890},"m":{"enum":["no","007",1e40]}}}`},
		},
		{
			name: "defaults merge key by key and null removes",
			text: `version: 1
variables: {a: x, b: {value: y, description: why}, c: z}
resultSchemas: {s: {type: object}, u: {type: object, required: [k]}}
defaults:
  task: do %a% %b%
  agentId: agt
  timeout: 1d12h
  resultSchema: s
  browserSettings: {proxies: true, verified: true, context: {id: ctx, persist: true}}
  variables: {d: w}
tasks:
  - {}
  - task: other
    agentId: null
    timeout: null
    resultSchema: null
    browserSettings: null
    variables: {a: null, b: Y, c: null, d: null}
  - agentId: mine
    task: plain
    timeout: 90s
    resultSchema: u
    browserSettings: {verified: null, proxies: [{type: none}], context: {persist: false}}
    variables: null
  - browserSettings: {proxies: null, verified: null, context: null}
`,
			want: []string{
				`task-1 tasks[0] "do %a% %b%" agent=agt settings={"proxies":true,"verified":true,"context":{"id":"ctx","persist":true}} schema={"type":"object"} a="x"/"x" b="y"/"y"(why) c="z"/"z" d="w"/"w" 36h0m0s`,
				`task-2 tasks[1] "other" b="Y"/"Y"(why)`,
				`task-3 tasks[2] "plain" agent=mine settings={"proxies":[{"type":"none"}],"context":{"id":"ctx","persist":false}} schema={"type":"object","required":["k"]} 1m30s`,
				`task-4 tasks[3] "do %a% %b%" agent=agt schema={"type":"object"} a="x"/"x" b="y"/"y"(why) c="z"/"z" d="w"/"w" 36h0m0s`,
			},
		},
		{
			name:  "CSV with BOM, CRLF, semicolons and quoted newlines",
			text:  "version: 1\ntasks: [{id: 'p-${{ row.sku }}', forEach: p.csv, task: 'Find ${{ upper(row[\"the name\"]) }}'}]\n",
			files: map[string]string{"p.csv": "\ufeffsku;\"the name\";note\r\n1;ab,c;\"x\r\ny\"\r\n\r\n2;\"d;e\";\"say \"\"hi\"\"\"\r\n"},
			want: []string{
				`p-1 tasks[0] "Find AB,C" row={"sku":"1","the name":"ab,c","note":"x\ny"}`,
				`p-2 tasks[0] "Find D;E" row={"sku":"2","the name":"d;e","note":"say \"hi\""}`,
			},
		},
		{
			name:  "tabs are found in the header and by extension",
			text:  "version: 1\ntasks: [{id: 'a-${{ row.a }}', forEach: a.csv, task: x}, {id: 'b-${{ row[\"k,l\"] }}', forEach: b.TSV, task: x}]\n",
			files: map[string]string{"a.csv": "a\tb\tc,d\n1\t2\t3\n", "b.TSV": "k,l\n3\n"},
			want:  []string{`a-1 tasks[0] "x" row={"a":"1","b":"2","c,d":"3"}`, `b-3 tasks[1] "x" row={"k,l":"3"}`},
		},
		{
			name: "JSONL keeps exact numbers, order and types",
			text: `version: 1
tasks:
  - id: ${{ row.id }}
    forEach: r.jsonl
    task: Pay ${{ row.price }} ${{ row.deep.list[1] }} ${{ row.n + 1 }} ${{ row.nope ?? "none" }}
    browserSettings: {verified: "${{ row.flag }}", proxies: "${{ row.proxies }}", context: {id: "ctx-${{ row.id }}"}}
`,
			files: map[string]string{"r.jsonl": "\ufeff{ \"id\": 10000000000000000000001, \"price\": 3.10, \"n\": 41, \"deep\": {\"list\": [1, 1e400]}, \"flag\": true, \"proxies\": false }\n\n\t\r\n{\"z\":\"<&>\",\"id\":\"b\",\"price\":\"7\",\"n\":1.5,\"deep\":{\"list\":[0,true]},\"flag\":false,\"proxies\":[{\"type\":\"x\",\"n\":1.50}]}"},
			want: []string{
				`10000000000000000000001 tasks[0] "Pay 3.10 1e400 42 none" row={"id":10000000000000000000001,"price":3.10,"n":41,"deep":{"list":[1,1e400]},"flag":true,"proxies":false} settings={"verified":true,"proxies":false,"context":{"id":"ctx-10000000000000000000001"}}`,
				`b tasks[0] "Pay 7 true 2.5 none" row={"z":"<&>","id":"b","price":"7","n":1.5,"deep":{"list":[0,true]},"flag":false,"proxies":[{"type":"x","n":1.50}]} settings={"verified":false,"proxies":[{"n":1.50,"type":"x"}],"context":{"id":"ctx-b"}}`,
			},
		},
		{
			name: "inline rows, a schema by row and a schema with expressions",
			text: `version: 1
resultSchemas: {a: {type: object, required: [a]}, b: {type: object, required: [b]}}
tasks:
  - {id: "n-${{ row.k }}", forEach: [{k: a}, {k: b, v: 3.10}], task: x, resultSchema: "${{ row.k }}"}
  - id: i-${{ row.k }}
    forEach: [{k: a, v: 3.10}, {k: b, v: no}]
    task: y
    resultSchema: {type: object, properties: {v: {const: "${{ row.v }}"}}}
`,
			want: []string{
				`n-a tasks[0] "x" row={"k":"a"} schema={"type":"object","required":["a"]}`,
				`n-b tasks[0] "x" row={"k":"b","v":3.10} schema={"type":"object","required":["b"]}`,
				`i-a tasks[1] "y" row={"k":"a","v":3.10} schema={"type":"object","properties":{"v":{"const":3.10}}}`,
				`i-b tasks[1] "y" row={"k":"b","v":"no"} schema={"type":"object","properties":{"v":{"const":"no"}}}`,
			},
		},
		{
			name: "anchors, aliases and merge keys",
			text: `version: 1
defaults: {variables: &v {a: x, b: y}}
tasks:
  - &base {task: "%a% %b%", timeout: 5m}
  - {<<: *base, timeout: 6m}
  - <<: [{task: first, id: third}, *base]
  - task: &text "%b% %a%"
    variables: {<<: *v, a: z}
  - task: *text
`,
			want: []string{
				`task-1 tasks[0] "%a% %b%" a="x"/"x" b="y"/"y" 5m0s`,
				`task-2 tasks[1] "%a% %b%" a="x"/"x" b="y"/"y" 6m0s`,
				`third tasks[2] "first" a="x"/"x" b="y"/"y" 5m0s`,
				`task-4 tasks[3] "%b% %a%" a="z"/"z" b="y"/"y"`,
				`task-5 tasks[4] "%b% %a%" a="x"/"x" b="y"/"y"`,
			},
		},
		{
			name: "percent signs that are no placeholders",
			text: "version: 1\nvariables: {address: x, a: y, C3: z}\ntasks: [{task: 'https://x.example/%C3%BC/%E4%BD%A0 100% of 5%d 50 % %address% %a% %C3%'}]\n",
			want: []string{`task-1 tasks[0] "https://x.example/%C3%BC/%E4%BD%A0 100% of 5%d 50 % %address% %a% %C3%" C3="z"/"z" a="y"/"y" address="x"/"x"`},
		},
		{
			name:  "schema files are bundled, JSON or YAML",
			text:  "version: 1\nresultSchemas: {j: {$ref: schemas/j.json}, y: {$ref: schemas/y.yaml}}\ntasks: [{task: a, resultSchema: j}, {task: b, resultSchema: y}]\n",
			files: map[string]string{"schemas/j.json": "{\n\t\"type\": \"object\", \"properties\": {\"p\": {\"minimum\": 3.10}}}", "schemas/y.yaml": "type: object\nproperties: {q: {const: 007}}\n"},
			want: []string{
				`task-1 tasks[0] "a" schema={"type":"object","properties":{"p":{"minimum":3.10}}}`,
				`task-2 tasks[1] "b" schema={"type":"object","properties":{"q":{"const":"007"}}}`,
			},
		},
		{
			name: "a quoted expression holds braces and percent signs of its own",
			text: "version: 1\ntasks: [{id: '${{ row.a }}', forEach: [{a: 1}], task: 'x ${{ \"}}\" }} ${{ {\"k\": {\"l\": row.a}}.k.l }} ${{ \"${{\" }}'}]\n",
			want: []string{`1 tasks[0] "x }} 1 ${{" row={"a":1}`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := load(t, c.text, c.files)
			if diff := cmp.Diff(c.want, tasks(t, m, nil)); diff != "" {
				t.Errorf("the tasks differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, tasks(t, m, nil)); diff != "" {
				t.Errorf("a second pass differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTop(t *testing.T) {
	m := load(t, `version: 1
name: prices
description: no
provider: local
secrets: [B, A, UNUSED]
variables: {x: "${{ secrets.B }}", y: "Bearer ${{ secrets.A }}!"}
limits: {concurrency: 20, requestsPerSecond: 0.5}
tasks: [{task: "%x% %y%"}]
reports:
  - path: out/p-${{ batch.date }}-${{ batch.id }}.csv
  - {path: "-"}
  - {path: t.tsv}
  - {path: n.NDJSON}
  - {path: x.txt, format: jsonl}
  - {path: y.txt, format: tsv}
  - {path: z.tsv, format: csv}
local: {sites: {"https://books.example": ./site, "http://127.0.0.1:8080": .}}
`, map[string]string{"site/index.html": ""})
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "prices" || m.Description != "no" || m.Provider != "local" || m.Concurrency != 20 || m.RequestsPerSecond != 0.5 {
		t.Errorf("got %q %q %q %d %v", m.Name, m.Description, m.Provider, m.Concurrency, m.RequestsPerSecond)
	}
	if diff := cmp.Diff([]string{"B", "A", "UNUSED"}, m.Secrets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"A", "B"}, m.UsedSecrets()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"https://books.example": filepath.Join(dir, "site"), "http://127.0.0.1:8080": dir}, m.Sites); diff != "" {
		t.Error(diff)
	}
	opened := time.Date(2026, 1, 2, 23, 30, 0, 0, time.FixedZone("", -3600))
	var got []string
	for _, r := range m.Reports {
		path, err := r.PathFor("0a1b2c3d", opened)
		if err != nil {
			t.Error(err)
		}
		got = append(got, r.Format+" "+filepath.ToSlash(path))
	}
	want := []string{"csv out/p-2026-01-03-0a1b2c3d.csv", "jsonl -", "tsv t.tsv", "jsonl n.NDJSON", "jsonl x.txt", "tsv y.txt", "csv z.tsv"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := tasks(t, m, nil), []string{`task-1 tasks[0] "%x% %y%" x="${{ secrets.B }}"/"${{ secrets.B }}" y="Bearer ${{ secrets.A }}!"/"Bearer ${{ secrets.A }}!"`}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	secrets := map[string]string{"A": "one", "B": "two"}
	if got, want := tasks(t, m, secrets), []string{`task-1 tasks[0] "%x% %y%" x="two"/"${{ secrets.B }}" y="Bearer one!"/"Bearer ${{ secrets.A }}!"`}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, err := range m.Tasks(map[string]string{"A": "one"}) {
		var p Problem
		if !errors.As(err, &p) || p.Message != `the secret "B" is not set` || p.Line != 6 {
			t.Errorf("got %v, want that B is not set", err)
		}
	}
}

func TestNameOf(t *testing.T) {
	for path, want := range map[string]string{
		"a/b/tasks.yaml": "tasks", "my tasks!.yml": "my-tasks-", "-": "batch", "é.yaml": "batch", ".yaml": "batch",
		strings.Repeat("x", 80) + ".yaml": strings.Repeat("x", 64), "a.b.yaml": "a.b",
	} {
		if got := nameOf(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// Paths are relative to the manifest, and to Options.Dir for standard input.
func TestDir(t *testing.T) {
	write(t, map[string]string{"jobs/tasks.yaml": "version: 1\ntasks: [{id: '${{ row.a }}', forEach: d.csv, task: x}]\n", "jobs/d.csv": "a\n1\n"})
	m, err := Load(filepath.Join("jobs", "tasks.yaml"), Options{})
	if err != nil || m.Total != 1 || m.Dir != "jobs" {
		t.Fatalf("got %v, %v", m, err)
	}
	m, err = Load("-", Options{Stdin: strings.NewReader(string(m.Text)), Dir: "jobs"})
	if err != nil || m.Total != 1 || m.Name != "batch" || m.File != "-" {
		t.Fatalf("got %v, %v", m, err)
	}
	if err := os.WriteFile("jobs/d.csv", []byte("a\n1\n2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load("jobs/tasks.yaml", Options{})
	if got, want := output(nil, err), "jobs/d.csv:3:1: row 2: has 2 cells, the header has 1\nhint: put a cell that holds a comma into double quotes\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = Load("none.yaml", Options{})
	if got, want := output(nil, err), "none.yaml: does not exist\nhint: check the path; it is relative to the working directory\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A data file that changes between the passes ends the tasks with an error.
func TestChanged(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n3\n":   "d.csv:3:1: row 2: has 1 cell, the header has 2",
		"a,c\n1,2\n3,4\n": "d.csv:1: the header has changed while the batch was being read",
	} {
		m := load(t, "version: 1\ntasks: [{id: '${{ row.a }}', forEach: d.csv, task: x}]\n", map[string]string{"d.csv": "a,b\n1,2\n"})
		if err := os.WriteFile("d.csv", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range m.Tasks(nil) {
			last = err
		}
		var p Problem
		if !errors.As(last, &p) || p.Error() != want {
			t.Errorf("got %v, want %s", last, want)
		}
	}
}

// Stopping early closes the file and yields no more.
func TestStopEarly(t *testing.T) {
	m := load(t, "version: 1\ntasks: [{id: '${{ row.a }}', forEach: d.csv, task: x}, {task: y}]\n", map[string]string{"d.csv": "a\n1\n2\n"})
	n := 0
	for _, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			break
		}
	}
	if n != 1 {
		t.Errorf("got %d tasks after break, want 1", n)
	}
}

func TestSchemaIsJSON(t *testing.T) {
	if !json.Valid(Schema()) {
		t.Error("the embedded schema is not JSON")
	}
}

// A row may name the file of its schema, a broken one too.
func TestRowSchemaFile(t *testing.T) {
	text := "version: 1\ntasks: [{id: '${{ row.f }}', forEach: [{f: a.json}], task: x, resultSchema: {$ref: '${{ row.f }}'}}]\n"
	m := load(t, text, map[string]string{"a.json": `{"type": "object"}`})
	want := []string{`a.json tasks[0] "x" row={"f":"a.json"} schema={"type":"object"}`}
	if got := tasks(t, m, nil); !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	write(t, map[string]string{"tasks.yaml": text, "a.json": `{"type": `})
	_, err := Load("tasks.yaml", Options{})
	if got, want := output(nil, err), "a.json:1:9: is not JSON: it ends too early\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What << brings in is added in time that grows with its size alone, and a
// syntax error at the end of a large file is found without parsing the file
// over and over.
func TestLargeFilesInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it is large, and nothing in it is concurrent")
	}
	merged := func(n int) string {
		var b strings.Builder
		b.WriteString("version: 1\ntasks: [{task: x}]\nresultSchemas:\n  a:\n    type: object\n    x-words:\n      <<: {")
		for i := range n {
			fmt.Fprintf(&b, "k%d: 1, ", i)
		}
		return b.String() + "last: 1}\n"
	}
	broken := func(n int) string {
		return "version: 1\ntasks:\n" + strings.Repeat("  - task: x\n", n) + "  - task: x\n   id: a\n"
	}
	for name, c := range map[string]struct {
		text func(n int) string
		n    int
		want func(n int) string // how the error begins; "" for none
	}{
		"merge":  {merged, 4_000, func(int) string { return "" }},
		"syntax": {broken, 10_000, func(n int) string { return fmt.Sprintf("-:%d:4: ", n+4) }},
	} {
		took := func(n int) time.Duration {
			text := c.text(n)
			start := time.Now()
			_, err := Load("-", Options{Stdin: strings.NewReader(text), Dir: t.TempDir()})
			if want := c.want(n); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s of %d: got %v, want %q", name, n, err, want)
			}
			return time.Since(start)
		}
		// Five times the text takes five times as long, where it would be 25
		// times if each line were looked for from the first one on.
		small := min(took(c.n), took(c.n))
		if large := min(took(5*c.n), took(5*c.n)); large > 15*small {
			t.Errorf("%s: %d took %v and %d took %v", name, c.n, small, 5*c.n, large)
		}
	}
}

// A row that never ends is reported on its line.
func TestEndlessRow(t *testing.T) {
	dir := t.TempDir()
	text := "sku,name\n1,a\n\"2\",\"" + strings.Repeat("b,c\n", 5<<20)
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in := strings.NewReader("version: 1\ntasks: [{id: \"${{ row.sku }}\", task: x, forEach: a.csv}]\n")
	_, err := Load("-", Options{Stdin: in, Dir: dir})
	if err == nil || !strings.HasSuffix(err.Error(), "a.csv:3:1: row 2: is longer than 16 MB; is a quote not closed?") {
		t.Errorf("got %v", err)
	}
}
