package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// stateFolder is where the ledger lies, beside the manifest.
const stateFolder = ".bbbatch"

type applyFlags struct {
	file        fileArg
	part        selection
	envFile     string
	concurrency int
	bounds      policyFlags
	outputs     []string
	local       bool
	providerURL string
	state       string
	which       identity
	yes         bool
	settle      time.Duration
	progress    string
	events      string
	quiet       bool
	verbose     bool
	trace       func(api.Exchange) // nil without verbose
	again       string             // the command line that continues the batch
	onInterrupt string             // drain, detach or stop
	submitOnly  bool
	collect     string    // the command line that collects what submitOnly started
	retry       *retrying // which tasks of which batch are run again; nil for apply itself
}

func newApply(sys Sys, line []string) *cobra.Command { return applyInto(sys, line, new(applyFlags)) }

// applyInto is [newApply] with its flags in f.
func applyInto(sys Sys, line []string, f *applyFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Run a batch, or continue the unfinished one",
		Long: `Run the tasks of a manifest: buy one run for each, wait for it, judge its
result against its JSON Schema, and write the reports. FILE "-" is standard
input.

Every step is in the ledger (.bbbatch/ beside the manifest) before anything
follows from it. A batch that was interrupted is continued by the same command:
what is done is kept, runs in flight are collected, nothing is bought twice. A
create whose answer was lost is looked for in the service's listing: its run is
adopted, or two complete listings show that there is none and it is sent again.
Where neither can be known the task ends as unknown, with the runs to look at.

An edited manifest goes on with its unfinished batch. What passed is kept, also
where it asks something else now: it is stale then, and --rerun changed buys it
anew. What did not pass and asks something else is run again. Where only its
result schema was edited, a stored result is judged again, and nothing is bought.
Runs in flight of tasks that were edited are settled first, as they were bought.
Tasks that left the manifest are kept, and come last in the reports. "bbbatch
plan" tells all of it before.

--select, --tag and --limit run a part of the manifest. It is a batch of its own,
which the same selection alone continues; it buys every run of its tasks, also
where another batch has bought one. The whole manifest is checked all the same.
The reports that the manifest declares are written with the selected tasks
alone; -o puts them elsewhere.

What bounds the batch lets nothing new start once it is reached; what is in
flight is let finish, and the rest stays pending. A batch that was halted so is
halted again until the bound is moved, or what did not pass is run again with
retry.

Standard output carries data only: the report whose path is "-", or JSONL when
no report is declared anywhere.

The first Ctrl-C waits for the runs in flight, the second, SIGTERM and a lost
terminal leave them running for the next apply. --on-interrupt detach leaves them
at the first. --on-interrupt stop stops them at the first signal of any kind: the
next apply runs their tasks anew, and pays for them again; one that had completed
keeps its result. --submit-only ends as soon as every task was started, and the
next apply without it collects the runs.

The key is read from BROWSERBASE_API_KEY, the address from --provider-url or
BROWSERBASE_BASE_URL. Where the manifest names an address and the key for it,
they are a pair: only --provider-url sends that key elsewhere.

` + exitCodes,
		Example: `  bbbatch apply examples/tasks.yaml --local
  bbbatch apply tasks.yaml -j 20
  bbbatch apply tasks.yaml -o prices.csv -o jsonl:- | jq .result
  bbbatch apply tasks.yaml --limit 3 -o try.csv
  bbbatch apply tasks.yaml --select 'sku-*' --tag nightly
  bbbatch apply tasks.yaml --submit-only && sleep 1h && bbbatch apply tasks.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			f.again, f.collect = againKeeping(sys, line), collecting(sys, line)
			file, err := f.file.name(c, args)
			if err != nil {
				return err
			}
			if err := f.check(c); err != nil {
				return err
			}
			if err := f.which.check(); err != nil {
				return err
			}
			f.part.rows = rowsBeside(sys, file, f.state)
			defer f.part.rows.remove()
			m, err := f.part.load(sys, file)
			if err != nil {
				return err
			}
			if f.part.rows.file() != "" {
				f.again, f.collect = commented(f.again, sameRows), commented(f.collect, sameRows)
			}
			if err := f.checkService(m); err != nil {
				return err
			}
			if m.Total == 0 {
				p := noTasks(m)
				return usage(p, p.Hint)
			}
			if m, err = f.part.of(sys, m); err != nil {
				return err
			}
			f.which.orManifest(m)
			return apply(c.Context(), sys, f, m)
		},
	}
	flagGroup(cmd, groupRunning, func(flags *pflag.FlagSet) {
		f.file.define(flags)
		countVar(flags, &f.concurrency, "concurrency", "j", "`N` runs in flight at once (default: limits.concurrency of the manifest, else 10)")
		f.part.define(flags)
		choiceVar(flags, &f.onInterrupt, "on-interrupt", interruptDrain, "`WHAT` the first Ctrl-C does with the runs in flight: drain waits for them, detach\nleaves them to the next apply, stop stops them (so do SIGTERM and SIGHUP then)", interruptDrain, interruptDetach, interruptStop)
		flags.BoolVar(&f.submitOnly, "submit-only", false, "start every task and end; the next apply collects the runs.\n--concurrency bounds the creates on their way, not the runs")
		flags.DurationVar(&f.settle, "settle", 0, "`TIME` by which the service's listing may lag: after a lost answer, two listings that far\napart show whether there is a run (default: settle of the manifest, else 30s)")
		yesVar(flags, &f.yes, "buy tasks that passed again without asking")
	})
	flagGroup(cmd, groupBounds, f.bounds.define)
	completeTasks(cmd, &f.file)
	flagGroup(cmd, groupIdentity, f.which.define)
	flagGroup(cmd, groupService, func(flags *pflag.FlagSet) {
		flags.BoolVar(&f.local, "local", false, "run on a local server inside this process: real pages, no key, no account")
		providerURLVar(flags, &f.providerURL)
		envFileVar(flags, &f.envFile)
	})
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.state, "state", "", "`DIR` of the ledger (default: .bbbatch beside the manifest)")
	})
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		flags.StringArrayVarP(&f.outputs, "output", "o", nil, "write a report to `PATH`, instead of those in the manifest (repeatable);\nthe format is the extension or FORMAT:PATH; - is standard output")
		choiceVar(flags, &f.progress, "progress", "auto", "`HOW` to show progress: auto, bar, plain, json or none; json makes every line\non standard error an object", "auto", "bar", "plain", "json", "none")
		flags.StringVar(&f.events, "events", "", "append every event to `FILE`, one JSON object a line; - is standard output;\n\"bbbatch schema event\" describes them")
		flags.BoolVarP(&f.quiet, "quiet", "q", false, "print errors and warnings only")
		flags.BoolVarP(&f.verbose, "verbose", "v", false, "print a line for each event and each request to the service")
	})
	return cmd
}

// check looks at flags that the parser can't look at alone.
func (f *applyFlags) check(c *cobra.Command) error {
	if !c.Flags().Changed("settle") {
		f.settle = -1 // the manifest's
	} else if f.settle < 0 {
		return wrongFlag("settle", fmt.Errorf("must not be negative, not %s", f.settle), "")
	}
	if f.quiet && f.verbose {
		return usage(errors.New("--quiet and --verbose: one or the other"), "")
	}
	return nil
}

// checkService looks at flags that some services have no use for.
func (f *applyFlags) checkService(m *manifest.Manifest) error {
	if f.submitOnly && (f.local || m.Provider == "local") {
		return wrongFlag("submit-only", errors.New("can't be used with the local server, whose runs end with this process"), "bbbatch serve makes one that stays")
	}
	return nil
}

// apply carries out a manifest, and then tells of it whom that names.
func apply(ctx context.Context, sys Sys, f *applyFlags, m *manifest.Manifest) error {
	e := ending{state: stateOf(m.File, f.state), selected: f.part.words()}
	err := e.carryOut(ctx, sys, f, m)
	e.notify(ctx, sys, f, m, err)
	return err
}

// carryOut carries out a manifest. Everything that can be wrong on this machine
// is found before anything is sent.
func (e *ending) carryOut(ctx context.Context, sys Sys, f *applyFlags, m *manifest.Manifest) (err error) {
	secrets, err := readSecrets(sys, m)
	if err != nil {
		return err
	}
	e.masks = secrets.Masker()
	defer func() {
		if p := recover(); p != nil { // for Main, which does not know the secrets
			panic(secrets.Masker().Mask(fmt.Sprint(p)))
		}
	}()
	policy, err := f.bounds.resolve(m.Policy)
	if err != nil {
		return err
	}
	if f.submitOnly && policy.Canary.Tasks > 0 {
		return wrongFlag("submit-only", errors.New("can't be used with a canary, whose runs have to come to their end before the others start"), "")
	}
	show := newDisplay(sys, f)
	outs, err := parseOutputs(f, m)
	if err != nil {
		return err
	}
	if f.verbose {
		f.trace = show.request
	}
	srv, err := connect(sys, m, f, e.state)
	var told *failure
	if errors.As(err, &told) && told.code == exitService && f.retry == nil {
		told.hint += ", or use --local to run on this machine without a key"
	}
	if err != nil {
		return err
	}
	defer func() { err = also(err, srv.close()) }()

	h, err := hold(e.state, m.Name)
	if err != nil {
		return err
	}
	defer func() { err = also(err, h.close()) }()
	h.store.SweepSpools(m.Name, f.part.rows.file())
	if err := h.store.Reserve(); err != nil {
		return noState(err)
	}
	if short := secrets.TooShort(); len(short) > 0 {
		say(sys.Stderr, fmt.Sprintf("bbbatch: warning: too short to be masked in messages and reports: %s", join(short)), "a secret of 6 characters or more is masked")
	}
	show.local = srv.kind == "local"
	for name, value := range srv.secrets {
		secrets[name] = value
	}
	show.masks = secrets.Masker()
	e.masks = show.masks
	a := &application{
		sys: sys, flags: f, state: e.state, manifest: m, selected: e.selected, outputs: outs, show: show,
		holding: h, service: srv, secrets: secrets, policy: policy,
	}
	a.warnNotify()
	f.part.rows.heeded()
	defer func() { e.batch, e.compared = a.opened, a.compared }()
	return a.run(ctx)
}

// heldOr gives a lock that another process holds its exit code.
func heldOr(err error) error {
	var held *ledger.HeldError
	if errors.As(err, &held) {
		return &failure{exitHeld, err, "wait for it to end; two processes never work on one batch"}
	}
	return noState(err)
}

// noState says that the ledger's folder can't be used.
func noState(err error) error {
	return usage(fmt.Errorf("the state folder can't be used: %w", err), stateHint(err))
}

// readSecrets reads the values of the secrets that the manifest uses.
func readSecrets(sys Sys, m *manifest.Manifest) (batch.Secrets, error) {
	secrets := make(batch.Secrets)
	var missing []string
	for _, name := range m.UsedSecrets() {
		value := sys.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		secrets[name] = value
	}
	if len(missing) > 0 {
		return nil, usage(fmt.Errorf("%s: %s not set: %s", m.File, plural(len(missing), "secret"), join(missing)),
			"secrets are read from the environment, or from the file of --env-file")
	}
	return secrets, nil
}

// storedSecrets reads the values of the secrets that the stored manifest of a
// batch declares, and returns the names of those that are not set.
func storedSecrets(sys Sys, info batch.Info) (secrets batch.Secrets, missing []string) {
	secrets = make(batch.Secrets)
	for _, name := range manifest.SecretsIn(info.Manifest) {
		if value := sys.Getenv(name); value != "" {
			secrets[name] = value
		} else {
			missing = append(missing, name)
		}
	}
	return secrets, missing
}
