package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/internal/provider"
)

type stopFlags struct {
	which   batchArg
	envFile string
}

func newStop(sys Sys) *cobra.Command {
	var f stopFlags
	cmd := &cobra.Command{
		Use:   "stop [BATCH|FILE]",
		Short: "Stop a batch's runs; the batch stays unfinished",
		Long: `Stop the runs of a batch that are in flight, and wait for their end, three
minutes at most. A create whose answer was lost is looked for in the service's
listing first. The task of a run that was stopped is pending again: the next apply
buys it anew. A run that had completed before keeps its result, and is judged.
The batch stays unfinished; bbbatch close gives it up.
` + aboutBatch + `

No apply may be at work on the batch: end that first, with Ctrl-C twice or with
kill; its runs go on and are stopped then.

The key is read from BROWSERBASE_API_KEY, or from the secret that the manifest
names; the address is the batch's own. Without
the manifest's secrets, which are read as apply reads them, only what was stopped
is recorded: a result may hold a secret, and is left to the next apply.

Exit codes:
  0    no run of the batch is in flight
  1    a run may go on: its end was not seen, or a create has no answer
  2    there is no such batch, or the ledger can't be used
  5    the service has no key, refused the key or can't be reached
  6    another process holds this batch
  70   an internal error: state could not be written, or a bug
  130  interrupted; the same command goes on`,
		Example: `  bbbatch stop
  bbbatch stop tasks.yaml
  bbbatch stop 7f3a`,
		Args: atMostOne("batch"),
		RunE: func(c *cobra.Command, args []string) error { return stop(c.Context(), sys, &f, args) },
	}
	cmd.ValidArgsFunction = f.which.complete(sys)
	flagGroup(cmd, groupState, f.which.define)
	flagGroup(cmd, groupService, func(flags *pflag.FlagSet) { envFileVar(flags, &f.envFile) })
	return cmd
}

// stop finds the batch, takes its lock and has its runs stopped.
func stop(ctx context.Context, sys Sys, f *stopFlags, args []string) (err error) {
	info, state, next, err := f.find(sys, args)
	if err != nil {
		return err
	}
	switch {
	case !info.ClosedAt.IsZero():
		say(sys.Stderr, fmt.Sprintf("batch %s is closed: none of its runs is in flight", titled(info)), "")
		return nil
	case info.Provider == "local":
		say(sys.Stderr, fmt.Sprintf("batch %s ran on a local server: its runs ended with that process", titled(info)), "")
		return nil
	}
	c, err := newClient(sys, storedWhereabouts(info), state, nil)
	if err != nil {
		return err
	}
	defer c.Close()

	h, err := hold(state, info.Name)
	if err != nil {
		return holdsStop(err)
	}
	defer func() { err = also(err, h.close()) }()
	b, err := h.store.Batch(info.ID)
	if err != nil {
		return err
	}
	secrets, missing := storedSecrets(sys, info)
	secrets[c.keyName] = c.key
	show := newDisplay(sys, &applyFlags{progress: "none"})
	show.masks = secrets.Masker()
	a := &application{
		sys: sys, flags: &applyFlags{onInterrupt: interruptDetach}, state: state, show: show, holding: h, secrets: secrets,
		service: &service{
			provider: provider.Browserbase(c.Client), kind: info.Provider, baseURL: c.baseURL,
			rate: browserbaseRate, firstLook: browserbaseLook, keyName: c.keyName,
		},
	}
	return a.stopBatch(ctx, b, info, missing, next)
}

// find reads what has to be known of the batch before its ledger is opened to be
// written.
func (f *stopFlags) find(sys Sys, args []string) (info batch.Info, state, next string, err error) {
	b, err := f.which.open(sys, args)
	if err != nil {
		return info, "", "", err
	}
	defer func() { err = also(err, b.close()) }()
	if info, err = b.Info(); err != nil {
		return info, "", "", err
	}
	warning, err := afresh(sys, b.Batch, info)
	return info, b.state, applyCommand(sys, b, info) + warning, err
}

// holdsStop says what to do about the process that works on the batch.
func holdsStop(err error) error {
	var held *ledger.HeldError
	if !errors.As(err, &held) {
		return err
	}
	hint := "end that process first: its runs go on, and the same command stops them then"
	if held.PID != 0 {
		hint = fmt.Sprintf("end that process first, such as with kill %d there: its runs go on, and the same command stops them then", held.PID)
	}
	return &failure{exitHeld, err, hint}
}

// stopBatch stops what is in flight and says what came of it.
func (a *application) stopBatch(ctx context.Context, b *ledger.Batch, info batch.Info, missing []string, next string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	drain, unwatch := a.watchSignals(cancel)
	defer unwatch()
	before, err := leftoversOf(b)
	if err != nil {
		return err
	}
	switch {
	case before.unsure > 0:
		a.show.say("batch %s: stopping %s in flight, and what a listing shows of %s without an answer", titled(info), plural(before.running, "run"), plural(before.unsure, "create"))
	case before.running == 0 && a.doubt():
		a.show.say("batch %s: none of its runs is in flight that is known; looking for those that the ledger may have lost", titled(info))
	case before.running > 0:
		a.show.say("batch %s: stopping %s in flight", titled(info), plural(before.running, "run"))
	default:
		a.show.say("batch %s: none of its runs is in flight", titled(info))
		return nil
	}
	offset, err := a.preflight(ctx, drain)
	if err != nil {
		return a.describe(err)
	}
	if len(missing) > 0 {
		a.show.warn("not set: " + join(missing) + "; what has finished is left to the next apply, since its result may hold a secret")
	}
	order := make(chan struct{})
	close(order)
	c := batch.Config{
		Provider: a.service.provider, Ledger: b, RequestsPerSecond: a.service.rate, FirstLook: a.service.firstLook,
		Batch: info.ID, Offset: offset, Secrets: a.secrets, Settle: defaultSettle, Stop: order, Blind: len(missing) > 0,
		Checker: manifest.Checker, Whole: manifest.NewWhole, Policy: info.Policy,
		Warn:   a.show.warn,
		Notify: func(e batch.Event) { a.show.stops.event(e, a.show.say) },
	}
	if a.doubt() {
		c.LookBack = info.OpenedAt
	}
	err = batch.Run(ctx, c)
	if codeOf(err) == exitInternal {
		return a.broken(err, nil)
	}
	if line := a.show.stops.ends(); line != "" {
		a.show.say("%s", line)
	}
	left, e := leftoversOf(b)
	if e != nil {
		return e
	}
	left.warn(a.show.warn)
	switch {
	case err == nil:
		a.show.say("every task was done: batch %s is closed", info.ID)
		return nil
	case !errors.Is(err, batch.ErrInterrupted), ctx.Err() != nil:
		return a.describe(err)
	}
	say(a.sys.Stderr, "next: "+next, "bbbatch close "+info.ID+" gives the batch up instead")
	if left.running+left.unsure > 0 {
		return &failure{code: exitFailed, err: errTold}
	}
	return nil
}
