package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// An output is one report that was asked for.
type output struct {
	report.Output
	declared *manifest.Report // whose path may name the batch; nil for -o
}

// parseOutputs decides what is written: -o replaces the manifest's list, and
// JSONL on standard output is what is left when neither says anything.
func parseOutputs(f *applyFlags, m *manifest.Manifest) ([]output, error) {
	var outs []output
	for _, o := range f.outputs {
		parsed, err := report.ParseOutput(o)
		if err != nil {
			return nil, wrongFlag("output", err, "")
		}
		if err := checkPath(parsed.Path); err != nil {
			return nil, err
		}
		outs = append(outs, output{Output: parsed})
	}
	if len(f.outputs) == 0 {
		for i, r := range m.Reports {
			outs = append(outs, output{report.Output{Format: report.Format(r.Format), Path: r.Path, Options: reportOptions(r)}, &m.Reports[i]})
		}
	}
	if len(outs) == 0 {
		outs = append(outs, output{Output: report.Output{Format: report.JSONL, Path: report.Stdout}})
	}
	onStdout := 0
	for _, o := range outs {
		if o.Path == report.Stdout {
			onStdout++
		}
	}
	if onStdout > 1 {
		return nil, wrongFlag("output", errors.New("only one report can go to standard output"), "name a file for the others")
	}
	if onStdout > 0 && f.events == report.Stdout {
		return nil, usage(errors.New("--events: events and a report can't both go to standard output, where JSONL goes when no report is declared"),
			"name a file for one of them: -o PATH, --events FILE")
	}
	return outs, nil
}

// place gives every report its path, now that the batch has an id and a day,
// and tries that it can be written before anything is bought. Called again with
// another batch it does so for that one.
func (a *application) place(info batch.Info) error {
	for i := range a.outputs {
		o := &a.outputs[i]
		if o.declared != nil && o.Path != report.Stdout {
			path, err := o.declared.PathFor(info.ID, info.OpenedAt)
			if err != nil {
				return usage(err, "")
			}
			o.Path = path
		}
	}
	if err := checkPlaces(a.outputs, a.state, a.flags.events, a.manifest.Inputs()); err != nil {
		return err
	}
	for _, o := range a.outputs {
		if err := report.CheckFile(o.Output); err != nil {
			return usage(fmt.Errorf("report %w", err), "nothing was sent; -o PATH writes it elsewhere")
		}
	}
	return nil
}

// A stream is the JSONL on standard output, if there is one, and the news that
// its reader is gone.
type stream struct {
	jsonl *report.Stream
	stop  func() // lets the batch go when nobody reads any more

	wake chan struct{}
	done chan struct{}
	once sync.Once
	err  error // read only after done is closed
}

// stream starts writing JSONL to standard output, in the manifest's order,
// when that is asked for.
func (a *application) stream(b *ledger.Batch, stop func()) *stream {
	s := &stream{stop: stop, wake: make(chan struct{}, 1), done: make(chan struct{})}
	for _, o := range a.outputs {
		if o.Path == report.Stdout && o.Format == report.JSONL {
			s.jsonl = report.NewStream(a.show.stdout(), o.Options, b)
		}
	}
	s.wake <- struct{}{} // for the tasks that were done before
	go s.run()
	return s
}

func (s *stream) run() {
	defer close(s.done)
	for range s.wake {
		if s.jsonl == nil || s.err != nil {
			continue
		}
		if s.err = s.jsonl.Advance(); s.err != nil {
			s.stop()
		}
	}
}

// judged says that the task at a place has come to its end. It never waits.
func (s *stream) judged(place int) {
	if s.jsonl == nil || !s.jsonl.Waits(place) {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close ends the stream after every judged call has returned.
func (s *stream) close(ctx context.Context, finished bool) error {
	s.once.Do(func() { close(s.wake) })
	return unlessUnread(ctx, func() error {
		<-s.done
		if s.jsonl == nil || s.err != nil {
			return s.err
		}
		return s.jsonl.Finish(finished)
	})
}

// unlessUnread returns what write does, or leaves it behind once ctx is done: a
// pipe that is full would hold the process for ever.
func unlessUnread(ctx context.Context, write func() error) error {
	written := make(chan error, 1)
	go func() { written <- write() }() // if left behind, it ends with the process
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
	}
	t := time.NewTimer(readerGrace)
	defer t.Stop()
	select {
	case err := <-written:
		return err
	case <-t.C:
		return errUnread
	}
}

// write ends the stream and writes every other report, but those that are not
// whole when late is done. A reader of standard output that is gone is not an
// error: the ledger has everything.
func (a *application) write(ctx, late context.Context, b *ledger.Batch, s *stream, finished bool) (paths, unwritten []string, err error) {
	unread := s.close(ctx, finished)
	if unread != nil && !isGone(unread) && !errors.Is(unread, errUnread) {
		err = errors.Join(err, fmt.Errorf("standard output: %w", unread))
	}
	for _, o := range a.outputs {
		if o.Path != report.Stdout {
			path, e := report.WriteFile(o.Output, hasty{b, late.Done()}, finished)
			if errors.Is(e, errLate) {
				unwritten = append(unwritten, o.Path)
				continue
			}
			if e != nil {
				err = errors.Join(err, fmt.Errorf("report %w", e))
				continue
			}
			paths = append(paths, path)
			continue
		}
		if o.Format != report.JSONL {
			unread = unlessUnread(ctx, func() error { return report.Write(a.sys.stdout(), o.Format, o.Options, b) })
			if unread != nil && !isGone(unread) && !errors.Is(unread, errUnread) {
				err = errors.Join(err, fmt.Errorf("standard output: %w", unread))
			}
		}
	}
	if err == nil && errors.Is(unread, errUnread) {
		err = errUnread
	}
	return paths, unwritten, err
}

// unlessGone is err, but nil when nobody reads what a command prints.
func unlessGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

func isGone(err error) bool { return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) }
