package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever YAML makes of an expression, the place is told and what to do.
func TestMangledExpressions(t *testing.T) {
	const (
		single = "version: 1\ntasks:\n  - task: a\n    if: "
		entry  = "version: 1\ntasks:\n  - task: a\n    expect:\n      - "
		whole  = "version: 1\nbatchExpect:\n  # of all\n  - passed > 0\n  - "
		flow   = "version: 1\ntasks:\n  - {task: a, expect: [{that: "
		that   = "version: 1\ntasks:\n  - task: a\n    expect:\n      - because: x\n        that: "
		where  = "version: 1\ntasks: [{task: a}]\nreports:\n  - path: a.csv\n    where: "
		column = "version: 1\ntasks: [{task: a}]\nreports:\n  - path: a.csv\n    columns: ["
		tag    = "must be an expression, and YAML takes what begins with ! for a tag"
		ends   = `the expression ends here: in YAML " #" starts a comment`
	)
	for _, c := range []struct{ before, source, place, message string }{
		{single, `!params.x`, "4:9: tasks[0].if", tag},
		{single, `! params.x`, "4:9: tasks[0].if", tag},
		{single, `!(env.A == "x")`, "4:9: tasks[0].if", tag},
		{entry, `!result.sold`, "5:9: tasks[0].expect[0]", tag},
		{whole, `!unique("result.a")`, "5:5", tag},
		{where, `!result.sold`, "5:12: reports[0].where", tag},
		{column, `!result.sold ]`, "5:15: reports[0].columns[0]", tag},

		{entry, `any(result.items, # > 3)`, "5:27: tasks[0].expect[0]", ends},
		{that, `result.name == "a #1"`, "6:33: tasks[0].expect[0].that", ends},
		{where, `result.é == "a   # 1"`, "5:29: reports[0].where", ends},
		{entry, "result.name ==\n        'a' and result.b == 'x #1'", "6:32: tasks[0].expect[0]", ends},
		{flow, `any(result.items, # > 3)}]}`, "3:49", `in YAML " #" starts a comment, and the value is not closed before it`},

		{single, `params.a ? true : false`, "4:25", `a second ": " in a value`},
		{entry, `result.a ? true : false`, "5:9: tasks[0].expect[0]", "must be an expression, not a map"},
		{entry, `result == {"a": 1}`, "5:9: tasks[0].expect[0]", "must be an expression, not a map"},
		{that, `result == {"a": 1}`, "6:29", `a second ": " in a value`},
		{entry, `result.a:`, "5:9: tasks[0].expect[0]", "must be an expression, not a map"},
		{single, `params.a:`, "4:17", `a second ": " in a value`},
		{single, `{a: 1}`, "4:9: tasks[0].if", "must be an expression, not a map"},
		{single, `[params.a]`, "4:9: tasks[0].if", "must be an expression, not a list"},
		{single, `{"a": 1} == params`, "4:18", "there is more text after the closing bracket"},
		{entry, `[1, 2] == result.a`, "5:16", "there is more text after the closing bracket"},
		{whole, `[1, 2] == [passed, total]`, "5:12", "there is more text after the closing bracket"},
		{entry, `? result.a`, "5:9: tasks[0].expect[0]", "must be an expression, not a map"},
		{entry, `- result.a`, "5:9: tasks[0].expect[0]", "must be an expression, not a list"},

		{entry, `*x`, "5:9", "unknown anchor 'x' referenced"},
		{single, `&x == 1`, "4:9: tasks[0].if", "must be an expression, and YAML takes what begins with & for the name of a value"},
		{entry, ``, "5:8: tasks[0].expect[0]", "must be an expression, not null"},
		{single, `#params.a == 1`, "4:8: tasks[0].if", "must be an expression, not null"},
		{where, `~`, "5:12: reports[0].where", "must be an expression, not null"},
		{single, `@a`, "4:9", "a value cannot start with @"},
		{entry, "`x` == result.a", "5:9", "a value cannot start with `"},
		{that, `"a" == result.b`, "6:19", "there is more text after the closing quote"},
		{whole, `'a' == 'b'`, "5:9", "there is more text after the closing quote"},
		{single, `> 5`, "4:9", "after > the text begins on the next line"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "t.yaml")
		if err := os.WriteFile(path, []byte(c.before+c.source+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, Options{})
		got := strings.ReplaceAll(output(nil, err), filepath.ToSlash(path)+":", "")
		if want := c.place + ": " + c.message + "\nhint: quote the expression\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", c.source, got, want)
		}
	}
}

// Beside expressions nothing is said of them.
func TestOtherListsAreNoExpressions(t *testing.T) {
	for _, text := range []string{
		"version: 1\ntasks:\n  - task: a\n    expect:\n      - result.a\n  - tags:\n      - \"x\" y\n",
		"version: 1\ntasks:\n  - task: \"a\" b\n    if: 1 < 2\n",
		"version: 1\nbatchExpect:\n  - passed > 1\nsecrets:\n- @a\n",
	} {
		path := filepath.Join(t.TempDir(), "t.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, Options{})
		if got := output(nil, err); !strings.Contains(got, "quote the value") {
			t.Errorf("%s: got %s, want the hint of other values", text, got)
		}
	}
}

// An expression with a comment behind it, or an anchor before it, is none that
// YAML has mangled.
func TestExpressionsThatOnlyLookMangled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.yaml")
	text := `version: 1
batchExpect:
  - passed > 0 # of all
  - &most share("outcome == \"passed\"") > 0.5
tasks:
  - task: a
    if: 1 < 2   # always
    expect:
      - result.a == 1 # the usual
      - &cond result.b == 2
      - {that: *cond, because: x}
      - "!result.c"
      - 'any(result.items, # > 3)'
      - |
        result.d == {"a": 1}
      - >-
        result.e ? true
        : false
      - true
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Load(path, Options{})
	if err != nil {
		t.Fatal(output(m, err))
	}
}
