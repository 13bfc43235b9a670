package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bbbatch/bbbatch"

// arrows lists every package of ours by its folder, with those of ours that it
// may import. "." is the command. A new package, and a new arrow, is added here
// in the commit that makes it; docs/architecture.md draws the same picture.
var arrows = map[string][]string{
	".": {"internal/cli"},
	"internal/cli": {
		"api", "api/browserbase", "batch", "internal/diff", "internal/expr", "internal/failpoint", "internal/ledger", "internal/manifest",
		"internal/proc", "internal/provider", "internal/server", "report", "schema",
	},
	"report":             {"batch", "internal/failpoint", "schema"},
	"internal/manifest":  {"batch", "internal/expr", "schema"},
	"internal/provider":  {"api", "api/browserbase", "batch"},
	"internal/ledger":    {"batch", "internal/failpoint"},
	"internal/diff":      {"batch", "schema"},
	"batch":              {"internal/failpoint", "schema"},
	"api/browserbase":    {"api"},
	"internal/server":    {},
	"internal/expr":      {},
	"internal/failpoint": {},
	"internal/proc":      {},
	"schema":             {},
	"api":                {},
}

// suites are conformance tests, and what tests share, in packages of their own: they import what they
// like, and nothing but a test imports them.
var suites = []string{"internal/ledger/ledgertest", "internal/provider/providertest", "report/terminaltest"}

// owners names the one package that may import a library. A key stands for the
// import path and everything below it.
var owners = map[string]string{
	"github.com/spf13/cobra":                "internal/cli",
	"golang.org/x/term":                     "internal/cli",
	"gopkg.in/yaml.v3":                      "internal/manifest",
	"github.com/santhosh-tekuri/jsonschema": "schema",
	"database/sql":                          "internal/ledger",
	"modernc.org":                           "internal/ledger",
	"github.com/schollz/progressbar":        "report",
	"github.com/expr-lang/expr":             "internal/expr",
}

