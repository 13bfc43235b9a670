package cli

import (
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// byRetry is the message with which retry takes a batch up again.
const byRetry = "retry"

// isTooOld reports whether a batch is older than apply continues one. Its age
// counts from the last time that a person had it retried: an apply that comes by
// itself does not keep a batch alive.
func isTooOld(b *ledger.Batch, info batch.Info, now time.Time, within time.Duration) (bool, error) {
	if now.Sub(info.OpenedAt) <= within {
		return false, nil
	}
	at, err := b.ContinuedAt(byRetry)
	return now.Sub(at) > within, err
}

// withinNow is the age up to which apply would continue a batch of that
// manifest, if it was typed here without --continue-within; ok is false where
// that can't be told.
func withinNow(sys Sys, info batch.Info) (within time.Duration, ok bool) {
	var i identity
	if said := sys.Getenv(variableOf("continue-within")); said != "" {
		err := age{&i.within}.Set(said)
		return i.age(), err == nil
	}
	i.within, ok = manifest.ContinueWithinIn(info.Manifest)
	return i.age(), ok
}
