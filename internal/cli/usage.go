package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printUsage writes what follows the purpose of a command in its help: how it
// is called, examples, the commands below it, and its flags in groups.
func printUsage(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", c.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	settable := false
	for _, g := range groupsOf(cmd) {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsages())
		settable = settable || g.title != flagsWithoutGroup
	}
	if settable {
		b.WriteString("\n" + environmentHelp)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n\"%s COMMAND --help\" tells all about a command.\n", cmd.CommandPath())
	}
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

const environmentHelp = `Every flag may also be given as an environment variable: --provider-url as
BBBATCH_PROVIDER_URL. Where a flag may be repeated, commas separate its values.
`

// A group is the flags under one heading.
type group struct {
	title string
	flags *pflag.FlagSet
}

// flagsWithoutGroup is the heading of the flags that every command has.
const flagsWithoutGroup = "Other"

// groupsOf returns a command's flags by their headings, in the order in which
// those were defined; those of every command come last.
func groupsOf(cmd *cobra.Command) []group {
	var groups []group
	other := group{flagsWithoutGroup, pflag.NewFlagSet(flagsWithoutGroup, pflag.ContinueOnError)}
	other.flags.SortFlags = false
	add := func(f *pflag.Flag) {
		named := f.Annotations[groupKey]
		if len(named) == 0 {
			other.flags.AddFlag(f)
			return
		}
		title := named[0]
		at := slices.IndexFunc(groups, func(g group) bool { return g.title == title })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{title, pflag.NewFlagSet(title, pflag.ContinueOnError)})
			groups[at].flags.SortFlags = false
		}
		groups[at].flags.AddFlag(f)
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	if other.flags.HasFlags() {
		groups = append(groups, other)
	}
	return groups
}
