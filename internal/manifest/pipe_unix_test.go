//go:build unix

package manifest

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe in the place of a data file or a schema file is refused, not waited for.
func TestPipes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.csv", "a.jsonl", "a.json"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Skip(err)
		}
	}
	for _, task := range []string{
		`{id: "${{ row.x }}", task: x, forEach: a.csv}`,
		`{id: "${{ row.x }}", task: x, forEach: a.jsonl}`,
		`{task: x, resultSchema: {$ref: a.json}}`,
	} {
		in := strings.NewReader("version: 1\ntasks: [" + task + "]\n")
		_, err := Load("-", Options{Stdin: in, Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "it is not a regular file") {
			t.Errorf("%s: got %v", task, err)
		}
	}
}
