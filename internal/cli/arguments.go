package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bbbatch/bbbatch/schema"
)

// checkArguments gives the errors of a command's arguments, and of those below
// it, our words and the exit code of a wrong command line. cobra's own have no
// type.
func checkArguments(cmd *cobra.Command) {
	if cmd.Name() == "help" && cmd.HasParent() {
		cmd.Args = topic
	} else if accepts := cmd.Args; accepts != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if accepts(c, args) == nil {
				return nil
			}
			return wrongArguments(c, args, accepts)
		}
	}
	if cmd.HasSubCommands() && !cmd.Runnable() { // cobra's completion
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	for _, c := range cmd.Commands() {
		checkArguments(c)
	}
}

// told is how an error names the command that it is about: its words after the
// program's name, and a colon.
func told(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return ""
	}
	return pathOf(cmd) + ": "
}

func pathOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// wrongArguments says which argument is the first that should not be there, or
// that one is missing.
func wrongArguments(cmd *cobra.Command, args []string, accepts cobra.PositionalArgs) error {
	for n := len(args) - 1; n >= 0; n-- {
		if accepts(cmd, args[:n]) != nil {
			continue
		}
		if cmd.HasAvailableSubCommands() {
			return unknownCommand(cmd, args[0])
		}
		return usage(fmt.Errorf("%sunexpected argument %q", told(cmd), args[n]), usageLine(cmd))
	}
	return usage(fmt.Errorf("%san argument is missing", told(cmd)), usageLine(cmd))
}

// unknownCommand says that a command has none of that name below it.
func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	hint := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if near := schema.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), near)
	}
	return usage(fmt.Errorf("%sunknown command %q", told(cmd), name), hint)
}

// topic checks the words after help: cobra's would print the help of something
// else.
func topic(cmd *cobra.Command, args []string) error {
	found, rest, err := cmd.Root().Find(args)
	if err == nil && len(rest) == 0 {
		return nil
	}
	if found == nil || len(rest) == 0 {
		return usage(errors.New("help: unknown command"), "see bbbatch --help")
	}
	return unknownCommand(found, rest[0])
}

// usageLine is how a command is called.
func usageLine(cmd *cobra.Command) string { return "usage: " + cmd.UseLine() }
