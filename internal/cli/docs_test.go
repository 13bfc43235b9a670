package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/internal/server"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// docs/local-server.md names every fault that there is.
func TestTheFaultsAreDocumented(t *testing.T) {
	doc := readDoc(t, "docs/local-server.md")
	names := regexp.MustCompile(`(?m)^  ([a-z0-9-]+)`).FindAllStringSubmatch(server.FaultHelp(), -1)
	if len(names) < 20 {
		t.Fatalf("got %d faults, want 20 at least", len(names))
	}
	for _, n := range names {
		if !regexp.MustCompile("`" + n[1] + "[`=]").MatchString(doc) {
			t.Errorf("docs/local-server.md does not name the fault %s", n[1])
		}
	}
}

// docs/reliability.md cites tests, and those are there.
func TestTheTestsThatAreCitedExist(t *testing.T) {
	var sources strings.Builder
	for _, dir := range []string{"api", "batch", "internal/cli", "internal/ledger"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	cited := 0
	for _, row := range regexp.MustCompile(`(?m)^\|.*\|(.*)\|$`).FindAllStringSubmatch(readDoc(t, "docs/reliability.md"), -1) {
		for _, name := range regexp.MustCompile("`([A-Za-z0-9-]+)`").FindAllStringSubmatch(row[1], -1) {
			cited++
			_, err := os.Stat(filepath.Join("testdata", "script", name[1]+".txtar"))
			if err != nil && !strings.Contains(sources.String(), "func "+name[1]+"(t *testing.T)") {
				t.Errorf("docs/reliability.md cites %s, which is no test", name[1])
			}
		}
	}
	if cited < 30 {
		t.Errorf("got %d tests cited, want 30 at least", cited)
	}
}
