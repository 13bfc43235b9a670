package cli

import (
	"errors"
	"fmt"
	"sync"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// An eventLog hands on what happens, in the order of the ledger and only what is
// in it: to --events, and with -v to the display. A nil one hands on nothing.
type eventLog struct {
	show    *display
	masks   *batch.Masker
	began   int64 // the ledger's last event before this process did anything
	verbose bool
	stop    func() // lets the batch go when nobody reads standard output any more

	out    *eventFile // nil without --events
	broken bool       // out took an error; only the goroutine that follows
}

// newEventLog opens FILE of --events. [eventLog.close] ends it.
func (a *application) newEventLog(stop func()) (*eventLog, error) {
	if a.flags.events == "" && !a.flags.verbose {
		return nil, nil
	}
	began, err := a.store.LastEvent()
	if err != nil {
		return nil, err
	}
	l := &eventLog{show: a.show, masks: a.show.masks, began: began, verbose: a.flags.verbose, stop: stop}
	switch path := a.flags.events; path {
	case "":
	case report.Stdout:
		l.out = &eventFile{name: "standard output", w: a.show.stdout()}
	default:
		if in := inputAt(a.manifest.Inputs(), path); in != "" {
			return nil, usage(fmt.Errorf("--events: %s is %s, which the batch is made of", path, in), "give the events a file of their own")
		}
		if l.out, err = openEvents(path, a.sys.console); err != nil {
			return nil, usage(fmt.Errorf("--events: %w", err), "nothing was sent; --events FILE names another file")
		}
	}
	return l, nil
}

// follow hands on the events of a batch: at once all that the file lacks of it,
// later what comes, each time that wake is called. end hands on the rest and
// returns when nothing is left to do.
func (l *eventLog) follow(b *ledger.Batch) (wake func(), end func() error, err error) {
	if l == nil {
		return func() {}, func() error { return nil }, nil
	}
	f := follower{eventLog: l, batch: b, from: l.began}
	if f.info, err = b.Info(); err != nil {
		return nil, nil, err
	}
	if l.out != nil && l.out.whole {
		if f.from, err = l.out.last(b.ID()); err != nil {
			return nil, nil, usage(fmt.Errorf("--events: %w", err), "nothing was sent; --events FILE names another file")
		}
	}
	f.kept = f.from
	bell := make(chan struct{}, 1)
	bell <- struct{}{}
	var failed error
	var following sync.WaitGroup
	following.Go(func() {
		for range bell {
			if failed == nil {
				failed = f.catchUp()
			}
		}
	})
	wake = func() {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
	end = func() error {
		close(bell)
		following.Wait()
		if failed != nil {
			return failed
		}
		f.from = f.kept
		if l.broken && l.out.whole { // some of the lines may be there
			if last, err := l.out.last(b.ID()); err == nil {
				f.from = max(last, f.kept)
			}
		}
		l.broken = false // there may be room again
		return f.catchUp()
	}
	return wake, end, nil
}

// record hands on what was written to a batch that nobody carries out.
func (l *eventLog) record(b *ledger.Batch) error {
	_, end, err := l.follow(b)
	if err != nil {
		return err
	}
	return end()
}

// A follower knows how far the events of one batch have been handed on.
type follower struct {
	*eventLog
	batch *ledger.Batch
	info  batch.Info
	from  int64 // the last that was looked at
	kept  int64 // the last that the file has
	told  int64 // the last that was shown
}

// catchUp hands on what was not yet. Its error is that of the ledger; one of the
// file is told once and kept by it.
func (f *follower) catchUp() error {
	var lines []byte
	for e, err := range f.batch.EventsAfter(f.from) {
		if err != nil {
			f.flush(lines)
			return err
		}
		f.from = e.Seq
		logged := report.LoggedEvent{Seq: e.Seq, Batch: f.info.ID, Task: e.Task, Event: e.Event, Info: f.info, Mask: f.masks.Mask}
		line := logged.Line()
		if f.verbose && e.Seq > max(f.began, f.told) {
			f.told = e.Seq
			f.show.event(logged, line)
		}
		if lines = append(lines, line...); len(lines) > 64<<10 {
			f.flush(lines)
			lines = lines[:0]
		}
	}
	f.flush(lines)
	return nil
}

// flush appends the lines of all events up to the one that was looked at last.
func (f *follower) flush(lines []byte) {
	if f.out == nil || f.broken || len(lines) == 0 {
		return
	}
	if err := f.out.write(lines); err != nil {
		f.broken = true
		f.complain(err)
		return
	}
	f.kept = f.from
}

// complain says once that the file can't be written. A reader of standard output
// that is gone lets the batch go, as the one of a report does.
func (l *eventLog) complain(err error) {
	switch {
	case l.out.file == nil:
		l.stop()
	case !l.out.told && !errors.Is(err, errUnread):
		l.out.told = true
		l.show.warn(fmt.Sprintf("events: %s; the batch goes on without them", err))
	}
}

// close closes the file and returns why it lacks events, if it does.
func (l *eventLog) close() error {
	if l == nil || l.out == nil {
		return nil
	}
	out := l.out
	l.out = nil
	return out.close()
}
