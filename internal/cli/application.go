package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// defaultSettle is how long a listing of runs may lag, where nobody says
// otherwise.
const defaultSettle = 30 * time.Second

// An application is one apply at work.
type application struct {
	sys      Sys
	flags    *applyFlags
	state    string // folder of the ledger
	manifest *manifest.Manifest
	selected string // which part of the manifest file it is, in words; "" for all
	outputs  []output
	show     *display
	log      *eventLog // nil when nobody asked
	*holding
	service *service
	secrets batch.Secrets
	policy  batch.Policy  // of the manifest and the flags
	offset  time.Duration // the service's clock minus ours

	opened     string // id of the batch; "" before there is one
	compared   *baselineVerdict
	collecting bool // carry leaves the batch open

	lookBack time.Time // when a batch was opened whose ledger may have lost something; zero for none

	stop <-chan struct{} // closed when the runs in flight are to be stopped
}

func (a *application) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	drain, unwatch := a.watchSignals(cancel)
	defer unwatch()

	// The paths of a batch like the one to come, so that what is wrong with them
	// is told before there is one.
	if err := a.place(batch.Info{ID: "00000000", OpenedAt: a.sys.Now().UTC()}); err != nil {
		return err
	}
	err := a.checkBaseline()
	if err != nil {
		return err
	}
	if a.log, err = a.newEventLog(cancel); err != nil {
		return err
	}
	defer func() { _ = a.log.close() }() // end tells of an error; whoever returns before it has one of their own
	offset, err := a.preflight(ctx, drain)
	if err != nil {
		return a.describe(err)
	}
	a.offset = offset
	if err := a.warnOrphans(); err != nil {
		return err
	}
	open := a.open
	if r := a.flags.retry; r != nil {
		open = func(context.Context, <-chan struct{}) (*ledger.Batch, bool, error) {
			b, err := r.takeUp(a)
			return b, true, err
		}
	}
	b, work, err := open(ctx, drain)
	if err != nil {
		return a.describe(err)
	}
	a.opened = b.ID()
	info, err := b.Info()
	if err != nil {
		return err
	}
	if err := a.place(info); err != nil {
		return err
	}
	stream := a.stream(b, cancel)
	var runErr error
	if work {
		runErr = a.carry(ctx, drain, b, a.manifest.Tasks(a.secrets), stream.judged)
	}
	return a.end(ctx, b, stream, runErr)
}

// patience is how long the service may be silent at first before a person is
// told what is waited for.
const patience = 5 * time.Second

