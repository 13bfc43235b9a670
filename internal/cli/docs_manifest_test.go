package cli_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// manualPage is the reference of the manifest, whose examples are run.
const manualPage = "docs/manifest.md"

// A manualBlock is a fenced block of the page. The first word behind the fence
// is its language; then "check" says that a manifest is not run, and a word with
// a dot that the block is a file of that name.
type manualBlock struct {
	language, word string
	text           string
	from, to       int // of the text in the page
	line           int
}

var manualFence = regexp.MustCompile("(?ms)^```([a-z]*)( [^\n]+)?\n(.*?)^```$")

func manualBlocks(page string) []manualBlock {
	var all []manualBlock
	for _, m := range manualFence.FindAllStringSubmatchIndex(page, -1) {
		b := manualBlock{language: page[m[2]:m[3]], text: page[m[6]:m[7]], from: m[6], to: m[7], line: 1 + strings.Count(page[:m[6]], "\n")}
		if m[4] >= 0 {
			b.word = strings.TrimSpace(page[m[4]:m[5]])
		}
		all = append(all, b)
	}
	return all
}

func (b manualBlock) isFile() bool     { return strings.Contains(b.word, ".") }
func (b manualBlock) isManifest() bool { return b.language == "yaml" && !b.isFile() }

// A manualExample is a manifest of the page with the commands that follow it.
type manualExample struct {
	page     string
	manifest manualBlock
	consoles []manualBlock
}

// Every manifest of docs/manifest.md is run with --local and passes, or, where
// it says so, is checked; what commands print that follow one is what they do
// print, and UPDATE=1 writes it anew. A manifest that is a part of one is
// completed with parts of the first.
func TestTheManifestReferenceRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("many processes, each on its own")
	}
	page := readDoc(t, manualPage)
	var examples []manualExample
	files := map[string]string{}
	for _, b := range manualBlocks(page) {
		switch {
		case b.isFile():
			files[b.word] = b.text
		case b.isManifest():
			examples = append(examples, manualExample{page: manualPage, manifest: b})
		case b.language == "console":
			last := &examples[len(examples)-1]
			last.consoles = append(last.consoles, b)
		default:
			t.Errorf("%s:%d: a block is yaml, console or a file, not %q", manualPage, b.line, b.language)
		}
	}
	if len(examples) < 30 {
		t.Fatalf("got %d examples, want one for each key", len(examples))
	}
	first := parts(examples[0].manifest.text)
	printed := make([][]string, len(examples)) // by console
	t.Run("examples", func(t *testing.T) {
		for i, e := range examples {
			t.Run(fmt.Sprintf("line %d", e.manifest.line), func(t *testing.T) {
				t.Parallel()
				if runtime.GOOS == "windows" && strings.Contains(e.manifest.text, ".sh") {
					t.Skip("a shell is the program")
				}
				printed[i] = e.run(t, first, files)
			})
		}
	})
	if os.Getenv("UPDATE") == "" {
		return
	}
	for i, e := range slices.Backward(examples) {
		for j, console := range slices.Backward(e.consoles) {
			if j < len(printed[i]) && !sameLines(printed[i][j], console.text) {
				page = page[:console.from] + printed[i][j] + page[console.to:]
			}
		}
	}
	if err := os.WriteFile(filepath.Join("..", "..", filepath.FromSlash(manualPage)), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readmeFiles are what the manifest of the README needs.
var readmeFiles = map[string]string{
	"products.csv": "sku,name,max_price,on_sale\n00417,sencha,12.00,no\n00422,assam,10.00,yes\n",
	"tell.sh":      "echo told somebody\n",
	"bad.yaml": `version: 1
resultSchemas:
  product:
    type: object
tasks:
  - id: a
    task: Return the price.
    resultSchema: prodcut
  - id: b
    task: Return the price.
    timeout: soon
`,
}

// The manifest that the README explains loads without a warning, and the
// commands below it print what they do.
func TestTheManifestOfTheReadmeRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a shell is the program")
	}
	t.Parallel()
	files := maps.Clone(readmeFiles)
	for file, page := range map[string]string{
		"site/eu/shelf/sencha.html": "sencha", "site/eu/shelf/assam.html": "assam", "site/eu/sale/assam.html": "assam",
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "manual", "site", page+".html"))
		if err != nil {
			t.Fatal(err)
		}
		files[file] = string(text)
	}
	e := manualExample{page: "README.md"}
	for _, b := range manualBlocks(readDoc(t, e.page)) {
		switch {
		case b.isManifest() && e.manifest.text == "":
			e.manifest, files["prices.yaml"] = b, b.text
		case b.language == "console" && e.manifest.text != "" && len(e.consoles) < 2:
			e.consoles = append(e.consoles, b)
		}
	}
	if len(e.consoles) < 2 {
		t.Fatal("README.md has no manifest with commands below it")
	}
	e.run(t, nil, files)
}