// process lists what reaches the environment or the standard streams. Only the
// command and internal/cli use it; "*" is every name of the package.
var process = map[string][]string{
	"os":  {"Clearenv", "Environ", "ExpandEnv", "Getenv", "LookupEnv", "Setenv", "Unsetenv", "Stderr", "Stdin", "Stdout"},
	"fmt": {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"log": {"*"},
}

// Every import between our packages is an arrow of the table, every library
// has its owner, and the process's surroundings belong to the command line.
func TestImports(t *testing.T) {
	checked := 0
	for _, name := range sources(t) {
		text, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range violations(t, name, string(text)) {
			t.Error(v)
		}
		checked++
	}
	if checked < 10 {
		t.Errorf("got %d source files, want all of the module's: the walk is broken", checked)
	}
}

// The rules find what they forbid.
func TestImportRules(t *testing.T) {
	tests := []struct{ name, file, source, want string }{
		{"an arrow that exists", "batch/run.go", `package batch; import _ "` + module + `/schema"`, ""},
		{"an arrow backwards", "schema/a.go", `package schema; import _ "` + module + `/batch"`,
			"schema/a.go:1: schema may not import batch"},
		{"the server reads the document by itself", "internal/server/a.go", `package server; import _ "` + module + `/api"`,
			"internal/server/a.go:1: internal/server may not import api"},
		{"a suite outside tests", "internal/cli/a.go", `package cli; import _ "` + module + `/internal/ledger/ledgertest"`,
			"internal/cli/a.go:1: internal/cli may not import internal/ledger/ledgertest"},
		{"a suite itself", "internal/ledger/ledgertest/a.go", `package ledgertest; import _ "` + module + `/internal/ledger"`, ""},
		{"the command around the command line", "main.go", `package main; import _ "` + module + `/batch"`,
			"main.go:1: . may not import batch"},
		{"an unlisted package", "util/a.go", `package util`,
			"util/a.go: package util is in no arrow; list it in imports_test.go"},
		{"a library with its owner", "schema/a.go", `package schema; import _ "github.com/santhosh-tekuri/jsonschema/v6"`, ""},
		{"a library elsewhere", "batch/a.go", `package batch; import _ "github.com/santhosh-tekuri/jsonschema/v6"`,
			"batch/a.go:1: only schema may import github.com/santhosh-tekuri/jsonschema/v6"},
		{"a driver elsewhere", "report/a.go", `package report; import _ "modernc.org/sqlite"`,
			"report/a.go:1: only internal/ledger may import modernc.org/sqlite"},
		{"a library with the owner's name as a prefix", "report/a.go", `package report; import _ "gopkg.in/yaml.v3x"`, ""},
		{"the environment", "api/a.go", "package api\nimport \"os\"\nvar k = os.Getenv(\"KEY\")",
			"api/a.go:3: os.Getenv belongs to internal/cli"},
		{"a stream by another name", "api/a.go", "package api\nimport sys \"os\"\nvar w = sys.Stderr",
			"api/a.go:3: os.Stderr belongs to internal/cli"},
		{"a stream by no name", "api/a.go", "package api\nimport . \"os\"\nvar w = Stderr",
			"api/a.go:2: a dot import of os could hide a use of the environment or a stream"},
		{"stdout by fmt", "report/a.go", "package report\nimport \"fmt\"\nfunc f() { fmt.Println() }",
			"report/a.go:3: fmt.Println belongs to internal/cli"},
		{"stderr by log", "batch/a.go", "package batch\nimport \"log\"\nfunc f() { log.Fatal() }",
			"batch/a.go:3: log.Fatal belongs to internal/cli"},
		{"stderr by the language", "batch/a.go", "package batch\nfunc f() { println() }",
			"batch/a.go:2: println belongs to internal/cli"},
		{"the owner of the streams", "internal/cli/a.go", "package cli\nimport \"os\"\nvar w = os.Stdout", ""},
		{"harmless neighbours", "batch/a.go", "package batch\nimport (\"fmt\"; \"os\")\nvar _, _ = fmt.Sprint(), os.ErrNotExist", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(violations(t, test.file, test.source), "\n")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// sources returns the slash-separated names of the module's Go files, whatever
// their build tags, without tests and fixtures.
func sources(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// violations returns what the file breaks, as "file:line: rule".
func violations(t *testing.T, name, source string) []string {
	t.Helper()
	pkg := path.Dir(name)
	if slices.Contains(suites, pkg) {
		return nil
	}
	allowed, listed := arrows[pkg]
	if !listed {
		return []string{fmt.Sprintf("%s: package %s is in no arrow; list it in imports_test.go", name, pkg)}
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	report := func(pos token.Pos, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s:%d: ", name, files.Position(pos).Line)+fmt.Sprintf(format, args...))
	}

	guarded := map[string]string{} // local name -> import path of process
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(target, module+"/"); ok && !slices.Contains(allowed, ours) {
			report(spec.Pos(), "%s may not import %s", pkg, ours)
		}
		for library, owner := range owners {
			if (target == library || strings.HasPrefix(target, library+"/")) && pkg != owner {
				report(spec.Pos(), "only %s may import %s", owner, target)
			}
		}
		if _, ok := process[target]; ok {
			local := target
			if spec.Name != nil {
				local = spec.Name.Name
			}
			if local == "." && pkg != "." && pkg != "internal/cli" {
				report(spec.Pos(), "a dot import of %s could hide a use of the environment or a stream", target)
			}
			guarded[local] = target
		}
	}

	if pkg == "." || pkg == "internal/cli" {
		return found
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			target := guarded[x.Name]
			if names := process[target]; slices.Contains(names, n.Sel.Name) || slices.Contains(names, "*") {
				report(n.Pos(), "%s.%s belongs to internal/cli", target, n.Sel.Name)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
				report(n.Pos(), "%s belongs to internal/cli", f.Name)
			}
		}
		return true
	})
	return found
}
