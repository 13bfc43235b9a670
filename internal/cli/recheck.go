package cli

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

type recheckFlags struct {
	which    batchArg
	manifest string
	write    bool
	json     bool
	envFile  string
	params   paramFlags
}

func newRecheck(sys Sys) *cobra.Command {
	var f recheckFlags
	cmd := &cobra.Command{
		Use:   "recheck [BATCH|FILE]",
		Short: "Judge the stored results of a batch again",
		Long: `Judge the stored results of a batch again, each as it was judged when its run had
ended: with the schemas of the batch, or with those of the tasks of another
manifest that have the same ids (--manifest), whose parameters are those of the
batch but for what --param and --params-file say. Nothing is sent and nothing is
bought; no key and no secret is needed. Secrets that are set are masked in what
is said; where a result is known to hold one that is not set, nothing of it is
repeated.
` + aboutBatch + `

What would change is printed: a line for each task whose outcome would be
another. --write records it in the ledger, in the place of the verdicts of
before, and evaluates batchExpect, what is expected of the batch as a whole, anew:
by the manifest where one is given. Without --write what that came to stands.
"bbbatch report --declared" writes the reports of the manifest anew.

With --json it is one JSON object: tasks, each with id, was, is, message and
errors; then batch, judged, worse (that passed before), better (that pass now),
otherOutcomes, otherErrors (the same outcome, for other reasons), notJudged,
written and batchExpect, which was evaluated anew where written is true.

Exit codes:
  0    every task that passed would pass again
  2    there is no such batch, the manifest is wrong, or the ledger can't be read
  3    a result that passed does not any more, or a batchExpect is false: as it is
       evaluated now with --write, else as it was before
  6    --write: another process holds this batch
  70   an internal error: the ledger could not be read or written`,
		Example: `  bbbatch recheck
  bbbatch recheck 7f3a --manifest stricter.yaml
  bbbatch recheck tasks.yaml --manifest tasks.yaml --write
  bbbatch recheck --json | jq -r '.tasks[] | select(.is != "passed") | .id'`,
		Args: atMostOne("batch"),
		RunE: func(c *cobra.Command, args []string) error { return recheck(c.Context(), sys, &f, args) },
	}
	flagGroup(cmd, "Judging", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.manifest, "manifest", "", "judge by the schemas of the tasks of `FILE`")
		f.params.define(flags)
		flags.BoolVar(&f.write, "write", false, "record the new verdicts in the ledger")
		envFileVar(flags, &f.envFile)
	})
	flagGroup(cmd, groupState, f.which.define)
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) { jsonVar(flags, &f.json) })
	cmd.ValidArgsFunction = f.which.complete(sys)
	// The only error is a second registration.
	_ = cmd.MarkFlagFilename("manifest", manifestExtensions()...)
	completeParams(cmd, func([]string) string { return f.manifest })
	return cmd
}

func recheck(ctx context.Context, sys Sys, f *recheckFlags, args []string) (err error) {
	if f.manifest == "" && f.params.typed() {
		return errParamsOfNothing
	}
	b, err := f.which.open(sys, args)
	if err != nil {
		return err
	}
	defer func() { err = also(err, b.close()) }()
	info, err := b.Info()
	if err != nil {
		return err
	}
	var m *manifest.Manifest
	if f.manifest != "" {
		f.params.stored = info.Params
		by := selection{params: f.params, rows: newRows(sys)}
		defer by.rows.remove()
		if m, err = by.load(sys, f.manifest); err != nil {
			return err
		}
	} else if b.file != "" && !hasText(b.file, info.Manifest) && info.ManifestPath != "-" {
		say(sys.Stderr, "the results are judged by the schemas that the batch was made with, and "+b.file+" is another manifest now",
			"--manifest "+shellWord(b.file)+" judges by those that it has")
	}
	sum, err := b.Brief()
	if err != nil {
		return err
	}
	stored := sum.Whole
	r := report.NewRecheck(sys.stdout(), f.json, sys.outWidth())
	c := batch.RejudgeConfig{Ledger: b.Batch, Secrets: knownSecrets(sys, info), Checker: manifest.Checker, Whole: manifest.NewWhole}
	if m != nil {
		c.Tasks = m.Tasks(nil)
	}
	if f.write {
		policy := info.Policy
		if m != nil {
			policy.Expect = m.Policy.Expect
		}
		err = recordAgain(ctx, sys, b, c, policy, r)
	} else {
		err = unlessGone(drainTo(r, batch.Rejudge(c)))
		r.Whole = stored
	}
	if err != nil {
		return err
	}
	if err := unlessGone(r.Close(info, info.Total-r.Judged, f.write)); err != nil {
		return err
	}
	if r.Worse > 0 || !(batch.Summary{Whole: r.Whole}).Holds() {
		return &failure{code: exitInvalid, err: errTold}
	}
	return nil
}

// knownSecrets are the secrets of a batch's manifest whose values are at hand.
func knownSecrets(sys Sys, info batch.Info) batch.Secrets {
	secrets, _ := storedSecrets(sys, info)
	if key := sys.Getenv(apiKey); key != "" {
		secrets[apiKey] = key
	}
	return secrets
}

// drainTo writes what changes.
func drainTo(r *report.Recheck, again iter.Seq2[batch.Rejudged, error]) error {
	for a, err := range again {
		if err == nil {
			err = r.Add(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recordAgain writes the new verdicts into the ledger, under the lock, and what
// they make of the expectations of the batch as a whole.
func recordAgain(ctx context.Context, sys Sys, b *foundBatch, c batch.RejudgeConfig, p batch.Policy, r *report.Recheck) (err error) {
	info, err := b.Info()
	if err != nil {
		return err
	}
	h, err := hold(b.reader.Dir(), info.Name)
	if err != nil {
		return err
	}
	defer func() { err = also(err, h.close()) }()
	own, err := h.store.Batch(info.ID)
	if err != nil {
		return err
	}
	c.Ledger = own
	var unread error
	const why = "its results were judged again"
	err = own.Rejudge(sys.Now().UTC(), why, func(yield func(batch.Rejudged, error) bool) {
		for a, err := range batch.Rejudge(c) {
			if err == nil {
				unread = r.Add(a) // a reader of standard output that is gone changes nothing
				if !a.Changed() {
					continue
				}
			}
			if !yield(a, err) {
				return
			}
		}
	})
	if err != nil {
		return fmt.Errorf("recording the new verdicts: %w", err)
	}
	if r.Whole, err = batch.RejudgeWhole(ctx, c, p); err == nil {
		err = own.RejudgeWhole(sys.Now().UTC(), why, p.Expect, r.Whole)
	}
	if err != nil {
		return fmt.Errorf("recording what is expected of the batch as a whole: %w", err)
	}
	return unlessGone(unread)
}
