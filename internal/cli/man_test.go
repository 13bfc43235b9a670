package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", os.Getenv("UPDATE") != "", "rewrite the man pages")

// The man pages in docs/man say what --help says, one page for each command;
// UPDATE=1 go test ./internal/cli -run Man writes them anew.
func TestManPages(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "man")
	want := map[string]string{}
	manPages(newRoot(Sys{Getenv: func(string) string { return "" }}, nil), want)
	if len(want) < 6 {
		t.Fatalf("got %d pages, want one for each command", len(want))
	}
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := want[e.Name()]; !ok {
			t.Errorf("docs/man/%s is the page of no command", e.Name())
		}
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(text, string(got)); diff != "" {
			t.Errorf("docs/man/%s (-want +got):\n%s", name, diff)
		}
	}
}

// manPages adds the pages of a command and of those below it.
func manPages(cmd *cobra.Command, pages map[string]string) {
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	pages[manName(cmd)+".1"] = manPage(cmd)
	for _, c := range cmd.Commands() {
		manPages(c, pages)
	}
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage writes a command's help as a page of man(7).
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	cmd.InitDefaultHelpFlag()
	fmt.Fprintf(&b, ".\\\" Made of the command's help; change that.\n.TH %s 1 \"\" bbbatch \"User Commands\"\n", strings.ToUpper(manName(cmd)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", manName(cmd), roff(lowerFirst(cmd.Short)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(cmd.UseLine()))
	long, codes, _ := strings.Cut(cmd.Long, "Exit codes:\n")
	if long = strings.TrimSpace(long); long != "" {
		b.WriteString(".SH DESCRIPTION\n" + roffText(long))
	}
	manFlags(&b, cmd)
	if cmd.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() && c.Name() != "help" {
				fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(manName(c)), roff(c.Short))
			}
		}
	}
	if len(groupsOf(cmd)) > 1 {
		b.WriteString(".SH ENVIRONMENT\n" + roffText(environmentHelp))
	}
	if codes != "" {
		b.WriteString(".SH EXIT STATUS\n" + roffText(strings.TrimRight(codes, "\n")))
	}
	if cmd.HasExample() {
		b.WriteString(".SH EXAMPLES\n" + roffText(cmd.Example))
	}
	if p := cmd.Parent(); p != nil {
		see := []string{".BR " + roff(manName(p)) + " (1)"}
		for _, c := range p.Commands() {
			if c != cmd && c.IsAvailableCommand() && c.Name() != "help" {
				see = append(see, ".BR "+roff(manName(c))+" (1)")
			}
		}
		slices.Sort(see)
		b.WriteString(".SH SEE ALSO\n" + strings.Join(see, ",\n") + "\n")
	}
	return b.String()
}

func manFlags(b *strings.Builder, cmd *cobra.Command) {
	groups := groupsOf(cmd)
	b.WriteString(".SH OPTIONS\n")
	for _, g := range groups {
		if len(groups) > 1 {
			fmt.Fprintf(b, ".SS %s\n", roff(g.title))
		}
		g.flags.VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			name, text := pflag.UnquoteUsage(f)
			b.WriteString(".TP\n")
			if f.Shorthand != "" {
				fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
			}
			fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
			if name != "" {
				fmt.Fprintf(b, " \\fI%s\\fR", roff(name))
			}
			text = strings.ReplaceAll(text, "\n", " ")
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" {
				text += fmt.Sprintf(" (default %s)", f.DefValue)
			}
			fmt.Fprintf(b, "\n%s\n", roff(text))
		})
	}
}

// roffText sets paragraphs; indented lines keep their form.
func roffText(text string) string {
	var b strings.Builder
	verbatim := false
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		indented := strings.HasPrefix(line, " ")
		switch {
		case indented && !verbatim && i == 0:
			b.WriteString(".nf\n")
		case indented && !verbatim:
			b.WriteString(".PP\n.nf\n")
		case !indented && verbatim:
			b.WriteString(".fi\n.PP\n")
		}
		verbatim = indented
		switch {
		case line == "" && i > 0:
			b.WriteString(".PP\n")
		case line != "":
			b.WriteString(roff(line) + "\n")
		}
	}
	if verbatim {
		b.WriteString(".fi\n")
	}
	return strings.ReplaceAll(b.String(), ".PP\n.PP\n", ".PP\n")
}

var roffSpecial = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

func roff(s string) string {
	s = roffSpecial.Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
