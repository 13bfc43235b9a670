package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

type retryFlags struct {
	applyFlags
	which batchArg
	where string
	plan  bool
}

// notOfRetry are the flags of apply that say which batch and which tasks, which
// retry is told otherwise.
var notOfRetry = []string{
	fileFlag, "state", "select", "tag", "limit", "new", "batch", "continue-within", "rerun", "reuse", "repeat",
}

func newRetry(sys Sys, line []string) *cobra.Command {
	var f retryFlags
	cmd := &cobra.Command{
		Use:   "retry [BATCH|FILE]",
		Short: "Run the tasks of a batch that did not pass again",
		Long: `Run the tasks of a batch that did not pass again, each as a new attempt: those
that are failed or invalid, and those that have not started, because the batch
was halted or given up. A batch that was closed is taken up again, a halt is
cleared, and then it goes on as with apply.
` + aboutBatch + `

A task that is unknown is not run again by itself: a run of it may exist. Look at
it first; --where 'outcome == "unknown"' then buys it all the same. Tasks that
the manifest no longer has are never run.

` + aboutWhere + `
Only the tasks that fit are run, whatever became of them; those of the others
that have not started are left so. Where some of them have passed you are asked,
or must say --yes.

The manifest is read again, and its tasks must be those of the batch: an edited
manifest is for apply. It is FILE, or the one that the batch was made of. The
runs are bought where the batch's were; a batch of the local server gets a fresh
one. --plan lists what would be run and what it may cost, sends nothing and needs
no key.

A retry that was interrupted or halted prints the apply that goes on with the
batch. The same retry would run again what has failed since.

` + exitCodesOfRetry,
		Example: `  bbbatch retry --plan
  bbbatch retry
  bbbatch retry tasks.yaml --where 'reason == "timed_out"'
  bbbatch retry 7f3a -j 5 -o prices.csv`,
		Args: atMostOne("batch"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			if c.Flags().Changed("where") && strings.TrimSpace(f.where) == "" {
				return wrongFlag("where", errors.New("must not be empty"), "leave it out to run all that did not pass")
			}
			return retry(c, sys, &f, args)
		},
	}
	flagGroup(cmd, "Tasks", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.where, "where", "", "the tasks for which `EXPR` holds, instead of those that did not pass")
		flags.BoolVar(&f.plan, "plan", false, "only list what would be run, and what it may cost; sends nothing")
	})
	applyInto(sys, line, &f.applyFlags).Flags().VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(notOfRetry, flag.Name) {
			cmd.Flags().AddFlag(flag)
		}
	})
	flagGroup(cmd, groupState, f.which.define)
	cmd.Flags().Lookup("provider-url").Usage = "`ADDRESS` of the service (default: the batch's, and no other)"
	cmd.ValidArgsFunction = f.which.complete(sys)
	return cmd
}

// retry runs tasks of a batch again. Everything that can be wrong on this
// machine is found before anything is sent.
func retry(c *cobra.Command, sys Sys, f *retryFlags, args []string) error {
	w, err := parseWhere(f.where)
	if err != nil {
		return err
	}
	r := &retrying{where: w}
	f.retry = r
	defer func() { f.part.rows.remove() }()
	m, err := f.survey(sys, c, args)
	if err != nil || m == nil {
		return err
	}
	if n := r.counts[batch.Passed]; n > 0 {
		what := countOf(n, "task that passed would be bought again", "tasks that passed would be bought again")
		if err := confirm(c.Context(), nil, sys, f.yes, what, "nothing was sent", "--yes buys them; add 'and outcome != \"passed\"' to --where to leave them out"); err != nil {
			return err
		}
	}
	return apply(c.Context(), sys, &f.applyFlags, m)
}

