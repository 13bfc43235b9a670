package cli

import (
	"context"
	"fmt"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// open finds the batch to work on: the one with the key, the unfinished one of
// the same identity, or a new one. work is false when it has come to its end and
// nothing is to be done.
func (a *application) open(ctx context.Context, drain <-chan struct{}) (b *ledger.Batch, work bool, err error) {
	if a.flags.which.key != "" {
		return a.openKeyed(ctx, drain)
	}
	for first := true; ; first = false {
		old, ok, err := a.store.Unfinished(a.manifest.Name, a.service.kind, a.service.baseURL, a.selected)
		if err != nil {
			return nil, false, err
		}
		if first {
			if err := a.mentionOthers(ctx); err != nil {
				return nil, false, err
			}
		}
		if !ok {
			break
		}
		again, err := a.takeUp(ctx, drain, old)
		if err != nil || again {
			return old, again, err
		}
	}
	b, err = a.begin(ctx, drain)
	return b, true, err
}

// openKeyed finds the batch with the key, or opens it.
func (a *application) openKeyed(ctx context.Context, drain <-chan struct{}) (b *ledger.Batch, work bool, err error) {
	b, ok, err := a.flags.which.keyed(a.store, a.manifest, a.service.kind, a.service.baseURL, a.selected)
	if err != nil {
		return nil, false, err
	}
	if !ok {
		if other, err := a.store.Batch(a.flags.which.key); err == nil && other.ID() == a.flags.which.key {
			return nil, false, usage(fmt.Errorf("--batch: %s is the id of a batch, and not a key that a batch was opened with", other.ID()),
				"apply continues an unfinished batch without it, and bbbatch retry takes an id")
		}
		b, err = a.begin(ctx, drain)
		return b, true, err
	}
	if err := a.abandon(b); err != nil {
		return nil, false, err
	}
	sum, err := summaryOf(ctx, b)
	if err != nil {
		return nil, false, err
	}
	same, err := a.unedited(ctx, drain, b, sum)
	if err != nil {
		return nil, false, err
	}
	open, err := hasOpen(b)
	if err != nil {
		return nil, false, err
	}
	if same && !open && !sum.Info.ClosedAt.IsZero() {
		a.show.say("batch %s is finished, and nothing of it was edited: nothing is bought", titled(sum.Info))
		return b, false, a.log.record(b)
	}
	return b, true, a.resume(ctx, drain, b, sum, same)
}

// hasOpen reports whether a batch has a task that is not done.
func hasOpen(b *ledger.Batch) (bool, error) {
	for _, err := range b.Open(batch.StatePending, batch.StateStarting, batch.StateUnsure, batch.StateRunning, batch.StateEnded) {
		return true, err
	}
	return false, nil
}

// begin opens a new batch.
func (a *application) begin(ctx context.Context, drain <-chan struct{}) (*ledger.Batch, error) {
	ctx, release := untilDrained(ctx, drain)
	defer release()
	return a.store.BeginContext(ctx, batch.Info{
		Name: a.manifest.Name, Provider: a.service.kind, BaseURL: a.service.baseURL, Selection: a.selected,
		Label: a.flags.which.key, Policy: a.policy, OpenedAt: a.sys.Now().UTC(), Total: a.manifest.Total,
		ManifestPath: a.manifest.File, Manifest: a.manifest.Text, Params: a.manifest.Params,
	}, untilDone(ctx, a.manifest.Tasks(nil)))
}

// untilDone ends a sequence of tasks with [batch.ErrInterrupted] once ctx is
// done: opening a large batch takes a while, and nothing is sent before.
func untilDone(ctx context.Context, tasks iter.Seq2[batch.Task, error]) iter.Seq2[batch.Task, error] {
	return func(yield func(batch.Task, error) bool) {
		for task, err := range tasks {
			if ctx.Err() != nil {
				yield(batch.Task{}, batch.ErrInterrupted)
				return
			}
			if !yield(task, err) {
				return
			}
		}
	}
}

// takeUp decides about an unfinished batch: it is continued (true), or its
// runs in flight are collected and it is closed.
func (a *application) takeUp(ctx context.Context, drain <-chan struct{}, old *ledger.Batch) (bool, error) {
	sum, err := summaryOf(ctx, old)
	if err != nil {
		return false, err
	}
	info := sum.Info
	if a.service.kind == "local" {
		a.show.say("batch %s is not continued: its local server ended with its process", titled(info))
		if err := old.Append(batch.Event{Kind: batch.BatchClosed, Position: -1, At: a.sys.Now().UTC(), Message: "the local server ended with its process"}); err != nil {
			return false, err
		}
		return false, a.log.record(old)
	}
	tooOld, err := isTooOld(old, info, a.sys.Now(), a.flags.which.age())
	if err != nil {
		return false, err
	}
	if a.flags.which.fresh || tooOld {
		return false, a.giveUp(ctx, drain, old, sum)
	}
	same, err := a.unedited(ctx, drain, old, sum)
	if err != nil {
		return false, err
	}
	return true, a.resume(ctx, drain, old, sum, same)
}

// giveUp collects what is in flight of a batch and closes it.
func (a *application) giveUp(ctx context.Context, drain <-chan struct{}, b *ledger.Batch, sum batch.Summary) error {
	a.suspect(sum.Info)
	if n := sum.Counts[batch.Running]; n > 0 {
		a.show.say("batch %s is given up; collecting its %s in flight first", titled(sum.Info), plural(n, "run"))
	}
	if err := a.carry(ctx, drain, b, nil, func(int) {}); err != nil {
		return err
	}
	a.lookBack = noTime
	a.show.say("batch %s was given up; %s writes what it has", sum.Info.ID, a.reportCommand(sum.Info.ID))
	return nil
}

// suspect has the service asked for runs that the ledger may have lost of a
// batch.
func (a *application) suspect(info batch.Info) {
	if a.doubt() {
		a.lookBack = info.OpenedAt
	}
}

// unedited reports whether the manifest has nothing to tell the batch.
func (a *application) unedited(ctx context.Context, drain <-chan struct{}, b *ledger.Batch, sum batch.Summary) (bool, error) {
	ctx, release := untilDrained(ctx, drain)
	defer release()
	if a.flags.which.rerun == rerunChanged && sum.Stale > 0 {
		return false, nil
	}
	return b.Unedited(untilDone(ctx, a.manifest.Tasks(nil)))
}

// summaryOf is the summary of a batch, or [batch.ErrInterrupted] once ctx is
// done.
func summaryOf(ctx context.Context, b *ledger.Batch) (batch.Summary, error) {
	sum, err := b.SummaryUntil(ctx)
	if err != nil && ctx.Err() != nil {
		err = batch.ErrInterrupted
	}
	return sum, err
}

// resume takes a batch up again and gives it the tasks of the manifest. Runs
// that were bought with what was edited since are settled first.
func (a *application) resume(ctx context.Context, drain <-chan struct{}, b *ledger.Batch, sum batch.Summary, same bool) error {
	info := sum.Info
	a.suspect(info)
	var e edit
	if !same {
		var err error
		if e, err = a.compare(ctx, b); err != nil {
			return err
		}
		if err := a.confirmEdit(ctx, drain, e); err != nil {
			return err
		}
	}
	a.sayContinuing(sum)
	k := ledger.Continuation{
		At: a.sys.Now().UTC(), Policy: a.policy, ManifestPath: a.manifest.File, Manifest: a.manifest.Text, Params: a.manifest.Params,
	}
	if same {
		return b.Continue(k, nil)
	}
	asked := e.again + e.perhaps
	if e.waits > 0 || !a.lookBack.IsZero() { // what the ledger has lost is of the manifest of before too
		if err := a.collect(ctx, drain, b, e.waits, k); err != nil {
			return err
		}
		var err error
		if e, err = a.compare(ctx, b); err != nil {
			return err
		}
		k.At = a.sys.Now().UTC()
	}
	a.show.say("edited: %s", e.words())
	return describeEdit(b.Continue(k, guard(a.changes(ctx, b), asked)))
}

// sayContinuing says where a batch stands that is taken up again.
func (a *application) sayContinuing(sum batch.Summary) {
	running, toGo := sum.Counts[batch.Running], sum.Counts[batch.Pending]+sum.Counts[batch.NotStarted]
	afresh := " (--new starts afresh)"
	if sum.Info.Label != "" {
		afresh = ""
	}
	a.show.say("continuing %s: %s done, %s running, %s to go%s", titled(sum.Info),
		report.Count(sum.Info.Total-running-toGo), report.Count(running), report.Count(toGo), afresh)
}

// collect settles what is in flight of a batch as it was bought, before the
// batch is edited.
func (a *application) collect(ctx context.Context, drain <-chan struct{}, b *ledger.Batch, waits int, k ledger.Continuation) error {
	k.ManifestPath, k.Manifest, k.Params = "", nil, nil // what is in flight is of the manifest of before
	if err := b.Continue(k, nil); err != nil {
		return err
	}
	if waits > 0 {
		a.show.say("%s in flight %s edited: what is in flight is collected first, as it was bought", plural(waits, "task"), wasWere(waits))
	}
	a.collecting = true
	defer func() { a.collecting = false }()
	if err := a.carry(ctx, drain, b, nil, func(int) {}); err != nil {
		return err
	}
	a.lookBack = noTime
	if isDone(drain) || ctx.Err() != nil {
		return batch.ErrInterrupted
	}
	return nil
}
