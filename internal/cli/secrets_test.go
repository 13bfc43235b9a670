package cli_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// canaryCommands are the command lines that are searched for secrets, run one
// after the other in one folder. In tasks.yaml every secret is said in every
// place and writing, in few.yaml in every place.
var canaryCommands = [][]string{
	{"check", "tasks.yaml"},
	{"check", "few.yaml", "--json"},
	{"check", "few.yaml", "--render", "cause.SHOP_TOKEN.0"},
	{"apply", "tasks.yaml", "--progress", "plain", "-o", "out.csv", "-o", "out.tsv", "-o", "out.jsonl"},
	{"apply", "few.yaml", "--progress", "bar", "-o", "jsonl:-"},
	{"apply", "few.yaml", "-q", "-o", "csv:-"},
	{"apply", "few.yaml", "--select", "status.*", "--progress", "none"},
	{"apply", "few.yaml", "-v", "--events", "events.jsonl", "-o", "jsonl:-"},
	{"apply", "few.yaml", "--progress", "json", "--events", "-", "-o", "json.csv"},
	{"report", "tasks.yaml", "-o", "again.csv", "-o", "jsonl:-"},
	{"list"},
	{"list", "--json"},
	{"status"},
	{"status", "--json"},
	{"status", "few.yaml"},
	{"show", "cause.SHOP_TOKEN.0", "-f", "few.yaml"},
	{"show", "cause.SHOP_TOKEN.0", "-f", "few.yaml", "--json"},
	{"show", "status.SHOP_TOKEN.0", "-f", "few.yaml"},
	{"show", "cause.SHOP_TOKEN.0", "-f", "few.yaml", "--messages"},
	{"show", "cause.SHOP_TOKEN.0", "-f", "few.yaml", "--messages", "--json"},
}

// cli.md "A key never appears in … output", reports.md "JSONL": a secret that
// the service says anywhere but in a result is found in no file and no stream,
// however it is written.
func TestSecretsStayOutOfAllButResults(t *testing.T) {
	t.Parallel()
	s := newScene(t, newParrot(t, 0).URL)
	s.manifest("few.yaml", saidInRuns, 1)
	s.manifest("tasks.yaml", saidInRuns, len(writings))
	for i, args := range canaryCommands {
		if code := s.run(fmt.Sprint("command", i), args...); code != 0 && code != 1 {
			t.Errorf("%v: exit code %d: %s", args, code, s.read(fmt.Sprintf("command%d.stderr", i)))
		}
	}
	s.outcomes("out.jsonl", saidInRuns)
	for i, args := range canaryCommands {
		if slices.Contains(args, "--messages") && !strings.Contains(s.read(fmt.Sprintf("command%d.stdout", i)), "***SHOP_TOKEN***") {
			t.Errorf("%v: no message says a secret", args)
		}
	}
	s.search(false)
}

// A create that is refused, lost or never answered says no more.
func TestSecretsStayOutOfCreates(t *testing.T) {
	t.Parallel()
	s := newScene(t, newParrot(t, 0).URL)
	s.manifest("tasks.yaml", saidInCreates, 1)
	if code := s.run("apply", "apply", "tasks.yaml", "-j", "1", "--settle", "0s", "-o", "out.jsonl", "-o", "out.csv"); code != 1 {
		t.Errorf("exit code %d: %s", code, s.read("apply.stderr"))
	}
	s.outcomes("out.jsonl", saidInCreates)
	s.search(false)
	for _, word := range []string{"429", "was not confirmed"} {
		if !strings.Contains(s.read("apply.stderr"), word) {
			t.Errorf("stderr lacks %q: %s", word, s.read("apply.stderr"))
		}
	}
}

