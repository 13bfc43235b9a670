package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/report"
	"github.com/bbbatch/bbbatch/schema"
)

type showFlags struct {
	which       batchArg
	batch       string
	json        bool
	messages    bool
	providerURL string
	envFile     string
}

func newShow(sys Sys) *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show TASK",
		Short: "Show everything known of one task",
		Long: `Show everything known of one task: how it ended and why, every error in its
result, its text, row and fingerprints, each attempt with its run, session, times,
outcome and, where there is a price, cost, the result, and what happened in order.
It comes from the ledger and nothing is sent, but for --messages, which reads the
transcript of the newest run from the service and needs BROWSERBASE_API_KEY. In a
transcript the key and the manifest's secrets are masked, as far as they are set.
The id of a repetition stands for all its members.

--batch names the batch.
` + aboutBatch + `

On a terminal a long result and a long transcript are cut. With --json all of it
is one JSON object on a line: the task's record as in the JSONL report, with state,
retries and nextAttemptAt (where it waits to be tried again), text, agentId,
timeoutSeconds, schema, events and messages; of a repetition id, verdict, passes,
pass, times, batch and members, which are such records.

Exit codes:
  0    the task was found, however it ended
  2    there is no such task or batch, or the ledger can't be read
  5    --messages: no key, or the service refused or can't be reached
  70   an internal error: the ledger could not be read to its end`,
		Example: `  bbbatch show sku-7
  bbbatch show sku-7 --batch 7f3a
  bbbatch show sku-7 --json | jq .result
  bbbatch show sku-7 --messages`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(fmt.Errorf("show: one task at a time, not %d", len(args)), "bbbatch show TASK; see bbbatch show --help")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return show(c.Context(), sys, &f, args[0]) },
	}
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) {
		flags.StringVarP(&f.batch, batchFlag, "b", "latest", "the `BATCH` or manifest")
		f.which.define(flags)
	})
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) { jsonVar(flags, &f.json) })
	flagGroup(cmd, groupService, func(flags *pflag.FlagSet) {
		flags.BoolVar(&f.messages, "messages", false, "read the run's transcript from the service")
		flags.StringVar(&f.providerURL, "provider-url", "", "`ADDRESS` of the service (default: the batch's)")
		envFileVar(flags, &f.envFile)
	})
	cmd.ValidArgsFunction = f.complete(sys)
	// The only error is a second registration.
	_ = cmd.RegisterFlagCompletionFunc(batchFlag, func(c *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return f.which.complete(sys)(c, nil, prefix)
	})
	return cmd
}

func show(ctx context.Context, sys Sys, f *showFlags, id string) (err error) {
	b, err := f.which.open(sys, []string{f.batch})
	if err != nil {
		return err
	}
	defer func() { err = also(err, b.close()) }()
	d, err := detail(b, id)
	if none := (*noTaskError)(nil); errors.As(err, &none) {
		if g, e := groupOf(b, id); e != nil || len(g.Members) > 0 {
			return f.showGroup(sys, g, e)
		}
		return noTask(b, id)
	}
	if err != nil {
		return err
	}
	if f.messages {
		if err := f.transcript(ctx, sys, &d); err != nil {
			return err
		}
	}
	if f.json {
		return unlessGone(report.DetailRecord(sys.stdout(), d))
	}
	o := report.DetailOptions{Width: sys.outWidth(), Results: b.state}
	if o.Width > 0 {
		o.Lines = shownLines
		words := withState([]string{"show", id, "--batch", d.Info.ID}, b.state)
		if f.messages {
			words = append(words, "--messages")
		}
		o.Rest = again(append(words, "--json"))
	}
	return unlessGone(report.DetailText(sys.stdout(), d, o))
}

// shownLines is how much of a result a terminal shows.
const shownLines = 60

// detail gathers what the ledger knows of a task.
func detail(b *foundBatch, id string) (d report.Detail, err error) {
	if d.Info, err = b.Info(); err != nil {
		return d, err
	}
	ok := false
	if d.Row, ok, err = b.Named(id); err != nil {
		return d, err
	}
	if !ok {
		return d, &noTaskError{b.ID(), id}
	}
	if d.Record, err = recordAt(b, d.Row.Place); err != nil {
		return d, err
	}
	digest := d.Record.Verdict.Schema
	if digest == "" {
		digest = d.Row.Schema
	}
	if digest != "" {
		if d.Schema, err = b.Schema(digest); err != nil {
			return d, err
		}
	}
	d.Events, err = b.TaskEvents(d.Row.Position)
	return d, err
}

// recordAt reads the one record at a place.
func recordAt(b *foundBatch, place int) (batch.Record, error) {
	for rec, err := range b.Records(place) {
		return rec, err
	}
	return batch.Record{}, fmt.Errorf("batch %s has no task at %d", b.ID(), place)
}

