package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

type listFlags struct {
	file, state, name string
	since, prune      time.Time
	json, yes         bool
}

func newList(sys Sys) *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:   "list [FILE]",
		Short: "List the batches of a ledger, the newest first",
		Long: `List the batches of a ledger, the newest first: id, when it was opened, how it
went, its name and which part of the manifest it is of; then what came of its
tasks, its runs, how long they took together and, where there is a price, what
that cost by it and how much of it went into runs that did not pass. The last line
has the sums. FILE, a manifest, stands for its own batches, in the ledger beside
it.

How a batch went is "ok" (every task passed) or "not ok" once it is closed,
"halted" when nothing new starts, else "unfinished". With --json each batch is a
JSON object on a line of its own, with the members id, name, selection, manifest,
provider, baseUrl, openedAt, closedAt, verdict (ok, not_ok, halted, unfinished),
halted (why), tasks, counts (by outcome), runs, runSeconds and, with a price,
minutes (that are paid for), usd and usdNotPassed (amounts, as text).

--prune deletes closed batches, with their results and events, and lists them. You
are asked, or must say --yes. It never deletes one that is unfinished, that was
closed within the last hour, that a baseline names, or whose runs an unfinished
batch may still have to tell from its own; a result that another batch took over
stays with that one. The file becomes smaller if no other process works in the
ledger; else later batches use the room.

Exit codes:
  0    also when there is no batch
  2    the command line is wrong, or the ledger can't be read; --prune was not
       agreed to
  6    --prune: another process works on batches that were to be deleted
  70   an internal error: the ledger could not be read to its end, or written`,
		Example: `  bbbatch list
  bbbatch list tasks.yaml --since 30d
  bbbatch list --json | jq -r 'select(.verdict != "ok") | .id'
  bbbatch list --prune 90d`,
		Args: atMostOne("manifest"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				if f.file != "" {
					return usage(fmt.Errorf("%s and --file %s: one manifest at a time", args[0], f.file), "")
				}
				f.file = args[0]
			}
			return list(c.Context(), sys, &f)
		},
	}
	flagGroup(cmd, "Batches", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.name, "name", "", "only those called `NAME`")
		momentVar(flags, &f.since, "since", sys.Now, "only those opened since `TIME`: 30d, 2h, 2026-01-19")
		momentVar(flags, &f.prune, "prune", sys.Now, "delete the closed ones that were opened before `TIME`: 90d, 2026-01-19")
		yesVar(flags, &f.yes, "delete without asking")
	})
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) {
		flags.StringVarP(&f.file, "file", "f", "", "the manifest, as `FILE` instead of the argument")
		stateVar(flags, &f.state)
	})
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) { jsonVar(flags, &f.json) })
	// The only error is a second registration.
	_ = cmd.RegisterFlagCompletionFunc("name", completeNames(sys, &f.state))
	return cmd
}

// jsonVar defines --json.
func jsonVar(flags *pflag.FlagSet, on *bool) {
	flags.BoolVar(on, "json", false, "print JSON")
}

func list(ctx context.Context, sys Sys, f *listFlags) (err error) {
	if !f.prune.IsZero() && !f.since.IsZero() {
		return usage(errors.New("--prune and --since: one or the other"), "")
	}
	name, state, err := ledgerOf(sys, f.file, f.state)
	if err != nil {
		return err
	}
	if f.name != "" && name != "" && f.name != name {
		return usage(fmt.Errorf("--name: %s: the batches of %s are called %s", f.name, f.file, name), "leave out one of the two")
	}
	if f.name != "" {
		name = f.name
	}
	if !f.prune.IsZero() {
		return prune(ctx, sys, f, state, name)
	}
	r, err := openLedger(state)
	if errors.Is(err, ledger.ErrNoLedger) && f.state == "" {
		say(sys.Stderr, "no batches: "+err.Error(), "bbbatch apply makes one; else run it where apply ran, name the manifest, or give --state DIR")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = also(err, r.Close()) }()
	return listBatches(sys, f, r, name)
}

func listBatches(sys Sys, f *listFlags, r *ledger.Reader, name string) error {
	out, width := sys.stdout(), sys.outWidth()
	var sums report.Sums
	for b, err := range r.Batches(name, f.since) {
		if err != nil {
			return err
		}
		sum, err := b.Brief()
		if err != nil {
			return err
		}
		sums.Add(sum)
		if f.json {
			err = report.ListRecord(out, sum)
		} else {
			err = report.ListEntry(out, sum, width)
		}
		if err != nil {
			return unlessGone(err)
		}
	}
	if sums.Batches == 0 {
		which := ""
		if name != "" {
			which = " called " + name
		}
		if !f.since.IsZero() {
			which += " since " + clock(f.since)
		}
		say(sys.Stderr, "no batches"+which, "")
	}
	if sums.Batches > 1 && !f.json {
		return unlessGone(report.ListSums(out, sums, width))
	}
	return nil
}
