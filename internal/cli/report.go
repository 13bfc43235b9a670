package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

func newReport(sys Sys) *cobra.Command {
	var outputs []string
	var state string
	cmd := &cobra.Command{
		Use:   "report [BATCH|FILE]",
		Short: "Write the reports of a batch again",
		Long: `Write reports of a batch again, from the ledger; nothing is sent. BATCH is an id,
the beginning of one, or "latest" (the default); a manifest's FILE means the
latest batch of that manifest, in the ledger beside it.

The bytes are those that apply wrote. The report of an unfinished batch goes to
NAME.partial.EXT. Without -o it is JSONL on standard output.

Exit codes:
  0    the reports are written
  2    there is no such batch, or an output can't be written
  70   an internal error: the ledger could not be read`,
		Example: `  bbbatch report -o prices.csv
  bbbatch report 7f3a -o jsonl:- | jq .result
  bbbatch report tasks.yaml -o prices.tsv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			outs, err := parseOutputs(&applyFlags{outputs: outputs}, &manifest.Manifest{})
			if err != nil {
				return err
			}
			which := "latest"
			if len(args) == 1 {
				which = args[0]
			}
			return writeReports(sys, which, state, outs)
		},
	}
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		flags.StringArrayVarP(&outputs, "output", "o", nil, "write a report to `PATH` (repeatable); the format is the extension or FORMAT:PATH; - is standard output")
	})
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) {
		flags.StringVar(&state, "state", "", "`DIR` of the ledger (default: .bbbatch beside the manifest, or here)")
	})
	return cmd
}

// writeReports writes reports of a batch that the ledger has.
func writeReports(sys Sys, which, state string, outs []output) (err error) {
	name := ""
	if info, e := os.Stat(which); e == nil && info.Mode().IsRegular() {
		m, err := load(sys, which)
		if err != nil {
			return err
		}
		name, which = m.Name, "latest"
		if state == "" {
			state = filepath.Join(m.Dir, stateFolder)
		}
	}
	if state == "" {
		state = stateFolder
	}
	if _, err := os.Stat(state); errors.Is(err, fs.ErrNotExist) {
		return usage(fmt.Errorf("%s: there is no ledger", state), "run it where apply ran, name the manifest, or give --state DIR")
	}
	store, err := ledger.Open(state)
	if err != nil {
		return usage(fmt.Errorf("the state folder can't be used: %w", err), "--state DIR names another")
	}
	defer func() { err = also(err, store.Close()) }()
	b, err := findBatch(store, which, name)
	if err != nil {
		return err
	}
	info, err := b.Info()
	if err != nil {
		return err
	}
	for _, o := range outs {
		if err := sparesLedger(o.Path, state); err != nil {
			return err
		}
	}
	for _, o := range outs {
		if o.Path == report.Stdout {
			if err := unlessGone(report.Write(sys.stdout(), o.Format, b)); err != nil {
				return err
			}
			continue
		}
		path, err := report.WriteFile(o.Output, b, !info.ClosedAt.IsZero())
		if err != nil {
			return usage(fmt.Errorf("report %w", err), "-o PATH writes it elsewhere")
		}
		say(sys.Stderr, "report: "+path, "")
	}
	return nil
}

// findBatch finds a batch by its id, or the latest of a name.
func findBatch(store *ledger.Store, which, name string) (*ledger.Batch, error) {
	if which != "latest" {
		b, err := store.Batch(which)
		if err != nil {
			return nil, usage(err, "")
		}
		return b, nil
	}
	b, ok, err := store.Latest(name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, usage(errors.New("there is no batch yet"), "bbbatch apply makes one")
	}
	return b, nil
}

// reportCommand is what writes a report of a batch again.
func (a *application) reportCommand(id string) string {
	words := []string{"report", id}
	if a.state != stateFolder {
		words = append(words, "--state", a.state)
	}
	return again(append(words, "-o", "PATH"))
}