// groupOf gathers the members of a repetition, none when there is no such.
func groupOf(b *foundBatch, id string) (g report.Group, err error) {
	if g.Info, err = b.Info(); err != nil {
		return g, err
	}
	g.ID = id
	rows, err := b.Members(id)
	for _, row := range rows {
		rec, e := recordAt(b, row.Place)
		if err = errors.Join(err, e); err != nil {
			return g, err
		}
		g.Members = append(g.Members, rec)
	}
	return g, err
}

func (f *showFlags) showGroup(sys Sys, g report.Group, err error) error {
	switch {
	case err != nil:
		return err
	case f.messages:
		return usage(fmt.Errorf("--messages: %s is a repetition", g.ID), "name one of its members: "+g.Members[0].ID)
	case f.json:
		return unlessGone(report.GroupRecord(sys.stdout(), g))
	}
	return unlessGone(report.GroupText(sys.stdout(), g, sys.outWidth()))
}

// A noTaskError says that a batch has no task with an id.
type noTaskError struct{ batch, id string }

func (e *noTaskError) Error() string { return fmt.Sprintf("batch %s has no task %q", e.batch, e.id) }

// searchedIDs bounds the search for the task that was meant.
const searchedIDs = 50_000

// noTask says that a batch has no such task, and which was probably meant.
func noTask(b *foundBatch, id string) error {
	err := &noTaskError{b.ID(), id}
	var near string
	var some []string
	n := 0
	for task, e := range b.IDs("") {
		if e != nil || n == searchedIDs {
			break
		}
		n++
		if some = append(some, task.ID); len(some) == 500 {
			near, some = schema.Nearest(id, append(some, near)), some[:0]
		}
	}
	if near = schema.Nearest(id, append(some, near)); near != "" {
		return usage(err, fmt.Sprintf("did you mean %q?", near))
	}
	return usage(err, "bbbatch list shows the batches, and bbbatch report "+b.ID()+" the tasks of this one")
}

// mostMessages bounds a transcript that is shown.
const mostMessages = 10_000

// transcript reads the messages of the newest run that is known.
func (f *showFlags) transcript(ctx context.Context, sys Sys, d *report.Detail) error {
	d.HasMessages = true
	run := ""
	for _, a := range d.Record.Attempts {
		if a.RunID != "" {
			run = a.RunID
		}
	}
	switch {
	case d.Info.Provider == "local" && f.providerURL == "":
		return usage(errors.New("--messages: the batch ran on a local server, which ended with its process"), "")
	case run == "":
		say(sys.Stderr, "bbbatch: warning: --messages: the task has no run", "")
		return nil
	}
	at := storedWhereabouts(d.Info)
	at.flag = firstOf(f.providerURL, at.flag)
	c, err := newClient(sys, at, "", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	c.masks = shownSecrets(sys, d.Info, c).Masker()
	for m, err := range c.Runs.MessageDocuments(ctx, run, browserbase.MessageFilter{Limit: 100}) {
		if err != nil {
			return c.describe(err)
		}
		if d.Messages = append(d.Messages, masked(m, c.masks)); len(d.Messages) == mostMessages {
			say(sys.Stderr, fmt.Sprintf("bbbatch: warning: only the first %s are read", plural(mostMessages, "message")), "bbbatch runs messages "+run+" reads all")
			break
		}
	}
	return nil
}

// shownSecrets are the key and the secrets that the manifest of a batch
// declares. What is not set can't be hidden, which is told.
func shownSecrets(sys Sys, info batch.Info, c *client) batch.Secrets {
	secrets, missing := storedSecrets(sys, info)
	secrets[c.keyName] = c.key
	if missing = append(missing, secrets.TooShort()...); len(missing) > 0 {
		say(sys.Stderr, "bbbatch: warning: --messages: not set or too short, and so not masked: "+join(missing), "set them as apply had them, or use --env-file")
	}
	return secrets
}

// complete offers the tasks of the batch to a shell.
func (f *showFlags) complete(sys Sys) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, prefix string) (words []cobra.Completion, _ cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if len(args) > 0 {
			return nil, directive
		}
		which := f.which
		which.file, which.state = which.orEnvironment(sys)
		for _, path := range []string{which.file, f.batch} {
			if isManifest(path) && !isRegular(path) {
				return nil, directive
			}
		}
		quiet := sys
		quiet.Stderr = io.Discard
		b, err := which.open(quiet, []string{f.batch})
		if err != nil {
			return nil, directive
		}
		defer func() { _ = b.close() }()
		for task, err := range b.IDs(prefix) {
			if err != nil || len(words) == completeMost {
				break
			}
			if strings.ContainsFunc(task.ID, isNoWord) {
				continue // a shell would take it for something else
			}
			words = append(words, cobra.CompletionWithDesc(task.ID, string(task.Outcome)))
		}
		return words, directive
	}
}

func isNoWord(r rune) bool { return r < ' ' || report.Clean(string(r)) != string(r) }
