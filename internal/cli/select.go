package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// A selection is which tasks of a manifest --select, --tag and --limit mean, and
// how often --repeat has each of them run.
type selection struct {
	ids   []string
	tags  []string
	limit int

	repeat int // 0 leaves it to the manifest

	params paramFlags
	rows   *rows // those of standard input, where a task may have them; nil for none
}

func (s *selection) define(flags *pflag.FlagSet) {
	flags.StringArrayVar(&s.ids, "select", nil, "only the tasks whose id is `ID`, or fits a pattern of *, ? and [a-z] (repeatable)")
	flags.StringArrayVar(&s.tags, "tag", nil, "only the tasks that have the tag `TAG` (repeatable: any of them)")
	countVar(flags, &s.limit, "limit", "", "only the first `N` tasks, of those that the other two leave")
	countVar(flags, &s.repeat, "repeat", "", "run every task `N` times, as ID#1 to ID#N (default: repeat of the task)")
	s.params.define(flags)
}

func (s *selection) given() bool { return len(s.ids)+len(s.tags)+s.limit > 0 }

// words are the flags that make the selection, the same ones for every order
// in which they can be written, and those of the parameters that have not their
// default; "" for all tasks. They are part of a batch's identity. The manifest has
// been read.
func (s *selection) words() string {
	var words []string
	for _, id := range s.ids {
		words = append(words, "--select "+shellWord(id))
	}
	for _, tag := range s.tags {
		words = append(words, "--tag "+shellWord(tag))
	}
	if s.limit > 0 {
		words = append(words, "--limit "+strconv.Itoa(s.limit))
	}
	if s.repeat > 0 {
		words = append(words, "--repeat "+strconv.Itoa(s.repeat))
	}
	return strings.Join(append(words, s.params.words()...), " ")
}

// parseSelection reads what words wrote.
func parseSelection(words string) (s selection, err error) {
	args, err := shellWords(words)
	if err != nil {
		return s, err
	}
	flags := pflag.NewFlagSet("selection", pflag.ContinueOnError)
	s.define(flags)
	err = flags.Parse(args)
	return s, err
}

// of returns the part of a manifest that is selected, or all of it.
func (s *selection) of(sys Sys, m *manifest.Manifest) (*manifest.Manifest, error) {
	for flag, words := range map[string][]string{"select": s.ids, "tag": s.tags} {
		if slices.Contains(words, "") {
			return nil, usage(fmt.Errorf("--%s: must not be empty", flag), "")
		}
	}
	slices.Sort(s.ids)
	slices.Sort(s.tags)
	s.ids, s.tags = slices.Compact(s.ids), slices.Compact(s.tags)
	if !s.given() {
		return m, nil
	}
	part, err := m.Select(manifest.Selection{IDs: s.ids, Tags: s.tags, Limit: s.limit})
	if err != nil {
		return nil, unmatched(sys, m, "--select", err)
	}
	return part, nil
}

// unmatched tells of every selector that fits no task. flag is the one that
// takes an id.
func unmatched(sys Sys, m *manifest.Manifest, flag string, err error) error {
	var wrong manifest.NoTaskErrors
	var changed manifest.Problem
	switch {
	case errors.As(err, &changed):
		return usage(err, changed.Hint)
	case !errors.As(err, &wrong):
		return err
	}
	for _, e := range wrong {
		from := flag
		switch {
		case e.Tag != "":
			from = "--tag"
		case e.ID == "":
			from = "--select and --tag"
		}
		say(sys.Stderr, fmt.Sprintf("bbbatch: %s: %s: %v", m.File, from, e), e.Hint)
	}
	return &failure{exitUsage, errTold, ""}
}

// maxOthers bounds the unfinished batches of other parts that are named.
const maxOthers = 5

// mentionOthers names the unfinished batches of other parts of the manifest:
// this apply does not continue them, and what they have bought should not be
// forgotten. A local server's runs ended with its process.
func (a *application) mentionOthers(ctx context.Context) error {
	if a.service.kind == "local" {
		return nil
	}
	others, err := a.store.OtherUnfinished(a.manifest.Name, a.service.kind, a.service.baseURL, a.selected, maxOthers)
	if err != nil {
		return err
	}
	o := otherParts{"the same command", a.selected, a.sys.Now(), a.flags.which.age(), func(format string, args ...any) error {
		a.show.say(format, args...)
		return nil
	}}
	for _, b := range others {
		if err := o.mention(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// otherParts names unfinished batches to whoever means another part.
type otherParts struct {
	command  string // that is typed with another part
	selected string // the part that is meant
	now      time.Time
	age      time.Duration // up to which a batch is continued
	say      func(format string, args ...any) error
}

func (o *otherParts) mention(ctx context.Context, b *ledger.Batch) error {
	sum, err := summaryOf(ctx, b)
	if err != nil {
		return err
	}
	running := sum.Counts[batch.Running]
	toGo := sum.Counts[batch.Pending] + sum.Counts[batch.NotStarted]
	if running == 0 && toGo == 0 {
		return nil
	}
	tooOld, err := isTooOld(b, sum.Info, o.now, o.age)
	if err != nil || running == 0 && tooOld {
		return err // nothing of it can be collected or continued
	}
	does := "collects its " + plural(running, "run")
	if running == 0 {
		does = "continues it, with " + plural(toGo, "task") + " to go"
	}
	its := sum.Info.Selection
	part, with := its, "with "+its
	switch {
	case its == "":
		part, with = "all tasks", "without "+o.selected
	case o.selected != "":
		with += " instead of " + o.selected
	}
	return o.say("batch %s of %s (%s) is unfinished: %s %s %s", sum.Info.ID, clock(sum.Info.OpenedAt), part, o.command, with, does)
}

// titled is a batch with when it was opened and what part it is of.
func titled(info batch.Info) string {
	title := info.ID + " of " + clock(info.OpenedAt)
	if info.Selection != "" {
		title += " (" + info.Selection + ")"
	}
	return title
}

// howMany says how many tasks there are, and which of them are selected.
func (s *selection) howMany(m *manifest.Manifest) (string, error) {
	if !s.given() {
		return plural(m.Total, "task"), nil
	}
	ids, err := someIDs(m)
	return fmt.Sprintf("%s of %s selected: %s", report.Count(m.Total), plural(m.Total+m.LeftOut, "task"), ids), err
}

// skipped counts the tasks of m, which is selected, for which nothing is bought.
func (s *selection) skipped(m *manifest.Manifest) (n int, err error) {
	if !s.given() || m.Skipped == 0 {
		return m.Skipped, nil
	}
	for t, err := range m.Tasks(nil) {
		if err != nil {
			return 0, err
		}
		if t.Skip != "" {
			n++
		}
	}
	return n, nil
}

// someIDs lists the first tasks by their ids.
func someIDs(m *manifest.Manifest) (string, error) {
	most := min(m.Total, 8)
	var ids []string
	for t, err := range m.Tasks(nil) {
		if err != nil {
			return "", err
		}
		if ids = append(ids, t.ID); len(ids) == most {
			break
		}
	}
	out := join(ids)
	if more := m.Total - len(ids); more > 0 {
		out += " and " + report.Count(more) + " more"
	}
	return out, nil
}
