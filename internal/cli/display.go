package cli

import (
	"errors"
	"fmt"
	"sync"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// A display is what a person sees of an apply on standard error.
type display struct {
	sys   Sys
	mode  report.Mode
	width int
	color bool
	quiet bool
	local bool // runs end with this process

	mu       sync.Mutex
	progress *report.Progress // while a batch is carried out
	batch    *ledger.Batch
}

// newDisplay decides how progress is shown: a bar on a terminal that can draw
// one, plain lines elsewhere.
func newDisplay(sys Sys, f *applyFlags) *display {
	width, terminal := sys.Terminal()
	dumb := sys.Getenv("TERM") == "dumb" || sys.Getenv("CI") != ""
	d := &display{sys: sys, width: width, quiet: f.quiet}
	d.color = terminal && !dumb && sys.Getenv("NO_COLOR") == ""
	switch f.progress {
	case "auto":
		d.mode = report.Plain
		if terminal && !dumb {
			d.mode = report.Bar
		}
	case "bar":
		d.mode = report.Bar
	case "plain":
		d.mode = report.Plain
	case "none":
		d.mode = report.None
	}
	if f.quiet {
		d.mode = report.None
	}
	return d
}

// start shows the progress of a batch until Close.
func (d *display) start(b *ledger.Batch, sum batch.Summary) *report.Progress {
	p := report.NewProgress(d.sys.Stderr, report.ProgressOptions{
		Mode: d.mode, Width: d.width, Color: d.color,
		Measure: func() int { w, _ := d.sys.Terminal(); return w },
		Total:   sum.Info.Total, Started: sum.Counts,
		Name: func(position int) string {
			row, err := b.Task(position)
			if err != nil {
				return ""
			}
			return row.ID
		},
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.progress, d.batch = p, b
	return p
}

// say prints a line for people, above the bar if there is one.
func (d *display) say(format string, args ...any) {
	if d.quiet {
		return
	}
	d.mu.Lock()
	p := d.progress
	d.mu.Unlock()
	if p != nil {
		p.Line(format, args...)
		return
	}
	say(d.sys.Stderr, fmt.Sprintf(format, args...), "")
}

// interrupted answers the first Ctrl-C.
func (d *display) interrupted() {
	if n, ok := d.inFlight(); ok {
		again := "leaves them running: the next apply collects them"
		if d.local {
			again = "gives them up: the local server ends with this process"
		}
		d.say("nothing new is started; waiting for %s in flight. Ctrl-C again %s", plural(n, "run"), again)
		return
	}
	d.say("interrupted before anything was started")
}

// detached answers the second.
func (d *display) detached() {
	if n, ok := d.inFlight(); ok && !d.local {
		d.say("detached: %s in flight; the next apply collects them", plural(n, "run"))
	}
}

// inFlight counts the runs in flight; ok is false before a batch is at work.
func (d *display) inFlight() (n int, ok bool) {
	d.mu.Lock()
	b := d.batch
	d.mu.Unlock()
	if b == nil {
		return 0, false
	}
	sum, err := b.Summary()
	return sum.Counts[batch.Running], err == nil
}

// summarize prints the last lines.
func (a *application) summarize(sum batch.Summary, written []string, runErr error) error {
	if a.flags.quiet {
		return nil
	}
	width, _ := a.sys.Terminal() // as it is now
	o := report.SummaryOptions{Color: a.show.color, Width: width, Reports: written, Of: a.manifest.Total + a.manifest.LeftOut}
	if errors.Is(runErr, batch.ErrInterrupted) {
		if a.service.kind != "local" {
			o.Next = a.flags.again
		}
	}
	return report.Summary(a.sys.Stderr, sum, o)
}
