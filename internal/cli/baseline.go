package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/diff"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

func newBaseline(sys Sys) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Name batches that later ones are compared with",
		Long: `Name batches that later ones are compared with, by "bbbatch diff" or by the
manifest's "baseline". A batch with such a name is not deleted by "bbbatch list
--prune". The names belong to one ledger; what other machines are to compare with
is a report in a file: bbbatch report -o baselines/main.jsonl.`,
		Example: `  bbbatch baseline set main
  bbbatch diff main
  bbbatch baseline remove main`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newBaselineSet(sys), newBaselineList(sys), newBaselineRemove(sys))
	return cmd
}

func newBaselineSet(sys Sys) *cobra.Command {
	var which batchArg
	cmd := &cobra.Command{
		Use:   "set NAME [BATCH|FILE]",
		Short: "Give a batch a name, or move the name to it",
		Long: `Give a finished batch a name, or move the name from another batch to it.
` + aboutBatch + `

Exit codes:
  0    the batch has the name
  2    there is no such batch, it is unfinished, or the name can't be one
  70   an internal error: the ledger could not be written`,
		Example: `  bbbatch baseline set main
  bbbatch baseline set release-3 7f3a`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error { return setBaseline(sys, &which, args[0], args[1:]) },
	}
	flagGroup(cmd, groupState, which.define)
	complete := which.complete(sys)
	cmd.ValidArgsFunction = func(c *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(c, args[1:], prefix)
	}
	return cmd
}

// baselineName is what a baseline may be called.
var baselineName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// checkBaselineName refuses a name that could not be told from something else
// that a command takes.
func checkBaselineName(name string) error {
	lower := strings.ToLower(name)
	switch _, latest := placeOf(name); {
	case !baselineName.MatchString(name):
		return usage(fmt.Errorf("a baseline's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or a digit: %q has not", name), "")
	case latest:
		return usage(fmt.Errorf("%q always is the newest batch: a baseline can't be called so", name), "")
	case isReport(name), strings.HasSuffix(lower, ".yaml"), strings.HasSuffix(lower, ".yml"):
		return usage(fmt.Errorf("%q would be taken for a file: a baseline can't be called so", name), "")
	}
	return nil
}

func setBaseline(sys Sys, which *batchArg, name string, args []string) (err error) {
	if err := checkBaselineName(name); err != nil {
		return err
	}
	b, err := which.open(sys, args)
	if err != nil {
		return err
	}
	defer func() { err = also(err, b.close()) }()
	info, err := b.Info()
	if err != nil {
		return err
	}
	if info.ClosedAt.IsZero() {
		return usage(fmt.Errorf("batch %s is unfinished: what it comes to is not known yet", info.ID), "finish it with apply, or give it up with bbbatch close")
	}
	store, err := ledger.Open(b.reader.Dir())
	if err != nil {
		return noState(err)
	}
	defer func() { err = also(err, store.Close()) }()
	was, err := store.SetBaseline(name, b.Batch, sys.Now().UTC())
	if errors.Is(err, ledger.ErrNoBatch) {
		return usage(err, "bbbatch list shows the batches")
	}
	if err != nil {
		return err
	}
	line := name + ": batch " + info.ID + " of " + info.Name + ", " + plural(info.Total, "task")
	if was != "" && was != info.ID {
		line += "; it was batch " + was
	}
	say(sys.Stderr, line, "")
	return nil
}

// mostBaselines is how many names are listed.
const mostBaselines = 10_000

func newBaselineList(sys Sys) *cobra.Command {
	var state string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the baselines of a ledger",
		Long: `List the baselines of a ledger: the name, the batch, what that is called, when it
was opened and how many tasks it has. With --json each is a JSON object on a line
of its own: name, batch, of, openedAt, setAt and tasks.

Exit codes:
  0    also when there is none
  2    the ledger can't be read`,
		Example: `  bbbatch baseline list
  bbbatch baseline list --json | jq -r .name`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listBaselines(sys, state, asJSON) },
	}
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) { stateVar(flags, &state) })
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) { jsonVar(flags, &asJSON) })
	return cmd
}

func listBaselines(sys Sys, state string, asJSON bool) (err error) {
	_, state, err = ledgerOf(sys, "", state)
	if err != nil {
		return err
	}
	r, err := openLedger(state)
	if err != nil {
		return err
	}
	defer func() { err = also(err, r.Close()) }()
	all, err := r.Baselines(mostBaselines)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		say(sys.Stderr, "no baselines", "bbbatch baseline set NAME makes one of the newest batch")
	}
	out := sys.stdout()
	for _, l := range all {
		info, err := l.Batch.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s  %s  %s  %s  %s", l.Name, info.ID, report.Clean(info.Name), info.OpenedAt.Local().Format("2006-01-02 15:04"), plural(info.Total, "task"))
		if asJSON {
			object, err := json.Marshal(struct {
				Name     string    `json:"name"`
				Batch    string    `json:"batch"`
				Of       string    `json:"of"`
				OpenedAt time.Time `json:"openedAt"`
				SetAt    time.Time `json:"setAt"`
				Tasks    int       `json:"tasks"`
			}{l.Name, info.ID, info.Name, info.OpenedAt, l.SetAt, info.Total})
			if err != nil {
				return err
			}
			line = string(object)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return unlessGone(err)
		}
	}
	return nil
}

func newBaselineRemove(sys Sys) *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a baseline's name; its batch stays",
		Long: `Forget a baseline's name. Its batch stays, and may be deleted again by "bbbatch
list --prune".

Exit codes:
  0    no batch has the name any more
  2    there is no such baseline, or the ledger can't be read
  70   an internal error: the ledger could not be written`,
		Example: `  bbbatch baseline remove main`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return removeBaseline(sys, state, args[0]) },
	}
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) { stateVar(flags, &state) })
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
		a := batchArg{state: state}
		r, _ := a.quietly(sys)
		if r == nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer func() { _ = r.Close() }()
		all, _ := r.Baselines(completeMost) // a shell is told nothing of what goes wrong
		for _, l := range all {
			names = append(names, l.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func removeBaseline(sys Sys, state, name string) (err error) {
	_, state, err = ledgerOf(sys, "", state)
	if err != nil {
		return err
	}
	r, err := openLedger(state) // which makes no ledger
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	store, err := ledger.Open(state)
	if err != nil {
		return noState(err)
	}
	defer func() { err = also(err, store.Close()) }()
	ok, err := store.RemoveBaseline(name)
	if err == nil && !ok {
		return usage(fmt.Errorf("there is no baseline %q", name), "bbbatch baseline list shows them")
	}
	return err
}

// aboutSide says what a batch is that a word names.
func aboutSide(b *ledger.Batch, r *ledger.Reader, word string) (diff.Side, error) {
	info, err := b.Info()
	if err != nil {
		return diff.Side{}, err
	}
	s := diff.Side{Batch: info.ID, Name: info.Name, OpenedAt: info.OpenedAt}
	named, ok, err := r.Baseline(word)
	if err == nil && ok && named.ID() == b.ID() {
		s.Baseline = word
	}
	return s, err
}
