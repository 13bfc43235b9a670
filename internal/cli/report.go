package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/report"
)

type reportFlags struct {
	which    batchArg
	outputs  []string
	declared bool
}

func newReport(sys Sys) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [BATCH|FILE]",
		Short: "Write the reports of a batch again",
		Long: `Write reports of a batch again, from the ledger; nothing is sent.
` + aboutBatch + `

--declared writes every report that the manifest of the batch declares, where
apply writes it, by the manifest and the parameters as the ledger has them. -o
with the path of one of them writes that one as it is declared, columns and all,
unless it says another FORMAT; at another path a report has everything.

The bytes are those that apply wrote. The report of an unfinished batch goes to
NAME.partial.EXT. Without -o it is JSONL of everything on standard output.

Exit codes:
  0    the reports are written
  2    there is no such batch, or an output can't be written: nothing was
  70   an internal error: the ledger could not be read, or a report not be written`,
		Example: `  bbbatch report --declared
  bbbatch report -o prices.csv
  bbbatch report 7f3a -o jsonl:- | jq .result
  bbbatch report tasks.yaml -o prices.tsv`,
		Args: atMostOne("batch"),
		RunE: func(_ *cobra.Command, args []string) error {
			if f.declared && len(f.outputs) > 0 {
				return errDeclaredAndOutput
			}
			return writeReports(sys, &f, args)
		},
	}
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		flags.StringArrayVarP(&f.outputs, "output", "o", nil, "write a report to `PATH` (repeatable); the format is the extension or FORMAT:PATH;\n- is standard output")
		flags.BoolVar(&f.declared, "declared", false, "write all reports that the manifest of the batch declares")
	})
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) {
		f.which.define(flags)
	})
	cmd.ValidArgsFunction = f.which.complete(sys)
	return cmd
}

// writeReports writes reports of a batch that the ledger has.
func writeReports(sys Sys, f *reportFlags, args []string) (err error) {
	b, err := f.which.open(sys, args)
	if err != nil {
		return err
	}
	defer func() { err = also(err, b.close()) }()
	info, err := b.Info()
	if err != nil {
		return err
	}
	outs, err := f.again(sys, b, info)
	if err != nil {
		return orUsage(err)
	}
	if err := checkPlaces(outs, b.state, "", b.inputs(info)); err != nil {
		return err
	}
	for _, o := range outs {
		if err := report.CheckFile(o.Output); err != nil {
			return usage(fmt.Errorf("report %w", err), "-o PATH writes it elsewhere")
		}
	}
	for _, o := range outs {
		if err := writeReport(sys, o, b, !info.ClosedAt.IsZero()); err != nil {
			return &failure{exitInternal, err, "the ledger has every result: the same command writes the report again"}
		}
	}
	return nil
}

func writeReport(sys Sys, o output, b *foundBatch, finished bool) error {
	if o.Path == report.Stdout {
		if err := unlessGone(report.Write(sys.stdout(), o.Format, o.Options, b)); err != nil {
			return fmt.Errorf("standard output: %w", err)
		}
		return nil
	}
	path, err := report.WriteFile(o.Output, b, finished)
	if err != nil {
		return fmt.Errorf("report %w", err)
	}
	say(sys.Stderr, "report: "+path, "")
	return nil
}

// declaredCommand is what writes the reports of a batch again: those of its
// manifest, where they were meant.
func (a *application) declaredCommand(id string) string {
	if len(a.flags.outputs) > 0 || len(a.manifest.Reports) == 0 {
		return a.reportCommand(id) + " writes a report again"
	}
	return again(append(withState([]string{"report", id}, a.state), "--declared")) + " writes the reports again"
}

// reportCommand is what writes a report of a batch again.
func (a *application) reportCommand(id string) string {
	return again(append(withState([]string{"report", id}, a.state), "-o", "PATH"))
}
