package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

type closeFlags struct {
	which   batchArg
	address string
	envFile string
	settle  time.Duration
}

func newClose(sys Sys) *cobra.Command {
	var f closeFlags
	cmd := &cobra.Command{
		Use:   "close [BATCH|FILE]",
		Short: "Give up what is unfinished of a batch, so that the next apply starts afresh",
		Long: `Close an unfinished batch. Its runs in flight are waited for and judged first,
since they are paid for; nothing new starts. What was not started is given up,
and the next apply of the manifest is a new batch. A batch that is closed stays
as it is.
` + aboutBatch + `

The key is needed only where runs are in flight, or where the last process did
not come to an orderly end: then the service is asked for runs that the ledger may
lack. The secrets of the manifest are needed with it: they are hidden in what the
runs say. The first Ctrl-C changes nothing, the second leaves the runs and the
batch as they are.

Exit codes:
  0    the batch is closed, however its tasks ended
  2    there is no such batch, a secret is not set, or the ledger can't be used
  5    the service has no key, refused it, or can't be reached: the batch stays
       open
  6    another process holds the batch
  70   an internal error: state could not be written, or a bug
  130  interrupted while runs were in flight: the batch stays open`,
		Example: `  bbbatch close
  bbbatch close 7f3a
  bbbatch close tasks.yaml && bbbatch apply tasks.yaml`,
		Args: atMostOne("batch"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.settle < 0 {
				return wrongFlag("settle", fmt.Errorf("must not be negative, not %s", f.settle), "")
			}
			return closeBatch(c.Context(), sys, &f, args)
		},
	}
	cmd.ValidArgsFunction = f.which.complete(sys)
	flagGroup(cmd, groupState, f.which.define)
	flagGroup(cmd, groupService, func(flags *pflag.FlagSet) {
		providerURLVar(flags, &f.address)
		envFileVar(flags, &f.envFile)
		flags.DurationVar(&f.settle, "settle", defaultSettle, "`TIME` by which the service's listing may lag, as for apply")
	})
	return cmd
}

// closeBatch finds the batch as one that is only looked at, so that a wrong name
// makes no ledger, and then takes it over.
func closeBatch(ctx context.Context, sys Sys, f *closeFlags, args []string) (err error) {
	found, err := f.which.open(sys, args)
	if err != nil {
		return err
	}
	info, err := found.Info()
	if err := also(err, found.close()); err != nil {
		return err
	}
	h, err := hold(found.state, info.Name)
	if err != nil {
		return err
	}
	defer func() { err = also(err, h.close()) }()
	b, err := h.store.Batch(info.ID)
	if err != nil {
		return err
	}
	c := closing{sys: sys, flags: f, state: found.state, holding: h, batch: b}
	return c.run(ctx)
}

// A closing is one close at work.
type closing struct {
	sys   Sys
	flags *closeFlags
	state string
	batch *ledger.Batch

	*holding
}

func (c *closing) run(ctx context.Context) error {
	sum, err := c.batch.Summary()
	if err != nil {
		return err
	}
	if !sum.Info.ClosedAt.IsZero() {
		say(c.sys.Stderr, fmt.Sprintf("batch %s is closed already, since %s", titled(sum.Info), clock(sum.Info.ClosedAt)), "")
		return nil
	}
	switch n := sum.Counts[batch.Running]; {
	case n == 0 && !c.doubt() || sum.Info.Provider == "local":
		message := ""
		if n+sum.Counts[batch.Pending]+sum.Counts[batch.NotStarted] > 0 {
			message = "given up: what had not started was left"
		}
		err = c.batch.Append(batch.Event{Kind: batch.BatchClosed, Position: -1, At: c.sys.Now().UTC(), Message: message})
	default:
		err = c.collect(ctx, sum.Info, n)
	}
	if err != nil {
		return err
	}
	return c.tell()
}

// collect waits for what is in flight and closes the batch.
func (c *closing) collect(ctx context.Context, info batch.Info, n int) error {
	said := manifest.ServiceIn(info.Manifest)
	at := whereabouts{flag: c.flags.address}
	if said.Named { // the batch is there, unless it was told otherwise
		at.manifest, at.named, at.key = info.ManifestPath, info.BaseURL, said.KeySecret
	}
	here, _, err := at.address(c.sys)
	if err != nil {
		return err
	}
	if here != info.BaseURL {
		return usage(fmt.Errorf("batch %s %s at %s, not at %s", info.ID, has(n), info.BaseURL, here),
			"--provider-url "+info.BaseURL+", with the key of that service")
	}
	m := &manifest.Manifest{File: info.ManifestPath, Name: info.Name, BaseURL: at.named, KeySecret: said.KeySecret}
	f := &applyFlags{providerURL: c.flags.address, settle: c.flags.settle, progress: "auto", onInterrupt: interruptDrain}
	secrets, missing := storedSecrets(c.sys, info)
	if len(missing) > 0 {
		return usage(fmt.Errorf("%s not set: %s", plural(len(missing), "secret"), join(missing)),
			"what the runs say may hold them, and they are hidden where their values are known")
	}
	srv, err := connect(c.sys, m, f, c.state)
	if err != nil {
		return err
	}
	for name, value := range srv.secrets {
		secrets[name] = value
	}
	a := &application{
		sys: c.sys, flags: f, state: c.state, manifest: m, show: newDisplay(c.sys, f),
		holding: c.holding, service: srv, secrets: secrets,
	}
	a.show.masks = secrets.Masker()
	return also(a.closeCollecting(ctx, c.batch, info, n), srv.close())
}

// has says what keeps a batch from being closed without its service.
func has(n int) string {
	if n == 0 {
		return "may have runs that the ledger lacks"
	}
	return "has " + plural(n, "run") + " in flight"
}

func (a *application) closeCollecting(ctx context.Context, b *ledger.Batch, info batch.Info, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	drain, unwatch := a.watchSignals(cancel)
	defer unwatch()
	offset, err := a.preflight(ctx, drain)
	if err != nil {
		return a.describe(err)
	}
	a.offset = offset
	a.suspect(info)
	if isDone(drain) {
		return a.describe(batch.ErrInterrupted)
	}
	if n > 0 {
		a.show.say("batch %s: collecting its %s in flight first", titled(info), plural(n, "run"))
	} else {
		a.show.say("batch %s: looking for runs that the ledger may have lost first", titled(info))
	}
	// Nothing new starts anyway; drained, it would not wait for what is unsure.
	if err := a.carry(ctx, nil, b, nil, func(int) {}); err != nil {
		return a.describe(err)
	}
	a.settled = true
	return nil
}

// tell says what was closed, and what was given up.
func (c *closing) tell() error {
	sum, err := c.batch.Summary()
	if err != nil {
		return err
	}
	givenUp := sum.Counts[batch.NotStarted] + sum.Counts[batch.Running] + sum.Counts[batch.Pending]
	gave := "nothing was given up"
	if givenUp > 0 {
		gave = "given up: " + plural(givenUp, "task") + " of " + fmt.Sprint(sum.Info.Total)
	}
	say(c.sys.Stderr, fmt.Sprintf("closed batch %s; %s", titled(sum.Info), gave), "")
	say(c.sys.Stderr, "next: "+again(append(withState([]string{"report", sum.Info.ID}, c.state), "-o", "PATH")), "")
	return nil
}