// run returns what each console would show.
func (e manualExample) run(t *testing.T, first []string, files map[string]string) []string {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "manual"))); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(name, text)
	}
	write("tasks.yaml", completed(e.manifest.text, first))
	if len(e.consoles) == 0 {
		command := []string{"apply", "tasks.yaml", "--local", "--progress", "none"}
		if e.manifest.word == "check" {
			command = []string{"check", "tasks.yaml"}
		}
		out, code := manualCommand(t, dir, command)
		if code != 0 || strings.Contains(out, "warning") {
			t.Errorf("%s:%d: bbbatch %s ends with %d and says:\n%s", manualPage, e.manifest.line, strings.Join(command, " "), code, out)
		}
		return nil
	}
	var all []string
	for _, console := range e.consoles {
		got := manualConsole(t, dir, console)
		if !sameLines(got, console.text) && os.Getenv("UPDATE") == "" {
			t.Errorf("%s:%d: got\n%swant\n%s", e.page, console.line, got, console.text)
		}
		all = append(all, got)
	}
	return all
}

// parts splits a manifest into its keys with what belongs to each.
func parts(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if len(all) == 0 || regexp.MustCompile(`^[a-zA-Z]`).MatchString(line) {
			all = append(all, "")
		}
		all[len(all)-1] += line
	}
	return all
}

// completed adds what a manifest lacks of the first one. It comes last, so that
// lines are those of the page.
func completed(text string, first []string) string {
	for _, part := range first {
		key, _, _ := strings.Cut(part, ":")
		if key != "name" && !strings.HasPrefix(text, key+":") && !strings.Contains(text, "\n"+key+":") {
			text += part
		}
	}
	return text
}

// manualConsole runs the commands of a console block and returns them with
// what they print. Of a shell it knows what the page needs: the last exit code,
// showing a file, and rows on standard input.
func manualConsole(t *testing.T, dir string, b manualBlock) string {
	var out strings.Builder
	code := 0
	for line := range strings.Lines(b.text) {
		command, isCommand := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if !isCommand {
			continue
		}
		fmt.Fprintf(&out, "$ %s\n", command)
		words := strings.Fields(command)
		switch {
		case command == "echo $?":
			fmt.Fprintln(&out, code)
		case words[0] == "cat":
			text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(words[1])))
			if err != nil {
				t.Errorf("%s:%d: %v", manualPage, b.line, err)
			}
			out.Write(text)
		case words[0] == "bbbatch":
			var said string
			said, code = manualCommand(t, dir, words[1:])
			out.WriteString(said)
		default:
			t.Fatalf("%s:%d: %s is no command of this test", manualPage, b.line, words[0])
		}
	}
	text := out.String()
	for _, v := range manualVolatile {
		text = v.find.ReplaceAllString(text, v.put)
	}
	return text
}

// What differs from run to run, and what stands for it on the page.
var manualVolatile = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`(?m)  \d+(\.\d+)?m?s(  |$)`), "  0.0s$2"},
	{regexp.MustCompile(`\d+(\.\d+)?m?s of run time`), "0.0s of run time"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "f6a4cf29-7520-40f5-a9c6-44c7e7408d48"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "2026-11-22T09:15:00.000Z"},
	{regexp.MustCompile(`Z,\d+\.\d{3},`), "Z,0.000,"},
	{regexp.MustCompile(`-\d{4}-\d\d-\d\d\.`), "-2026-11-22."},
	{regexp.MustCompile(` [0-9a-f]{8}\n`), " 8f4f5db5\n"},
}

// manualCommand runs bbbatch in a folder and returns what it prints, and its
// exit code. "< FILE" at the end is standard input.
func manualCommand(t *testing.T, dir string, args []string) (string, int) {
	t.Helper()
	var stdin *os.File
	if n := len(args); n > 2 && args[n-2] == "<" {
		file, err := os.Open(filepath.Join(dir, args[n-1]))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		stdin, args = file, args[:n-2]
	}
	for i, arg := range args {
		args[i] = strings.Trim(arg, `'`)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if stdin != nil {
		cmd.Stdin = stdin
	}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "BBBATCH_") && !strings.HasPrefix(pair, "BROWSERBASE_") && !strings.HasPrefix(pair, "CI=") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(cmd.Env, asProgram+"=1", "TZ=UTC", "CI_COMMIT=4f2a91c",
		"SHOP_USER=buyer-of-tea", "SHOP_PASSWORD=not-a-real-one", "OTHER_KEY=not-a-real-key-12345")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// sameLines compares two texts whose lines may come in any order: tasks end as
// they like.
func sameLines(a, b string) bool {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
