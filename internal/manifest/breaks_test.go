package manifest

import (
	"strings"
	"testing"
)

// U+0085, U+2028 and U+2029 end no line for an editor, so that they move no
// place of what comes after them, wherever they stand.
func TestOddBreaks(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"version: 1\ndescription: \"a$b\"\ntasks: [{task: \"x$ y\", timeout: soon}]\n", "3:33"},
		{"version: 1\n# a$# b\ntasks: [{task: x, timeout: soon}]\n", "3:28"},
		{"version: 1\ndescription: 'a$$b'\ntasks:\n  - task: 'x$y %none%'\n", "4:16"},
		{"version: 1\ndescription: |\n  a$  b\n  c\ntasks:\n  - timeout: soon\n    task: x\n", "6:14"},
		{"version: 1\ntasks:\n  - task: |\n      a$      b\n      open %none%\n", "5:12"},
		{"version: 1\ntasks:\n  - task: |\n      a\n      open %none%\n  - {task: \"$\"}\n", "5:12"},
		{"version: 1\nname: \"a$b\n", "2:7"},
		{"version: 1\ndescription: \"a$b\"\ntasks: [{task: x}]\n---\na: b\n", "5:1"},
		{"version: 1\ndescription: \"a$b\"\ntasks:\n  - task: x\n   id: a\n", "5:4"},
	} {
		for _, odd := range []string{"\u0085", "\u2028", "\u2029"} {
			_, err := Load("-", Options{Stdin: strings.NewReader(strings.ReplaceAll(c.text, "$", odd)), Dir: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), "-:"+c.want+": ") {
				t.Errorf("%q with %+q: got %v, want a problem at %s", c.text, odd, err, c.want)
			}
		}
	}
}

// Nor do they in schema files.
func TestOddBreaksInSchemas(t *testing.T) {
	for name, text := range map[string]string{
		"a.json": "{\"title\": \"a\u2028b\u2029\",\n \"type\": \"array\"}",
		"a.yaml": "title: \"a\u2028b\u0085c\"\ntype:  array\n",
	} {
		write(t, map[string]string{"tasks.yaml": "version: 1\nresultSchemas: {a: {$ref: " + name + "}}\ntasks: [{task: x, resultSchema: a}]\n", name: text})
		want := map[string]string{"a.json": "a.json:2:10: ", "a.yaml": "a.yaml:2:8: "}[name]
		if _, err := Load("tasks.yaml", Options{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