// preflight ends at the first Ctrl-C: nothing is in flight that it could wait
// for.
func (a *application) preflight(ctx context.Context, drain <-chan struct{}) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		silent := time.NewTimer(patience)
		defer silent.Stop()
		for {
			select {
			case <-silent.C:
				a.show.say("waiting for %s to answer", a.service.baseURL)
			case <-drain:
				cancel()
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { cancel(); <-done }()
	return batch.Preflight(ctx, a.service.provider)
}

// warnOrphans says what a CI job with a state folder of its own risks: a job
// that is cancelled leaves runs behind that no later job knows.
func (a *application) warnOrphans() error {
	if a.sys.Getenv("CI") == "" || a.service.kind == "local" || a.flags.onInterrupt == interruptStop {
		return nil
	}
	_, known, err := a.store.Latest("")
	if err == nil && !known {
		a.show.say("a fresh state folder in CI: if this job is cancelled, its runs go on, are billed, and no later apply knows them; cache %s from job to job, or have them stopped then with --on-interrupt stop", a.state)
	}
	return err
}

// carry runs a batch as far as it goes. judged is told the places of the tasks
// that have come to their end.
func (a *application) carry(ctx context.Context, drain <-chan struct{}, b *ledger.Batch, tasks iter.Seq2[batch.Task, error], judged func(place int)) error {
	sum, err := summaryOf(ctx, b)
	if err != nil {
		return err
	}
	wake, logged, err := a.log.follow(b)
	if err != nil {
		return err
	}
	find, forget, err := a.reusing(b)
	if err != nil {
		return err
	}
	defer forget()
	progress := a.show.start(b, sum)
	defer progress.Close()
	drain, unwatch := a.drainWhenFull(drain)
	defer unwatch()
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	err = batch.Run(ctx, batch.Config{
		Provider: roomy{a.service.provider, a.store, leave}, Ledger: b, Tasks: tasks,
		Concurrency:       a.concurrency(),
		RequestsPerSecond: a.requestsPerSecond(),
		CreatesPerMinute:  a.manifest.CreatesPerMinute,
		PerGroup:          a.manifest.PerGroup,
		Policy:            a.policyFor(tasks, sum.Info),
		Anew:              a.flags.retry != nil,
		Terms:             a.terms(tasks),
		Total:             sum.Info.Total,
		OpenedAt:          sum.Info.OpenedAt,
		FirstLook:         a.service.firstLook,
		Batch:             sum.Info.ID,
		Tracking:          a.manifest.Tracking,
		Settle:            a.settle(),
		LookBack:          a.lookBack,
		Collect:           a.collecting,
		Reuse:             find,
		Offset:            a.offset,
		Secrets:           a.secrets,
		Checker:           manifest.Checker,
		Whole:             manifest.NewWhole,
		Drain:             drain,
		Stop:              a.stop,
		SubmitOnly:        a.flags.submitOnly && tasks != nil,
		Only:              a.flags.retry.only(),
		Warn:              progress.Warn,
		Notify: func(e batch.Event) {
			progress.Event(e)
			a.show.stops.event(e, a.show.say)
			wake()
			switch e.Kind {
			case batch.TaskJudged, batch.TaskSkipped, batch.TaskReused:
				judged(e.Place)
			}
		},
	})
	if r := a.flags.retry; r != nil {
		err = r.leave(a, b, err)
	}
	if e := logged(); err == nil {
		err = e
	}
	if codeOf(err) != exitInternal {
		err = errors.Join(err, a.tellStops(b))
	}
	return err
}

// terms are the manifest's tasks for a batch of which nothing is started: nil
// where the tasks are given, or there is no manifest to speak of.
func (a *application) terms(tasks iter.Seq2[batch.Task, error]) iter.Seq2[batch.Task, error] {
	if tasks != nil || !a.collecting {
		return nil
	}
	return a.manifest.Tasks(nil)
}

// policyFor is the policy that a batch is carried by: one that gets no tasks of the
// manifest's is judged as a whole by what was expected of it when it was bought.
func (a *application) policyFor(tasks iter.Seq2[batch.Task, error], info batch.Info) batch.Policy {
	if tasks == nil {
		return info.Policy
	}
	return a.policyNow()
}

// policyNow is the policy by which runs start now: who names the tasks to run
// again wants no others first.
func (a *application) policyNow() batch.Policy {
	p := a.policy
	if r := a.flags.retry; r != nil && r.where != nil {
		p.Canary = batch.Canary{}
	}
	return p
}

func (a *application) concurrency() int {
	if a.flags.concurrency > 0 {
		return a.flags.concurrency
	}
	return a.manifest.Concurrency // 0 is the engine's default
}

// settle is how long the service's listing may lag.
func (a *application) settle() time.Duration {
	switch {
	case a.flags.settle >= 0:
		return a.flags.settle
	case a.manifest.Settle > 0:
		return a.manifest.Settle
	}
	return defaultSettle
}

func (a *application) requestsPerSecond() float64 {
	if a.manifest.RequestsPerSecond > 0 {
		return a.manifest.RequestsPerSecond
	}
	return a.service.rate
}

// end writes the reports and says how it went.
func (a *application) end(ctx context.Context, b *ledger.Batch, stream *stream, runErr error) error {
	if code := codeOf(runErr); code == exitInternal {
		return a.broken(runErr, stream.close(ctx, false))
	}
	late, release := lasting(ctx)
	defer release()
	sum, err := b.SummaryUntil(late)
	if late.Err() != nil {
		return a.endUnsummed(ctx, b, stream, runErr)
	}
	if err != nil {
		return err
	}
	finished := !sum.Info.ClosedAt.IsZero()
	a.settled = finished
	compared, compareErr := a.compareBaseline(b)
	a.compared = compared
	written, unwritten, err := a.write(ctx, late, b, stream, finished)
	unread := errors.Is(err, errUnread)
	if unread {
		err = nil
	}
	switch e := a.log.close(); {
	case errors.Is(e, errUnread):
		unread = true
	case e != nil && (a.flags.events != report.Stdout || !isGone(e)):
		err = errors.Join(err, fmt.Errorf("events: %w", e))
	}
	if !finished && isFull(a.store) {
		a.summarize(sum, written, runErr)
		return a.fullDisk(err)
	}
	started, startErr := a.started(b, sum, runErr)
	if startErr != nil {
		return startErr
	}
	if started != nil {
		a.summarizeStarted(*started, sum, written)
	} else {
		a.summarize(sum, written, runErr)
		a.tellBaseline(compared, sum.Info)
	}
	if err != nil {
		hint := "nothing is lost: the ledger has every result; " + a.declaredCommand(sum.Info.ID)
		if finished {
			hint += a.wouldBuyAnew(sum.Info)
		}
		return &failure{exitInternal, err, hint}
	}
	if runErr != nil {
		if len(unwritten) > 0 {
			a.show.say("told to end: not written: %s; %s writes it", join(unwritten), a.reportCommand(sum.Info.ID))
		}
		return a.describe(runErr)
	}
	if len(unwritten) > 0 {
		return a.toldToEnd(sum.Info, fmt.Errorf("not written: %s", join(unwritten)))
	}
	if unread {
		return &failure{exitInterrupted, fmt.Errorf("told to end: %w", errUnread), "nothing is lost: the ledger has every result"}
	}
	if compareErr != nil {
		return compareErr
	}
	code := worst(codeOfSummary(sum), compared.code())
	if started != nil {
		code = started.code()
	}
	if code != exitOK {
		return &failure{code: code, err: errTold}
	}
	return nil
}

// toldToEnd is the error of a process that was told to end before all was written.
func (a *application) toldToEnd(info batch.Info, what error) error {
	hint := "nothing is lost: the ledger has every result; " + a.reportCommand(info.ID) + " writes a report"
	if !info.ClosedAt.IsZero() {
		hint += a.wouldBuyAnew(info)
	}
	return &failure{exitInterrupted, fmt.Errorf("told to end: %w", what), hint}
}

// wouldBuyAnew warns of typing a command again whose batch is finished. One with
// a key stays the same batch.
func (a *application) wouldBuyAnew(info batch.Info) string {
	if info.Label != "" || a.flags.retry != nil {
		return ""
	}
	return "; the same apply would be a new batch and buy every task anew"
}

// errTold is the error of a failure that the summary has told already.
var errTold = errors.New("told already")

// describe gives an error of the engine the words and the hint for a person.
func (a *application) describe(err error) error {
	var refused *batch.RefusedError
	var unreachable *batch.UnreachableError
	var changed *batch.ChangedError
	var halted *batch.HaltedError
	words := errors.New(a.show.masks.Mask(err.Error()))
	var told *failure
	switch {
	case errors.As(err, &told):
		return err // it has its words already
	case errors.Is(err, ledger.ErrFull):
		return &failure{exitInternal, words, stateHint(err)}
	case errors.Is(err, batch.ErrInterrupted):
		return &failure{exitInterrupted, errTold, ""}
	case errors.As(err, &refused):
		check := "check " + firstOf(a.service.keyName, apiKey)
		if refused.Status == 402 {
			check = "check the account's quota and plan"
		}
		hint := check + ", then run " + firstOf(a.onward(), "the same command again") + ": it continues an unfinished batch"
		return &failure{exitService, fmt.Errorf("%s: the service refused: %w", a.service.baseURL, words), hint}
	case errors.As(err, &unreachable):
		return unusable(a.service.baseURL, firstOf(a.service.from, "--provider-url, "+baseVariable), unreachable, a.secrets, a.onward())
	case errors.As(err, &halted):
		return &failure{exitStopped, fmt.Errorf("stopped early: %w", words), howOn(halted.Policy, a.onward(), a.flags.retry.remark())}
	case errors.As(err, &changed):
		return usage(fmt.Errorf("the data changed while the batch ran: %w", err), "undo the edit and run "+firstOf(a.onward(), "the same command again")+" to continue")
	}
	return err
}
