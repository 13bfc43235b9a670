package cli

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// roomy is a provider that starts nothing once the disk of the ledger is full,
// and that tells the ledger when an answer with a large result found no room
// there. What the ledger gives up then is enough for the next look; where it is
// not, nothing more can be kept and the runs are left to the next apply.
type roomy struct {
	batch.Provider
	store *ledger.Store
	leave context.CancelFunc
}

// Start refuses creates whose intents were on their way when the disk was found
// full: their tasks are pending again.
func (p roomy) Start(ctx context.Context, s batch.Spec) (batch.Observed, error) {
	if isFull(p.store) {
		return batch.Observed{}, &batch.NotCreatedError{Err: ledger.ErrFull}
	}
	run, err := p.Provider.Start(ctx, s)
	p.note(false, err)
	return run, err
}

// Get implements [batch.Provider].
func (p roomy) Get(ctx context.Context, id string) (batch.Observed, error) {
	before := isFull(p.store)
	run, err := p.Provider.Get(ctx, id)
	p.note(before, err)
	return run, err
}

// List implements [batch.Provider].
func (p roomy) List(ctx context.Context, since time.Time) iter.Seq2[batch.Observed, error] {
	return func(yield func(batch.Observed, error) bool) {
		before := isFull(p.store)
		for run, err := range p.Provider.List(ctx, since) {
			p.note(before, err)
			if !yield(run, err) {
				return
			}
		}
	}
}

// note takes in what came of a request that began before or after the disk was
// found full.
func (p roomy) note(full bool, err error) {
	switch {
	case !ledger.IsFull(err):
	case full:
		p.leave()
	default:
		p.store.Relieve()
	}
}

func isFull(s *ledger.Store) bool {
	select {
	case <-s.Full():
		return true
	default:
		return false
	}
}

// drainWhenFull makes a full disk a reason to drain: nothing new starts, and
// what is in flight is waited for, since its results are paid for and there is
// room for them still. stop ends the watching.
func (a *application) drainWhenFull(drain <-chan struct{}) (either <-chan struct{}, stop func()) {
	closing, quit := make(chan struct{}), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-drain:
			close(closing)
			select { // a full disk is told of all the same
			case <-a.store.Full():
				a.tellFull()
			case <-quit:
			}
		case <-a.store.Full():
			close(closing)
			a.tellFull()
		case <-quit:
		}
	})
	return closing, func() { close(quit); watching.Wait() }
}

// tellFull says what happens now, before the rest takes its time.
func (a *application) tellFull() {
	text := "the disk is full: nothing new is started"
	if n, ok := a.show.inFlight(); ok && n > 0 {
		text += "; waiting for " + plural(n, "run") + " in flight, for which room was kept"
		if !a.show.local {
			text += ". Ctrl-C twice leaves them to the next apply"
		}
	}
	a.show.warn(text)
}

// fullDisk is the end of a batch that a full disk stopped. Whether its reports
// could be written matters less.
func (a *application) fullDisk(reports error) error {
	err := errors.New("the disk of " + a.state + " is full; the batch is unfinished")
	return &failure{exitInternal, errors.Join(err, reports), "what was bought is safe; make room, and the same command continues without buying anything twice"}
}

// stateHint says what to do about a state folder that can't be used.
func stateHint(err error) string {
	switch {
	case errors.Is(err, ledger.ErrDamaged):
		return "with another --state every task would be bought anew; docs/reliability.md says what can be saved"
	case errors.Is(err, ledger.ErrNotLedger):
		return "--state DIR puts it elsewhere; if it was a ledger, it is damaged: keep a copy"
	case errors.Is(err, ledger.ErrFull):
		return "nothing new was bought; make room, then run the same command again"
	case errors.Is(err, ledger.ErrNetwork):
		return "--state DIR puts it on a local disk"
	}
	return "--state DIR puts it elsewhere, where nothing is known of what was bought here"
}