// A result that holds a secret is kept as it came, and flagged; nothing else
// shows the secret.
func TestAResultThatHoldsASecretIsFlagged(t *testing.T) {
	t.Parallel()
	s := newScene(t, newParrot(t, 0).URL)
	s.manifest("tasks.yaml", saidInResults, len(writings))
	if code := s.run("apply", "apply", "tasks.yaml", "-o", "out.csv", "-o", "out.jsonl"); code != 3 {
		t.Errorf("exit code %d: %s", code, s.read("apply.stderr"))
	}
	records := s.outcomes("out.jsonl", saidInResults)
	flagged := 0
	for _, r := range records {
		id := strings.Split(fmt.Sprint(r["id"]), ".")
		if leaked, want := fmt.Sprint(r["leaked"]), "["+id[1]+"]"; leaked != want {
			t.Errorf("%s: leaked is %s, want %s", r["id"], leaked, want)
		}
		flagged++
		delete(r, "result")
	}
	if want := fmt.Sprintf("%d results contain the value of a secret", flagged); !strings.Contains(s.read("apply.stderr"), want) {
		t.Errorf("stderr lacks %q: %s", want, s.read("apply.stderr"))
	}
	text, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	hunt(t, "out.jsonl without results", text)
	rows, err := csv.NewReader(strings.NewReader(s.read("out.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	fields := []int{slices.Index(rows[0], "ok"), slices.Index(rows[0], "text"), slices.Index(rows[0], "deep")}
	for _, row := range rows {
		for _, i := range fields {
			row[i] = ""
		}
		hunt(t, "out.csv without results", []byte(strings.Join(row, ",")))
	}
	for _, name := range []string{"out.csv", "out.jsonl"} {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.search(true)
}

// What refuses the key may say it; we don't.
func TestARefusalDoesNotShowTheKey(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{400: 5, 401: 5, 402: 5, 403: 5, 404: 5, 307: 5} {
		s := newScene(t, newParrot(t, status).URL)
		s.manifest("tasks.yaml", map[string]string{"cause": ""}, 1)
		if code := s.run("apply", "apply", "tasks.yaml"); code != want {
			t.Errorf("%d: exit code %d, want %d: %s", status, code, want, s.read("apply.stderr"))
		}
		s.search(false)
	}
}

// Addresses and files that hold a password are not shown when they are wrong.
func TestWrongSettingsAreNotShown(t *testing.T) {
	t.Parallel()
	secret := canaries["SHOP_PASSWORD"]
	for name, c := range map[string]struct {
		args, env []string
		want      int
	}{
		"flag":     {[]string{"--provider-url", "https://me:" + secret + "@agents.invalid"}, nil, 2},
		"variable": {nil, []string{"BROWSERBASE_BASE_URL=https://me:" + secret + "@agents.invalid"}, 2},
		"ours":     {nil, []string{"BBBATCH_PROVIDER_URL=https://me:" + secret + "@agents.invalid"}, 2},
		"no URL":   {nil, []string{"BROWSERBASE_BASE_URL=https://me:" + secret + "@a gents.invalid:x"}, 2},
		"query":    {nil, []string{"BROWSERBASE_BASE_URL=https://agents.invalid/?key=" + secret}, 2},
		"proxy":    {nil, []string{"BROWSERBASE_BASE_URL=http://agents.invalid", "HTTP_PROXY=http://me:" + secret + "@127.0.0.1:1"}, 5},
		"key":      {nil, []string{"BROWSERBASE_API_KEY=" + secret + "\n"}, 2},
		"env file": {[]string{"--env-file", "wrong.env"}, nil, 2},
		"unquoted": {[]string{"--env-file", "unquoted.env"}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, "http://127.0.0.1:1")
			s.manifest("tasks.yaml", map[string]string{"cause": ""}, 1)
			s.env = append(s.env, c.env...)
			outside := t.TempDir()
			for i, arg := range c.args {
				if strings.HasSuffix(arg, ".env") {
					c.args[i] = filepath.Join(outside, arg)
				}
			}
			for file, text := range map[string]string{"wrong.env": secret + "\n", "unquoted.env": "SHOP_TOKEN=\"" + secret + "\n"} {
				if err := os.WriteFile(filepath.Join(outside, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if code := s.run("apply", append([]string{"apply", "tasks.yaml"}, c.args...)...); code != c.want {
				t.Errorf("exit code %d, want %d: %s", code, c.want, s.read("apply.stderr"))
			}
			s.search(false)
		})
	}
}

// A scene is a folder in which the program runs with the secrets set.
type scene struct {
	t   *testing.T
	dir string
	env []string
}

func newScene(t *testing.T, base string) *scene {
	env := []string{asProgram + "=1", "BROWSERBASE_BASE_URL=" + base}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SystemRoot"} {
		env = append(env, name+"="+os.Getenv(name))
	}
	for name, value := range canaries {
		env = append(env, name+"="+value)
	}
	return &scene{t: t, dir: t.TempDir(), env: env}
}

// manifest writes a task for each place, secret and writing.
func (s *scene) manifest(file string, places map[string]string, writings int) {
	var b strings.Builder
	b.WriteString(`version: 1
secrets: [SHOP_PASSWORD, SHOP_TOKEN, SHOP_LINK, BROWSERBASE_API_KEY]
limits: {concurrency: 50, requestsPerSecond: 2000}
defaults:
  variables:
    password: "${{ secrets.SHOP_PASSWORD }}"
    token: "Bearer ${{ secrets.SHOP_TOKEN }}, for ${{ secrets.SHOP_PASSWORD }}"
    link: {value: "${{ secrets.SHOP_LINK }}", description: where to}
    key: "${{ secrets.BROWSERBASE_API_KEY }}"
  resultSchema:
    type: object
    required: [ok]
    additionalProperties: false
    properties:
      ok: {type: boolean}
      text: {type: string}
      deep: {type: object, additionalProperties: false}
tasks:
`)
	for _, place := range slices.Sorted(maps.Keys(places)) {
		for _, name := range slices.Sorted(maps.Keys(canaries)) {
			for n := range writings {
				more := ""
				if place == "stop-500" {
					more = ", timeout: 100ms"
				}
				fmt.Fprintf(&b, "  - {id: %s.%s.%d, task: '%s %s %d with %%password%% %%token%% %%link%% %%key%%'%s}\n", place, name, n, place, name, n, more)
				if writings == 1 && strings.HasPrefix(place, "create-") {
					fmt.Fprintf(&b, "  - {id: calm.%s.%s, task: 'calm %s 0 %%password%% %%token%% %%link%% %%key%%'}\n", place, name, name)
				}
			}
			if writings == 1 && name != "SHOP_TOKEN" && strings.HasPrefix(place, "create-") {
				break // each of these holds the next ones back for a second
			}
		}
	}
	s.write(file, b.String())
}

func (s *scene) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// run runs the program and keeps what it prints in NAME.stdout and NAME.stderr.
func (s *scene) run(name string, args ...string) int {
	s.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	s.write(name+".stdout", stdout.String())
	s.write(name+".stderr", stderr.String())
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// outcomes checks how the tasks ended, and returns their records.
func (s *scene) outcomes(report string, places map[string]string) []map[string]any {
	s.t.Helper()
	var records []map[string]any
	for line := range strings.Lines(s.read(report)) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatal(err)
		}
		place, _, _ := strings.Cut(fmt.Sprint(r["id"]), ".")
		want := places[place]
		if want == "" {
			want = "passed"
		}
		if r["outcome"] != want {
			s.t.Errorf("%s: outcome %s, want %s: %.300s", r["id"], r["outcome"], want, line)
		}
		records = append(records, r)
	}
	if len(records) < len(places) {
		s.t.Errorf("got %d records, want %d at least", len(records), len(places))
	}
	return records
}

// search looks for the secrets in every file of the folder and in every row of
// the ledger: with results in all but those.
func (s *scene) search(results bool) {
	s.t.Helper()
	var ledgers []string // read last: reading takes the write-ahead log away
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		ledger := strings.HasPrefix(entry.Name(), "ledger.db")
		if entry.Name() == "ledger.db" {
			ledgers = append(ledgers, path)
		}
		if results && ledger {
			return nil
		}
		text, err := os.ReadFile(path)
		hunt(s.t, entry.Name(), text)
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	for _, path := range ledgers {
		s.searchLedger(path, results)
	}
}

func (s *scene) searchLedger(path string, results bool) {
	s.t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, table := range []string{"batches", "tasks", "progress", "attempts", "results", "verdicts", "schemas", "agents", "events"} {
		if results && table == "results" {
			continue
		}
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			s.t.Fatal(err)
		}
		columns, _ := rows.Columns()
		values := make([]any, len(columns))
		for rows.Next() {
			cells := make([]sql.NullString, len(columns))
			for i := range cells {
				values[i] = &cells[i]
			}
			if err := rows.Scan(values...); err != nil {
				s.t.Fatal(err)
			}
			for i, c := range cells {
				hunt(s.t, "ledger, "+table+"."+columns[i], []byte(c.String))
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// hunt fails the test when a text holds a secret, or the first ten characters
// of one, in any writing.
func hunt(t *testing.T, where string, text []byte) {
	t.Helper()
	for name, value := range canaries {
		begin := string([]rune(value)[:10])
		escaped, _ := json.Marshal(value)
		needles := []string{value, begin, string(escaped), url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value)}
		short, _ := json.Marshal(begin)
		needles = append(needles, strings.Trim(string(short), `"`), url.QueryEscape(begin), url.PathEscape(begin), html.EscapeString(begin))
		needles = append(needles, strings.ToLower(url.QueryEscape(begin)))
		for before := range 3 { // "me:" and the like come before it
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", before) + begin))
			needles = append(needles, encoded[before+1:len(encoded)-2])
		}
		for _, needle := range needles {
			if i := bytes.Index(text, []byte(needle)); i >= 0 {
				t.Errorf("%s holds %s as %q: %.300q", where, name, needle, text[max(0, i-120):])
				return
			}
		}
	}
}
