package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// planned is how many tasks a plan names on a terminal.
const planned = 40

type planFlags struct {
	file     fileArg
	part     selection
	which    identity
	envFile  string
	local    bool
	address  string
	state    string
	json     bool
	detailed bool
}

func newPlan(sys Sys) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Tell what apply would do; sends nothing and needs no key",
		Long: `Tell what apply would do with each task, given the flags that say which batch and
which tasks. Nothing is sent, no key is needed, no secret is read, and the ledger
is not changed. FILE "-" is standard input.

A task is
  new         the batch does not have it yet: a run is bought
  to run      not started yet, or to be tried again: a run is bought
  changed     it did not pass, and asks something else now: a run is bought
  rerun       it passed and asks something else now, and --rerun changed is
              given: a run is bought
  continued   its run is in flight: it is watched
  reconciled  the answer to its create was lost: its run is looked for
  rejudged    how its result is judged was edited: the stored one is judged again
  stale       it passed and asks something else now: it is kept
  reused      an earlier batch has a result of the same request (--reuse)
  skipped     its if is false, or its row is bad: nothing is bought
  kept        it is done
  left        the manifest no longer has it: it is kept, or never started

What is not simply new, kept or to run is listed with its reason. Run time and
cost are expected from the price and from how long runs of the same entry took
in earlier batches, and are unknown where one of these is. With --json it is one
object
  {"batch":…,"policy":…,"tasks":[{"id":…,"class":…,"why":…,"reuse":…}],
   "counts":{CLASS:N},"buys":N,"minutes":…,"usd":…}
where batch, minutes and usd are null where there is none or it is not known.

Exit codes:
  0    the plan is made
  2    the command line, the manifest or a data file is wrong, or the ledger
       can't be read
  8    with --detailed-exitcode: there is work to do
  70   an internal error: the ledger could not be read to its end`,
		Example: `  bbbatch plan tasks.yaml
  bbbatch plan tasks.yaml --rerun changed
  bbbatch plan tasks.yaml --json | jq -r '.tasks[] | select(.class == "changed") | .id'
  bbbatch plan tasks.yaml --detailed-exitcode || bbbatch apply tasks.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			name, err := f.file.name(c, args)
			if err != nil {
				return err
			}
			if err := f.which.check(); err != nil {
				return err
			}
			f.part.rows = newRows(sys)
			defer f.part.rows.remove()
			m, err := f.part.load(sys, name)
			if err != nil {
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
			return plan(sys, &f, m)
		},
	}
	flagGroup(cmd, groupRunning, func(flags *pflag.FlagSet) {
		f.file.define(flags)
		f.part.define(flags)
	})
	completeTasks(cmd, &f.file)
	flagGroup(cmd, groupIdentity, f.which.define)
	flagGroup(cmd, groupService, func(flags *pflag.FlagSet) {
		flags.BoolVar(&f.local, "local", false, "as apply with --local, which runs on a local server")
		providerURLVar(flags, &f.address)
		envFileVar(flags, &f.envFile)
	})
	flagGroup(cmd, groupState, func(flags *pflag.FlagSet) { stateVar(flags, &f.state) })
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		jsonVar(flags, &f.json)
		flags.BoolVar(&f.detailed, "detailed-exitcode", false, "exit with 8 where there is work to do")
	})
	return cmd
}

// A planner is one plan at work.
type planner struct {
	sys      Sys
	flags    *planFlags
	manifest *manifest.Manifest
	kind     string // of the service
	baseURL  string
	ledger   *ledger.Reader // nil where there is none
	batch    *ledger.Batch  // that goes on; nil for a new one
	plan     report.Plan
}

func plan(sys Sys, f *planFlags, m *manifest.Manifest) (err error) {
	p := planner{sys: sys, flags: f, manifest: m}
	if p.kind, p.baseURL, err = serviceOf(sys, m, f.local, f.address); err != nil {
		return err
	}
	p.ledger, err = ledger.OpenReader(stateOf(m.File, f.state))
	switch {
	case errors.Is(err, ledger.ErrNoLedger):
	case err != nil:
		return noState(err)
	default:
		defer func() { err = also(err, p.ledger.Close()) }()
	}
	if err := missingBaseline(m, stateOf(m.File, f.state)); err != nil {
		return err
	}
	if err := p.find(); err != nil {
		return err
	}
	if err := p.others(); err != nil {
		return err
	}
	if err := p.write(); err != nil {
		return unlessGone(err)
	}
	if f.detailed && p.plan.Work() {
		return &failure{code: exitWork, err: errTold}
	}
	return nil
}

// serviceOf is the service that apply would use, without its key.
func serviceOf(sys Sys, m *manifest.Manifest, local bool, providerURL string) (kind, baseURL string, err error) {
	if local || m.Provider == "local" {
		if providerURL != "" {
			return "", "", errLocalAddress
		}
		return "local", "local", nil
	}
	baseURL, _, err = whereaboutsOf(m, providerURL).address(sys)
	return "browserbase", baseURL, err
}

// find finds the batch that would go on, as apply does, and says what it would
// do with the one that would not.
func (p *planner) find() error {
	p.plan.Most, p.plan.Policy = 0, p.manifest.Policy
	if p.sys.outWidth() > 0 {
		p.plan.Most = planned
	}
	p.plan.Typical = func(string) (time.Duration, error) { return 0, nil }
	if p.ledger == nil {
		return p.say("%s: a new batch", p.manifest.File)
	}
	which, m, selected := &p.flags.which, p.manifest, p.flags.part.words()
	p.plan.Typical = func(template string) (time.Duration, error) {
		return p.ledger.Typical(m.Name, p.kind, p.baseURL, template)
	}
	var b *ledger.Batch
	var ok bool
	var err error
	if which.key != "" {
		b, ok, err = which.keyed(p.ledger, m, p.kind, p.baseURL, selected)
	} else {
		b, ok, err = p.ledger.Unfinished(m.Name, p.kind, p.baseURL, selected)
	}
	if err != nil {
		return err
	}
	if !ok {
		return p.say("%s: a new batch", m.File)
	}
	sum, err := b.Brief()
	if err != nil {
		return err
	}
	tooOld, err := isTooOld(b, sum.Info, p.sys.Now(), which.age())
	if err != nil {
		return err
	}
	switch {
	case which.key != "":
	case p.kind == "local":
		return p.say("%s: a new batch; %s is closed, since its local server ended with its process", m.File, titled(sum.Info))
	case which.fresh, tooOld:
		return p.say("%s: a new batch; of %s %s collected, and it is closed", m.File, titled(sum.Info), runsAre(sum.Counts[batch.Running]))
	}
	p.batch, p.plan.Batch = b, sum.Info.ID
	return p.say("%s: batch %s goes on", m.File, titled(sum.Info))
}

// others names the unfinished batches that go on with another selection, as apply
// does.
func (p *planner) others() error {
	which := &p.flags.which
	if p.ledger == nil || p.kind == "local" || which.key != "" || p.flags.json {
		return nil
	}
	o := otherParts{"apply", p.flags.part.words(), p.sys.Now(), which.age(), p.say}
	found := 0
	for b, err := range p.ledger.Batches(p.manifest.Name, noTime) {
		if err != nil {
			return err
		}
		info, err := b.Info()
		if err != nil {
			return err
		}
		if !info.ClosedAt.IsZero() || info.Label != "" || info.Provider != p.kind || info.BaseURL != p.baseURL || info.Selection == o.selected {
			continue
		}
		if found++; found > maxOthers {
			break
		}
		if err := o.mention(context.Background(), b); err != nil {
			return err
		}
	}
	return nil
}

func runsAre(n int) string {
	if n == 1 {
		return "1 run in flight is"
	}
	return plural(n, "run") + " in flight are"
}

// say prints a line for people: objects say it in their members.
func (p *planner) say(format string, args ...any) error {
	if p.flags.json {
		return nil
	}
	_, err := fmt.Fprintln(p.sys.stdout(), report.Clean(fmt.Sprintf(format, args...)))
	return err
}

// write writes what becomes of each task, and the sums.
func (p *planner) write() (err error) {
	reusable, forget, err := p.reusable()
	if err != nil {
		return err
	}
	defer forget()
	var l batch.Ledger
	if p.batch != nil {
		l = p.batch
	}
	out := bufio.NewWriter(p.sys.stdout())
	if p.flags.json {
		if err := p.plan.Begin(out); err != nil {
			return err
		}
	}
	n := 0
	for c, err := range batch.Compare(p.manifest.Tasks(nil), l, p.flags.which.compare(reusable)) {
		if err != nil {
			return errors.Join(describeEdit(err), unlessGone(out.Flush()))
		}
		if err := p.one(out, n, c); err != nil {
			return err
		}
		n++
	}
	if p.flags.json {
		err = p.plan.End(out)
	} else {
		err = p.plan.Text(out, p.sys.outWidth())
	}
	return errors.Join(err, out.Flush())
}

func (p *planner) one(w io.Writer, n int, c batch.Change) error {
	line := p.plan.Add(c)
	if p.flags.json {
		return p.plan.Task(w, n, c)
	}
	_, err := io.WriteString(w, line)
	return err
}

// reusable finds results of earlier batches, with --reuse.
func (p *planner) reusable() (find func(run string) (*batch.Reuse, error), forget func(), err error) {
	if p.ledger == nil || p.flags.which.reuse == 0 {
		return nil, func() {}, nil
	}
	since := p.sys.Now().Add(-p.flags.which.reuse)
	var runs *ledger.Reusables
	if p.batch != nil {
		runs, err = p.batch.Reusables(since)
	} else {
		runs, err = p.ledger.Reusables(p.kind, p.baseURL, since)
	}
	if err != nil {
		return nil, nil, err
	}
	return runs.Find, func() { _ = runs.Close() }, nil // a table of no consequence
}
