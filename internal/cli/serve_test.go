package cli_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/internal/server"
)

// serve starts an agents API that answers from rules, and returns its address.
func serve(t *testing.T, rules string) string {
	t.Helper()
	agent, err := server.Script(strings.NewReader(rules))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Agent: agent, Concurrency: 100})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.CloseClientConnections()
		h.Close()
		_ = s.Close()
	})
	return h.URL
}

// writeTasks makes a folder with a manifest of so many tasks, of which every
// seventh says "bad".
func writeTasks(t *testing.T, count int) (dir string) {
	t.Helper()
	var m strings.Builder
	m.WriteString("version: 1\nlimits: {requestsPerSecond: 200}\nresultSchemas:\n  p: {type: object, properties: {price: {type: number}}}\ndefaults: {resultSchema: p}\ntasks:\n")
	for i := range count {
		word := "good"
		if i%7 == 3 {
			word = "bad"
		}
		fmt.Fprintf(&m, "  - {id: task-%d, task: do %s %d}\n", i, word, i)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tasks.yaml"), []byte(m.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
