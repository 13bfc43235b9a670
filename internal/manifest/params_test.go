package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const knobs = `version: 1
params:
  country: {default: US, enum: [US, DE], description: Storefront}
  size: {default: 20}
  fast: {default: false}
  version: {default: "1.10"}
  must: {}
tasks: [{task: a}]
`

func TestParams(t *testing.T) {
	for _, c := range []struct {
		name          string
		given         map[string]string
		file          string
		params, words string // of the manifest; or
		problems      string
	}{
		{
			name: "defaults stand, and what is required is given", given: map[string]string{"must": "x=1"},
			params: `{"country":"US","size":20,"fast":false,"version":"1.10","must":"x=1"}`, words: "must=x=1",
		},
		{
			name: "typed words are read by the type of the default", given: map[string]string{"must": "5", "size": "2.50", "fast": "true", "version": "2.0", "country": "DE"},
			params: `{"country":"DE","size":2.50,"fast":true,"version":"2.0","must":"5"}`, words: "country=DE fast=true must=5 size=2.50 version=2.0",
		},
		{
			name: "a default that is given is the default", given: map[string]string{"must": "", "size": "20", "country": "US"},
			params: `{"country":"US","size":20,"fast":false,"version":"1.10","must":""}`, words: "must=",
		},
		{
			name: "a file has types of its own, and the command line goes before it",
			file: "must: 007\nsize: 3\ncountry: XX\nversion: 1.20\n", given: map[string]string{"country": "DE"},
			params: `{"country":"DE","size":3,"fast":false,"version":"1.20","must":"007"}`, words: "country=DE must=007 size=3 version=1.20",
		},
		{
			name: "a file may be JSON", file: `{"must": "a", "fast": true}`,
			params: `{"country":"US","size":20,"fast":true,"version":"1.10","must":"a"}`, words: "fast=true must=a",
		},
		{
			name: "what does not fit is named by how it was given",
			file: "fast: soon\nsiez: 1\nmust: [a]\n", given: map[string]string{"country": "UK", "size": "many", "contry": "DE"},
			problems: `--param country: must be US or DE, not "UK"
hint: did you mean "US"?
--param size: must be a number, not "many"
p.yaml:1:7: fast: must be a boolean, not "soon"
p.yaml:3:7: must: must be a string, not a list
--param contry: no parameter is named "contry"
hint: did you mean "country"?
p.yaml:2:1: siez: no parameter is named "siez"
hint: did you mean "size"?
`,
		},
		{
			name: "a file that is none", file: "- must\n", given: map[string]string{"must": "\xff"},
			problems: "--param must: is not valid UTF-8\np.yaml:1:1: must be a map of parameters such as country: DE, not a list\ntasks.yaml:7:3: params.must: has no default, and no value is given\nhint: give it one: --param must=…\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			write(t, map[string]string{"tasks.yaml": knobs, "p.yaml": c.file})
			o := Options{Params: c.given}
			if c.file != "" {
				o.ParamsFile = "p.yaml"
			}
			m, err := Load("tasks.yaml", o)
			if c.problems != "" || err != nil {
				if diff := cmp.Diff(c.problems, output(nil, err)); diff != "" {
					t.Error(diff)
				}
				return
			}
			if got := string(m.Params); got != c.params {
				t.Errorf("got %s, want %s", got, c.params)
			}
			if got := strings.Join(m.Given, " "); got != c.words {
				t.Errorf("got %q, want %q", got, c.words)
			}
		})
	}
}

