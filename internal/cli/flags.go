package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupKey is the annotation of a flag that names the heading of the help
// which it stands under.
const groupKey = "group"

// flagGroup adds flags to a command, under a heading of its help.
func flagGroup(cmd *cobra.Command, title string, define func(*pflag.FlagSet)) {
	flags := pflag.NewFlagSet(title, pflag.ContinueOnError)
	flags.SortFlags = false
	define(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[groupKey] = []string{title}
	})
	cmd.Flags().SortFlags = false
	cmd.Flags().AddFlagSet(flags)
}

// The headings that several commands share.
const (
	groupRunning  = "Running"
	groupIdentity = "Which batch"
	groupBounds   = "Bounds"
	groupService  = "Service"
	groupOutput   = "Output"
	groupState    = "State"
)

// A choice is the value of a flag that takes one of a few words.
type choice struct {
	word  *string
	words []string
}

// choiceVar defines such a flag, whose words a shell completes.
func choiceVar(flags *pflag.FlagSet, word *string, name, fallback, usage string, words ...string) {
	*word = fallback
	flags.Var(&choice{word, words}, name, usage)
}

func (c *choice) String() string { return *c.word }
func (c *choice) Type() string   { return "string" }
func (c *choice) Set(s string) error {
	for _, w := range c.words {
		if s == w {
			*c.word = s
			return nil
		}
	}
	last := len(c.words) - 1
	return fmt.Errorf("must be %s or %s, not %q", strings.Join(c.words[:last], ", "), c.words[last], s)
}

// completeChoices offers the words of every choice of a command.
func completeChoices(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if c, ok := f.Value.(*choice); ok {
			// The only error is a second registration, which would be a bug that
			// the tests of the completion see.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(c.words, cobra.ShellCompDirectiveNoFileComp))
		}
	})
}

// A count is the value of a flag that takes a whole number from 1 up.
type count struct{ n *int }

// countVar defines such a flag; n is 0 where it is not given.
func countVar(flags *pflag.FlagSet, n *int, name, short, usage string) {
	flags.VarP(count{n}, name, short, usage)
}

func (c count) String() string {
	if *c.n == 0 {
		return ""
	}
	return strconv.Itoa(*c.n)
}

func (c count) Type() string { return "int" }

func (c count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return err
	}
	if n < 1 {
		return fmt.Errorf("must be at least 1, not %d", n)
	}
	*c.n = n
	return nil
}
