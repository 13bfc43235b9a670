package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/bbbatch/bbbatch/api"
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
	json  bool // objects instead of words
	local bool // runs end with this process

	masks *batch.Masker // set before the first request
	stops stopCount

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
	case "json":
		d.mode, d.json = report.JSON, true
		sys.console.json.Store(true)
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
		Objects: d.json, Batch: sum.Info.ID, Total: sum.Info.Total, Started: sum.Counts,
		Price: sum.Info.Policy.Price, Cost: sum.Cost,
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

// now returns what shows a batch that is carried out, nil before there is one.
func (d *display) now() *report.Progress {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.progress
}

// say prints a line for people, above the bar if there is one.
func (d *display) say(format string, args ...any) {
	if d.quiet {
		return
	}
	if p := d.now(); p != nil {
		p.Line(format, args...)
		return
	}
	say(d.sys.Stderr, fmt.Sprintf(format, args...), "")
}

// warn prints what a person should know, with -q too.
func (d *display) warn(text string) {
	if p := d.now(); p != nil {
		p.Warn(text)
		return
	}
	say(d.sys.Stderr, "bbbatch: warning: "+text, "")
}

// detail prints a line of -v, given in words and as an object.
func (d *display) detail(words string, object []byte) {
	text := words
	if d.json {
		text = string(bytes.TrimSuffix(object, []byte("\n")))
	}
	if p := d.now(); p != nil {
		p.Detail(text)
		return
	}
	_, _ = io.WriteString(d.sys.Stderr, report.Clean(text)+"\n") // nobody is left to tell
}

// event prints an event of the ledger.
func (d *display) event(e report.LoggedEvent, object []byte) { d.detail(e.Detail(), object) }

// request prints a request to the service.
func (d *display) request(x api.Exchange) {
	path := d.masks.Mask(x.Path)
	answer := "no answer"
	if x.Status != 0 {
		answer = strconv.Itoa(x.Status)
	}
	words := fmt.Sprintf("%s  %s %s  %s  %d ms", report.ClockDetail(time.Now()), x.Method, path, answer, x.Took.Milliseconds())
	d.detail(words, report.RequestLine(x.Method, path, x.Status, x.Took))
}

// stdout is where data goes. Where it and the bar go to a terminal, which may be
// the same one, the data goes through the goroutine that draws the bar.
func (d *display) stdout() io.Writer {
	w := d.sys.stdout()
	if d.mode != report.Bar || d.sys.StdoutTerminal == nil || !d.sys.StdoutTerminal() {
		return w
	}
	return besideBar{d, w}
}

type besideBar struct {
	show *display
	w    io.Writer
}

func (b besideBar) Write(data []byte) (int, error) {
	if p := b.show.now(); p != nil {
		return p.Through(b.w).Write(data)
	}
	return b.w.Write(data)
}

// inFlight counts the runs in flight; ok is false before a batch is at work.
func (d *display) inFlight() (n int, ok bool) {
	d.mu.Lock()
	b := d.batch
	d.mu.Unlock()
	if b == nil {
		return 0, false
	}
	n, err := b.InFlight()
	return n, err == nil
}

// next is the command line that goes on with a batch that was interrupted; ""
// where none does.
func (a *application) next(runErr error) string {
	if !errors.Is(runErr, batch.ErrInterrupted) || a.service.kind == "local" {
		return ""
	}
	if onward := a.onward(); onward != "" {
		return commented(onward, a.flags.retry.remark())
	}
	return a.flags.again
}

// summarize prints the last lines. Nobody is left to be told when that goes
// wrong.
func (a *application) summarize(sum batch.Summary, written []string, runErr error) {
	if a.flags.quiet {
		return
	}
	width, _ := a.sys.Terminal() // as it is now
	o := report.SummaryOptions{Color: a.show.color, Width: width, Reports: written, Of: a.manifest.Total + a.manifest.LeftOut}
	o.Next = a.next(runErr)
	write := report.Summary
	if a.show.json {
		write = report.SummaryLine
	}
	_ = write(a.sys.Stderr, sum, o)
}