func TestParamsFileThatCannotBeRead(t *testing.T) {
	write(t, map[string]string{"tasks.yaml": "version: 1\ntasks: [{task: a}]\n", "broken.yaml": "a: [\n"})
	for path, want := range map[string]string{
		"none.yaml":   "none.yaml: does not exist\nhint: check the path; it is relative to the working directory\n",
		".":           ".: cannot be read: it is a folder\n",
		"broken.yaml": "broken.yaml:1:1: did not find expected node content\n",
	} {
		_, err := Load("tasks.yaml", Options{ParamsFile: path})
		if got := output(nil, err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A parameter stands wherever the table of the manifest's keys says so.
func TestWhereParamsStand(t *testing.T) {
	text := `version: 1
params: {c: {default: DE}, n: {default: 3}, r: {default: 0.5}, host: {default: api.example}, s: {default: product}}
secrets: [K]
env: [COMMIT, NOT_SET]
provider: {baseURL: "https://${{ params.host }}/", apiKey: "${{ secrets.K }}", resultPath: "data.${{ params.s }}"}
limits: {concurrency: "${{ params.n * 2 }}", perGroup: "${{ params.n }}", requestsPerSecond: "${{ params.r }}", createsPerMinute: "${{ params.n + params.r }}"}
resultSchemas: {product: {type: object}}
variables: {v: "${{ params.c }} ${{ env.COMMIT }}"}
tasks:
  - id: ${{ params.c }}-1
    task: "%v% ${{ params.n }} ${{ env.COMMIT }} ${{ env.NOT_SET ?? 'unset' }}"
    agentId: agt-${{ params.c }}
    resultSchema: ${{ params.s }}
    browserSettings: {verified: "${{ params.n > 2 }}", context: {id: "${{ env.COMMIT }}"}}
    group: ${{ params.c }}
    tags: ["${{ env.COMMIT }}"]
    if: params.n == 3 && env.COMMIT == "abc"
reports: [{path: "out/${{ params.c }}-${{ batch.id }}.csv"}]
`
	write(t, map[string]string{"tasks.yaml": text})
	env := func(name string) (string, bool) { return "abc", name == "COMMIT" }
	m, err := Load("tasks.yaml", Options{Env: env})
	if err != nil {
		t.Fatal(output(nil, err))
	}
	if m.BaseURL != "https://api.example" || m.KeySecret != "K" || m.Concurrency != 6 || m.PerGroup != 3 || m.RequestsPerSecond != 0.5 || m.CreatesPerMinute != 3.5 {
		t.Errorf("got %q %q %d %d %v %v", m.BaseURL, m.KeySecret, m.Concurrency, m.PerGroup, m.RequestsPerSecond, m.CreatesPerMinute)
	}
	if len(m.UsedSecrets()) != 0 {
		t.Errorf("got %v, want that the service's key is none of the variables' secrets", m.UsedSecrets())
	}
	one, err := m.Task("DE-1")
	if err != nil {
		t.Fatal(err)
	}
	want := `DE-1 tasks[0] "%v% 3 abc unset" agent=agt-DE settings={"verified":true,"context":{"id":"abc"}} schema={"type":"object"} v="DE abc"/"DE abc"`
	if got := show(one); got != want || one.Group != "DE" || !cmp.Equal(one.Tags, []string{"abc"}) || one.Skip != "" || one.Checks == nil || one.Checks.Path != "data.product" {
		t.Errorf("got %s %+v, want %s", got, one, want)
	}
}

// The ids that a shell completes do not wait for parameters to be given.
func TestNamesWithoutParams(t *testing.T) {
	write(t, map[string]string{"tasks.yaml": "version: 1\nparams: {must: {}, c: {default: US}}\ntasks: [{id: 'a-${{ params.c }}', task: x}, {id: 'b-${{ params.must }}', task: x}, {id: c, task: 'x ${{ params.must }}'}]\n"})
	var got []string
	for id := range Names("tasks.yaml") {
		got = append(got, id)
	}
	if diff := cmp.Diff([]string{"a-US", "", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

// What is known of a value before there is a task is known to expressions too.
func TestValuesHaveTypes(t *testing.T) {
	for expression, want := range map[string]string{
		`params.n == "5"`:     "invalid operation: == (mismatched types int and string)",
		`params.r == "5"`:     "invalid operation: == (mismatched types number and string)",
		`params.b == "true"`:  "invalid operation: == (mismatched types bool and string)",
		`params.s > 5`:        "invalid operation: > (mismatched types string and int)",
		`params.n`:            "must be true or false, and is of type int",
		`matrix.c == 5`:       "invalid operation: == (mismatched types string and int)",
		`matrix.n == "5"`:     "invalid operation: == (mismatched types int and string)",
		`env.E == 5`:          "invalid operation: == (mismatched types string and int)",
		`matrix.mixed == "a"`: "",
		`params.n > params.r && params.n < 5.5 && params.b && matrix.n + 1 == 3`: "",
	} {
		text := "version: 1\nenv: [E]\nparams: {n: {default: 5}, r: {default: 2.5}, b: {default: true}, s: {default: x}}\n" +
			"tasks: [{id: 'a-${{ matrix.c }}-${{ matrix.n }}-${{ matrix.mixed }}', task: 'x ${{ toJSON(matrix) }}', matrix: {c: [u, v], n: [2, 3], mixed: [a, 1]}, if: '" + expression + "'}]\n"
		write(t, map[string]string{"tasks.yaml": text})
		_, err := Load("tasks.yaml", Options{Env: func(string) (string, bool) { return "e", true }})
		got := ""
		for _, p := range wrongs(err) {
			got += p.Message
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", expression, got, want)
		}
	}
}

// Which rows are taken may depend on a parameter; a bad row is one, whatever the
// matrix.
func TestParamsChooseRows(t *testing.T) {
	m := load(t, `version: 1
params: {site: {default: books}}
tasks:
  - id: ${{ row.k }}-${{ matrix.c }}
    forEach: {file: d.csv, where: row.site == params.site, onBadRow: skip}
    matrix: {c: [USD, EUR]}
    task: x ${{ row.k }} ${{ matrix.c }}
`, map[string]string{"d.csv": "k,site\na,books\nb,toys\nc\n"})
	want := []string{`a-USD {"c":"USD"}`, `a-EUR {"c":"EUR"}`, "tasks[0]/row-3 "}
	if diff := cmp.Diff(want, combinations(t, m)); diff != "" {
		t.Error(diff)
	}
}
