package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// A pruning deletes old batches.
type pruning struct {
	sys    Sys
	flags  *listFlags
	state  string
	before time.Time

	ids    []string // that are to be deleted, the newest first
	names  []string // of those, each once
	kept   map[string]int
	why    []string // keys of kept in the order in which they came up
	sums   report.Sums
	locked map[string]*ledger.NameLock
	held   []string // names that other processes work on
}

// prune deletes the closed batches of a name, or of all, that were opened before
// a moment.
func prune(ctx context.Context, sys Sys, f *listFlags, state, name string) (err error) {
	p := &pruning{sys: sys, flags: f, state: state, before: f.prune, kept: map[string]int{}, locked: map[string]*ledger.NameLock{}}
	if err := p.find(name); err != nil {
		return err
	}
	p.tellKept()
	if len(p.ids) == 0 {
		if len(p.kept) == 0 {
			say(sys.Stderr, "nothing to delete: no batch was opened before "+clock(p.before), "")
		}
		return nil
	}
	if err := confirm(ctx, nil, sys, f.yes, batches(len(p.ids))+" of "+state+" would be deleted for good", "nothing was deleted", "--yes deletes them"); err != nil {
		return err
	}
	defer func() {
		for _, lock := range p.locked {
			err = also(err, giveBack(lock, !lock.Abandoned()))
		}
	}()
	deleted, err := p.delete()
	if err != nil {
		return err
	}
	p.compact(deleted)
	if len(p.held) > 0 {
		return &failure{exitHeld, fmt.Errorf("another process works on %s: their batches were not deleted", join(p.held)), "wait for it to end, and delete again"}
	}
	return nil
}

// find lists what is to be deleted.
func (p *pruning) find(name string) (err error) {
	r, err := openLedger(p.state)
	if err != nil {
		return err
	}
	defer func() { err = also(err, r.Close()) }()
	out := p.sys.stdout()
	width := p.sys.outWidth()
	for b, err := range r.Batches(name, noTime) {
		if err != nil {
			return err
		}
		sum, err := b.Brief()
		if err != nil {
			return err
		}
		if !sum.Info.OpenedAt.Before(p.before) {
			continue
		}
		if err := b.Prunable(p.sys.Now()); err != nil {
			if err = p.keep(err); err != nil {
				return err
			}
			continue
		}
		p.sums.Add(sum)
		p.ids = append(p.ids, b.ID())
		if !slices.Contains(p.names, sum.Info.Name) {
			p.names = append(p.names, sum.Info.Name)
		}
		if p.flags.json {
			err = report.ListRecord(out, sum)
		} else {
			err = report.ListEntry(out, sum, width)
		}
		if isGone(err) {
			out = io.Discard // what is agreed to is done all the same
		} else if err != nil {
			return err
		}
	}
	if len(p.ids) > 1 && !p.flags.json {
		return unlessGone(report.ListSums(out, p.sums, width))
	}
	return nil
}

// keep counts a batch that stays, by the reason.
func (p *pruning) keep(err error) error {
	var needed *ledger.Needed
	why := ""
	switch {
	case errors.Is(err, ledger.ErrUnfinished):
		why = "unfinished"
	case errors.As(err, &needed) && needed.Baseline != "":
		why = "that the baseline " + needed.Baseline + " names"
	case errors.As(err, &needed) && needed.By == "":
		why = "closed less than an hour ago"
	case errors.As(err, &needed):
		why = "whose runs the unfinished batch " + needed.By + " may still be compared with"
	default:
		return err
	}
	if p.kept[why]++; p.kept[why] == 1 {
		p.why = append(p.why, why)
	}
	return nil
}

func (p *pruning) tellKept() {
	for _, why := range p.why {
		say(p.sys.Stderr, "kept: "+batches(p.kept[why])+" "+why, "")
	}
}

func batches(n int) string { return countOf(n, "batch", "batches") }

// delete deletes the batches whose names nobody else works on. The locks come
// first, as with [hold]: who has one may be stopped in the middle of a write.
func (p *pruning) delete() (deleted int, err error) {
	for _, name := range p.names {
		if err := p.lock(name); err != nil {
			return 0, err
		}
	}
	if len(p.locked) == 0 {
		return 0, nil
	}
	store, err := ledger.Open(p.state)
	if err != nil {
		return 0, noState(err)
	}
	defer func() { err = also(err, store.Close()) }()
	for _, id := range p.ids {
		b, err := store.Batch(id)
		if errors.Is(err, ledger.ErrNoBatch) {
			continue // another prune was faster
		}
		if err != nil {
			return deleted, err
		}
		info, err := b.Info()
		if err != nil {
			return deleted, err
		}
		if p.locked[info.Name] == nil {
			continue
		}
		var needed *ledger.Needed
		switch err := store.Prune(b, p.sys.Now()); {
		case errors.As(err, &needed), errors.Is(err, ledger.ErrUnfinished):
			say(p.sys.Stderr, "kept: batch "+id+": "+err.Error(), "")
		case err != nil:
			return deleted, err
		default:
			deleted++
		}
	}
	return deleted, nil
}

// lock takes the lock of a name, or takes note that another process has it.
func (p *pruning) lock(name string) error {
	if p.locked[name] != nil {
		return nil
	}
	lock, err := ledger.Lock(p.state, name)
	var held *ledger.HeldError
	switch {
	case errors.As(err, &held):
		p.held = append(p.held, name)
		return nil
	case err != nil:
		return noState(err)
	}
	p.locked[name] = lock
	return nil
}

// mostNames is how many names a ledger may have whose locks are all taken.
const mostNames = 1000

// compact gives the room back, if nobody works in the ledger, and says what was
// done.
func (p *pruning) compact(deleted int) {
	done := "deleted " + batches(deleted)
	held, err := p.lockAll()
	switch {
	case deleted == 0:
	case err != nil:
		say(p.sys.Stderr, done+"; the ledger keeps its size: "+err.Error(), "")
	case held:
		say(p.sys.Stderr, done+"; the ledger keeps its size, since another process works in it: later batches use the room", "")
	default:
		before, after, err := ledger.Compact(p.state)
		if err != nil {
			say(p.sys.Stderr, "bbbatch: warning: "+done+"; the ledger keeps its size, later batches use the room: "+err.Error(), "")
			return
		}
		say(p.sys.Stderr, done+"; the ledger had "+megabytes(before)+" and has "+megabytes(after), "")
	}
}

// lockAll takes the locks of the other names too.
func (p *pruning) lockAll() (held bool, err error) {
	r, err := ledger.OpenReader(p.state)
	if err != nil {
		return false, err
	}
	names, err := r.Names(mostNames)
	if err = errors.Join(err, r.Close()); err != nil || len(names) == mostNames {
		return true, err
	}
	before := len(p.held)
	for _, name := range names {
		if err := p.lock(name); err != nil {
			return false, err
		}
	}
	held = len(p.held) > 0
	p.held = p.held[:before] // those that are to be told of
	return held, nil
}

// megabytes writes a size for people: 1.2 MB.
func megabytes(size int64) string { return fmt.Sprintf("%.1f MB", float64(size)/(1<<20)) }
