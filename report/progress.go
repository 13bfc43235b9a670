package report

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A Mode says how progress is shown.
type Mode int

// The modes.
const (
	None  Mode = iota // only what Line is given
	Bar               // a bar at the bottom of a terminal, and a line for each task that did not pass
	Plain             // a line for each finished task, and a heartbeat when nothing else is printed
)

// ProgressOptions say what the caller found out about the terminal and the
// batch. The zero value shows nothing but lines.
type ProgressOptions struct {
	Mode      Mode
	Width     int                   // columns of the terminal; 80 when 0
	Measure   func() int            // asked for the width before each drawing; nil when it does not change
	Color     bool                  // whether SGR colours may be written
	Total     int                   // tasks of the batch
	Started   map[batch.Outcome]int // how many stood where when this process took the batch up
	Heartbeat time.Duration         // 30 s when 0
	Name      func(position int) string
	// Name returns a task's id. It is called from one goroutine, without any
	// lock held; nil, or an answer of "", makes "task N", counted from 1.
}

// redraw is how often the bar follows the counts and the clock.
const redraw = 200 * time.Millisecond

// maxTaskLines bounds the lines about tasks that wait for a terminal that does
// not keep up, as one that Ctrl-S stopped. Those beyond it are counted.
const maxTaskLines = 10_000

// A Progress shows people how a batch goes on. One goroutine owns the writer:
// it clears the bar, writes lines, and draws the bar again, in one write. The
// methods may be called from any goroutine and never wait for the terminal.
type Progress struct {
	w     io.Writer
	o     ProgressOptions
	began time.Time

	mu      sync.Mutex
	tally   *tally
	queue   []message
	waiting int // messages about tasks in queue
	dropped int // messages about tasks that found no room
	closed  bool

	wake chan struct{} // holds one; there is something in queue
	quit chan struct{}
	done chan struct{}

	bar string // on the screen now; only the goroutine that owns the writer
}

// A message is a line to be printed: text, or a task that has come to its end.
type message struct {
	text     string        // for a task, why it did not pass
	outcome  batch.Outcome // "" when it is not about a task
	position int
	id       string        // "" when it has to be asked for
	took     time.Duration // 0 when not known
}

// NewProgress starts to show a batch on w. Call Close to end it.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	if o.Heartbeat <= 0 {
		o.Heartbeat = 30 * time.Second
	}
	p := &Progress{
		w:     w,
		o:     o,
		began: time.Now(),
		tally: newTally(o.Total, o.Started),
		wake:  make(chan struct{}, 1),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	go p.own()
	return p
}

// Event takes note of what happened.
func (p *Progress) Event(e batch.Event) {
	why := ""
	if v := e.Verdict; v != nil && v.Outcome != batch.Passed {
		why = fit(Clean(joined(": ", string(v.Reason), verdictInWords(*v))), maxLine)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	took := p.tally.add(e)
	switch {
	case e.Kind == batch.BatchHalted:
		p.push(message{text: joined(": ", "halted, nothing new starts", Clean(e.Message))})
	case e.Kind == batch.TaskJudged && e.Verdict != nil && p.shows(e.Verdict.Outcome):
		if p.waiting >= maxTaskLines {
			p.dropped++
			return
		}
		p.waiting++
		p.push(message{outcome: e.Verdict.Outcome, text: why, position: e.Position, id: e.ID, took: took})
	}
}

// shows reports whether a task with this outcome gets a line. One that was
// never started has not finished, and there may be as many as tasks.
func (p *Progress) shows(o batch.Outcome) bool {
	switch p.o.Mode {
	case Bar:
		return o != batch.Passed && o != batch.NotStarted
	case Plain:
		return o != batch.NotStarted
	}
	return false
}

// Line prints a message for people, on one line of its own above the bar. No
// line is lost, also not one that comes after Close.
func (p *Progress) Line(format string, args ...any) {
	text := Clean(fmt.Sprintf(format, args...))
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.push(message{text: text})
		return
	}
	// The owner takes the lock once more before it ends.
	p.mu.Unlock()
	<-p.done
	p.mu.Lock()
	_, _ = io.WriteString(p.w, text+"\n")
}

func (p *Progress) push(m message) {
	p.queue = append(p.queue, m)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close prints what waits, removes the bar and ends. It may be called again.
func (p *Progress) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.quit)
	}
	p.mu.Unlock()
	<-p.done
}

// own is the goroutine that owns the writer. Errors of the writer are not
// reported: there is nobody left to tell, and the batch must go on.
func (p *Progress) own() {
	defer close(p.done)
	every := p.o.Heartbeat
	if p.o.Mode == Bar {
		every = redraw
		p.show(true)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			p.show(false)
			return
		case <-p.wake:
			if p.show(true) && p.o.Mode == Plain {
				tick.Reset(every)
			}
		case <-tick.C:
			if p.show(true) || p.o.Mode != Plain {
				continue
			}
			p.heartbeat()
		}
	}
}

// show prints what waits and, when asked, the bar below it. It reports whether
// there were lines to print.
func (p *Progress) show(bar bool) bool {
	width := p.width()
	p.mu.Lock()
	queue, dropped := p.queue, p.dropped
	p.queue, p.waiting, p.dropped = nil, 0, 0
	next := ""
	if bar && p.o.Mode == Bar {
		next = p.barLine(width - 1)
	}
	p.mu.Unlock()

	if len(queue) == 0 && next == p.bar {
		return false
	}
	var out bytes.Buffer
	if p.bar != "" {
		// Spaces instead of an escape sequence, which not every console
		// understands; no more of them than fit, should it have shrunk.
		out.WriteString("\r" + spaces(min(cells(p.bar), width-1)) + "\r")
	}
	for _, m := range queue {
		out.WriteString(p.text(m, width))
		out.WriteByte('\n')
	}
	if dropped > 0 {
		fmt.Fprintf(&out, "... %s about tasks not shown: the terminal did not keep up\n", counted(dropped, "line", "lines"))
	}
	out.WriteString(next)
	p.bar = next
	_, _ = p.w.Write(out.Bytes())
	return len(queue) > 0
}

func (p *Progress) heartbeat() {
	p.mu.Lock()
	line := p.heartbeatLine()
	p.mu.Unlock()
	_, _ = io.WriteString(p.w, line+"\n")
}

func (p *Progress) width() int {
	w := p.o.Width
	if p.o.Measure != nil {
		w = p.o.Measure()
	}
	if w <= 0 {
		w = 80
	}
	return w
}
