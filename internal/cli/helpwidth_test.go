package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// What a command's help says in prose is about as wide as a terminal: 80 columns,
// and a word's end. Tables of serve and what cobra says are wider.
func TestHelpFitsATerminal(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Long) {
			if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > 84 && cmd.Name() != "serve" {
				t.Errorf("%s: a line of %d characters: %s", cmd.CommandPath(), utf8.RuneCountInString(line), line)
			}
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(newRoot(Sys{Getenv: func(string) string { return "" }}, nil))
}

func TestWithoutKeepsWhatWindowsNeeds(t *testing.T) {
	got := without([]string{`=C:=C:\work`, "A=1", "KEY=2"}, []string{"KEY"})
	if strings.Join(got, ";") != `=C:=C:\work;A=1` {
		t.Errorf("got %q, want all but KEY", got)
	}
}
