package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// A fence is a block of a document, with the language that it names.
type fence struct {
	language, text string
	line           int
}

var fences = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func fencesOf(t *testing.T, name string) []fence {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	var all []fence
	for _, m := range fences.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, fence{text[m[2]:m[3]], text[m[4]:m[5]], strings.Count(text[:m[4]], "\n") + 1})
	}
	return all
}

var (
	commandInDocs = regexp.MustCompile(`(?:^|[\s(/;&|])bbbatch((?: +[^\s|;&()<>#]+)+)`)
	redirection   = regexp.MustCompile(`\s\d?>.*`)
)

// commandsOf lists the arguments of every bbbatch that a block calls.
func commandsOf(f fence) [][]string {
	var all [][]string
	for line := range strings.Lines(f.text) {
		line = redirection.ReplaceAllString(strings.TrimSpace(line), "")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if f.language == "console" {
			var isCommand bool
			if line, isCommand = strings.CutPrefix(line, "$ "); !isCommand {
				continue
			}
		}
		line = strings.ReplaceAll(line, "go run . ", "bbbatch ")
		if strings.HasPrefix(line, "go ") { // go build -o bbbatch .
			continue
		}
		for _, m := range commandInDocs.FindAllStringSubmatch(line, -1) {
			all = append(all, strings.Fields(m[1]))
		}
		if list, ok := strings.CutPrefix(line, "args: ["); ok { // of a container
			list = strings.NewReplacer(",", "", `"`, "", "]", "").Replace(list)
			all = append(all, strings.Fields(list))
		}
	}
	return all
}

// Every command line of the documentation is one that the program takes: its
// command and its flags exist, and the flags' values are good.
func TestTheCommandsOfTheDocumentationExist(t *testing.T) {
	for name, least := range map[string]int{"README.md": 5, "docs/operations.md": 9, "docs/local-server.md": 1} {
		found := 0
		for _, f := range fencesOf(t, name) {
			switch f.language {
			case "console", "sh", "yaml", "ini":
			default:
				continue
			}
			for _, args := range commandsOf(f) {
				found++
				root := newRoot(Sys{Getenv: func(string) string { return "" }}, nil)
				cmd, rest, err := root.Find(args)
				if err != nil {
					t.Errorf("%s:%d: bbbatch %s: %v", name, f.line, strings.Join(args, " "), err)
					continue
				}
				cmd.InitDefaultHelpFlag()
				if err := cmd.ParseFlags(rest); err != nil {
					t.Errorf("%s:%d: bbbatch %s: %v", name, f.line, strings.Join(args, " "), err)
				} else if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
					t.Errorf("%s:%d: bbbatch %s: %v", name, f.line, strings.Join(args, " "), err)
				}
			}
		}
		t.Logf("%s: %d commands", name, found)
		if found < least {
			t.Errorf("%s: found %d commands, want %d at least", name, found, least)
		}
	}
}

// Every YAML block of the documentation is YAML.
func TestTheYAMLOfTheDocumentationParses(t *testing.T) {
	for _, name := range []string{"README.md", "docs/operations.md"} {
		found := 0
		for _, f := range fencesOf(t, name) {
			if f.language != "yaml" {
				continue
			}
			found++
			var doc map[string]any
			if err := yaml.Unmarshal([]byte(f.text), &doc); err != nil || len(doc) == 0 {
				t.Errorf("%s:%d: %v", name, f.line, err)
			}
		}
		if found == 0 {
			t.Errorf("%s has no YAML", name)
		}
	}
}
