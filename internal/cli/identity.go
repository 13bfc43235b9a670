package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// continueWithin is the age up to which an unfinished batch is continued, where
// nobody says otherwise.
const continueWithin = 24 * time.Hour

// keyMost is how many characters a --batch key may have.
const keyMost = 128

// An identity says which batch of a manifest is meant, and what becomes of the
// tasks that it has done.
type identity struct {
	key    string        // "" for the newest unfinished one
	fresh  bool          // a new one
	within time.Duration // 0 where not given
	rerun  string        // none or changed
	reuse  time.Duration // 0 for none
}

// rerunChanged is the word of --rerun that buys anew what passed.
const rerunChanged = "changed"

func (i *identity) define(flags *pflag.FlagSet) {
	flags.StringVar(&i.key, "batch", "", "continue the batch with this `KEY`, or open it: whatever its age, and also where it is\nfinished; without --batch it is left alone")
	flags.BoolVar(&i.fresh, "new", false, "start a new batch; runs in flight of the unfinished one are collected first")
	ageVar(flags, &i.within, "continue-within", "`AGE` up to which an unfinished batch is continued (default 24h); an older one is\ncollected and closed, and a new one starts")
	choiceVar(flags, &i.rerun, "rerun", "none", "run tasks anew that passed, but ask something else now: `WHICH` is none or changed", "none", rerunChanged)
	ageVar(flags, &i.reuse, "reuse", "take over results of the same request from earlier batches of this ledger, of runs\nthat ended within `AGE`, such as 30d")
}

// check finds what does not go together.
func (i *identity) check() error {
	switch {
	case i.key == "":
		return nil
	case i.fresh:
		return usage(errors.New("--new and --batch: a key has one batch, which --batch continues"), "use another key to start afresh")
	case i.within > 0:
		return usage(errors.New("--continue-within and --batch: a batch with a key is continued whatever its age"), "")
	}
	return checkBatchKey(i.key)
}

// checkBatchKey refuses keys that no command could name the batch by.
func checkBatchKey(key string) error {
	_, latest := placeOf(key)
	const hint = "a key is such as 2026-01-19 or nightly-eu"
	switch {
	case utf8.RuneCountInString(key) > keyMost:
		return wrongFlag("batch", fmt.Errorf("must have %d characters at most, not %d", keyMost, utf8.RuneCountInString(key)), hint)
	case !utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) }):
		return wrongFlag("batch", fmt.Errorf("must be printable characters, not %q", key), hint)
	case strings.TrimSpace(key) != key:
		return wrongFlag("batch", fmt.Errorf("must not begin or end with a space: %q", key), hint)
	case latest, strings.HasPrefix(key, "latest~"), key == "-":
		return wrongFlag("batch", fmt.Errorf("%q stands for something else where commands take a batch", key), hint)
	}
	return nil
}

// orManifest takes from a manifest what the command line does not say.
func (i *identity) orManifest(m *manifest.Manifest) {
	if i.within == 0 {
		i.within = m.ContinueWithin
	}
}

// age is up to which age an unfinished batch is continued.
func (i *identity) age() time.Duration {
	if i.within > 0 {
		return i.within
	}
	return continueWithin
}

// compare are the options by which a manifest is applied to a batch; find may be
// nil.
func (i *identity) compare(find func(run string) (*batch.Reuse, error)) batch.CompareOptions {
	return batch.CompareOptions{RerunChanged: i.rerun == rerunChanged, Reuse: find}
}

// A batchFinder is a ledger in which a batch is looked for.
type batchFinder interface {
	Labelled(name, label string) (*ledger.Batch, bool, error)
	Unfinished(name, provider, baseURL, selection string) (*ledger.Batch, bool, error)
}

// keyed returns the batch with the key. One of another service or of another
// part of the manifest is refused: nothing of it could be continued.
func (i *identity) keyed(l batchFinder, m *manifest.Manifest, kind, baseURL, selected string) (b *ledger.Batch, ok bool, err error) {
	b, ok, err = l.Labelled(m.Name, i.key)
	if err != nil || !ok {
		return nil, false, err
	}
	info, err := b.Info()
	if err != nil {
		return nil, false, err
	}
	const hint = "use a key of its own for each"
	switch {
	case info.Provider != kind || info.BaseURL != baseURL:
		return nil, false, usage(fmt.Errorf("--batch: %s: batch %s is of %s, not of %s", i.key, info.ID, info.BaseURL, baseURL), hint)
	case info.Selection != selected:
		part := func(words string) string { return firstOf(words, "all tasks") }
		return nil, false, usage(fmt.Errorf("--batch: %s: batch %s is of %s, not of %s", i.key, info.ID, part(info.Selection), part(selected)), hint)
	}
	return b, true, nil
}