// survey finds the batch, its manifest and the tasks to be run. The manifest is
// nil when all has been said: with --plan, or when nothing is to be run.
func (f *retryFlags) survey(sys Sys, c *cobra.Command, args []string) (m *manifest.Manifest, err error) {
	r := f.retry
	text, err := f.standardInput(sys, args)
	if err != nil {
		return nil, err
	}
	if text != nil {
		sys.Stdin = bytes.NewReader(text)
	}
	b, err := f.which.open(sys, args)
	if err != nil {
		return nil, err
	}
	defer func() { err = also(err, b.close()) }()
	sum, err := b.Summary()
	if err != nil {
		return nil, err
	}
	r.info, f.state = sum.Info, b.state
	if text != nil {
		sys.Stdin = bytes.NewReader(text)
	}
	if m, err = f.manifestOf(sys, b); err != nil {
		return nil, err
	}
	if err := f.at(r.info, m); err != nil {
		return nil, err
	}
	if f.plan {
		return nil, r.tell(sys, b)
	}
	if err := r.choose(b.Batch, nil); err != nil {
		return nil, err
	}
	if r.total() == 0 {
		return nil, r.nothing(sys, sum)
	}
	if err := f.checkSubmitOnly(m); err != nil {
		return nil, err
	}
	return m, f.goOn(sys, c, b, m)
}

// standardInput reads the manifest from there, where it is to be read twice.
func (f *retryFlags) standardInput(sys Sys, args []string) ([]byte, error) {
	if f.which.file != "-" && !slices.Contains(args, "-") {
		return nil, nil
	}
	return io.ReadAll(io.LimitReader(sys.Stdin, 64<<20)) // the manifest package has a bound of its own, below it
}

// manifestOf loads the manifest of a batch, or the part of it that the batch is
// of, and refuses one whose tasks are no longer those of the batch.
func (f *retryFlags) manifestOf(sys Sys, b *foundBatch) (*manifest.Manifest, error) {
	info, err := b.Info()
	if err != nil {
		return nil, err
	}
	path := firstOf(b.file, b.manifest(info))
	if candidates := b.manifests(info); path == "" && len(candidates) > 0 {
		path = candidates[0]
	}
	if path == "" {
		return nil, usage(fmt.Errorf("the manifest of batch %s, %s, is not there", titled(info), info.ManifestPath),
			"name it: "+again(withState([]string{"retry", info.ID, "-f", "FILE"}, b.state)))
	}
	params := f.part.params
	if f.part, err = parseSelection(info.Selection); err != nil {
		return nil, err
	}
	params.stored = info.Params
	f.part.params, f.part.rows = params, rowsBeside(sys, path, b.state)
	m, err := f.part.load(sys, path)
	if err != nil {
		return nil, err
	}
	if m.Name != info.Name {
		return nil, usage(fmt.Errorf("%s: batch %s is called %s, and this manifest %s", path, titled(info), info.Name, m.Name), "-f FILE names the batch's own")
	}
	whole := m
	if m, err = f.part.of(sys, m); err != nil {
		return nil, err
	}
	var changed *batch.ChangedError
	if err := batch.Same(m.Tasks(nil), b); errors.As(err, &changed) {
		return nil, usage(fmt.Errorf("%s: batch %s has other tasks than the manifest has now: %w", whole.File, titled(info), err),
			"undo the edit to run them again; bbbatch apply is for an edited manifest, and bbbatch recheck --manifest for an edited schema")
	} else if err != nil {
		return nil, err
	}
	return m, nil
}

// at makes the flags name the service of the batch: its runs are bought nowhere
// else.
func (f *retryFlags) at(info batch.Info, m *manifest.Manifest) error {
	isLocal := info.Provider == "local"
	switch {
	case isLocal && f.providerURL != "":
		return wrongFlag("provider-url", fmt.Errorf("batch %s is of the local server", titled(info)), "leave it out")
	case isLocal:
		f.local = true
	case f.local || m.Provider == "local":
		return usage(fmt.Errorf("batch %s is of %s, and not of the local server", titled(info), info.BaseURL), "leave out --local, or provider: local in the manifest")
	case f.providerURL == "" && whereaboutsOf(m, "").pair() && strings.TrimRight(m.BaseURL, "/") != info.BaseURL:
		return usage(fmt.Errorf("batch %s is of %s, and the key that the manifest names is for %s", titled(info), info.BaseURL, m.BaseURL),
			"--provider-url "+info.BaseURL+" sends it there all the same")
	case f.providerURL == "":
		f.providerURL = info.BaseURL
	case strings.TrimRight(f.providerURL, "/") != info.BaseURL:
		return wrongFlag("provider-url", fmt.Errorf("batch %s is of %s: its tasks are run again there alone", titled(info), info.BaseURL), "leave it out")
	}
	return nil
}

// countOf prints "1 task has", "1,204 tasks have".
func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return report.Count(n) + " " + many
}
