package report

import (
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
	JSON              // every line is an object: messages, and where the batch stands, once a second at most
)

// ProgressOptions say what the caller found out about the terminal and the
// batch. The zero value shows nothing but lines.
type ProgressOptions struct {
	Mode      Mode
	Width     int                   // columns of the terminal; 80 when 0
	Measure   func() int            // asked for the width before each drawing; nil when it does not change
	Color     bool                  // whether SGR colours may be written
	Objects   bool                  // lines are objects, as they always are in mode JSON
	Batch     string                // id of the batch, for objects
	Total     int                   // tasks of the batch
	Started   map[batch.Outcome]int // how many stood where when this process took the batch up
	Price     *batch.Price          // nil when the user has not said
	Cost      batch.Money           // of the runs that had ended then
	Heartbeat time.Duration         // 30 s when 0
	Name      func(position int) string
	// Name returns a task's id. It is called from one goroutine, without any
	// lock held; nil, or an answer of "", makes "task N", counted from 1.
}

// How often the bar follows the counts and the clock, and how often an object
// says where the batch stands, if that has changed.
const (
	redraw   = 200 * time.Millisecond
	snapshot = time.Second
)

// maxTaskLines bounds the lines about tasks, and the details, that wait for a
// terminal that does not keep up, as one that Ctrl-S stopped. Those beyond it
// are counted.
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
	waiting int // messages about tasks, and details, in queue
	dropped int // those that found no room
	closed  bool

	wake chan struct{} // holds one; there is something in queue
	data chan data
	quit chan struct{}
	done chan struct{}

	// Only the goroutine that owns the writer:
	bar   string    // on the screen now
	wide  int       // the terminal's width when it was drawn
	last  snapshots // the last object about where the batch stands
	since time.Time // when it was written
}

// A message is a line to be printed: text, or a task that has come to its end.
type message struct {
	kind     string        // of the object in mode JSON; "" when text is one already
	text     string        // for a task, why it did not pass
	outcome  batch.Outcome // "" when it is not about a task
	position int
	id       string        // "" when it has to be asked for
	took     time.Duration // 0 when not known
}

// NewProgress starts to show a batch on w. Call Close to end it.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	o.Objects = o.Objects || o.Mode == JSON
	if o.Heartbeat <= 0 {
		o.Heartbeat = 30 * time.Second
	}
	p := &Progress{
		w:     w,
		o:     o,
		began: time.Now(),
		tally: newTally(o.Total, o.Started),
		wake:  make(chan struct{}, 1),
		data:  make(chan data),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	p.tally.price, p.tally.cost = o.Price, o.Cost
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
		p.push(message{kind: kindWarning, text: joined(": ", "halted, nothing new starts", Clean(e.Message))})
	case e.Verdict == nil:
	case e.Kind == batch.TaskRetried:
		p.finish(e, took, joined(": ", again(e), why))
	case e.Kind == batch.TaskReused && e.Reuse != nil:
		p.finish(e, took, joined("; ", "the result of batch "+Clean(e.Reuse.Batch), why))
	case e.Kind == batch.TaskJudged, e.Kind == batch.TaskSkipped:
		p.finish(e, took, why)
	}
}

// finish offers a line about a task that has its outcome, or is to be tried
// again.
func (p *Progress) finish(e batch.Event, took time.Duration, why string) {
	if outcome := outcomeAfter(e); p.shows(outcome) {
		p.offer(message{outcome: outcome, text: why, position: e.Position, id: e.ID, took: took})
	}
}

// outcomeAfter is the outcome of a task once an event with a verdict has
// happened: one that is to be tried again has none yet.
func outcomeAfter(e batch.Event) batch.Outcome {
	if e.Kind == batch.TaskRetried {
		return batch.Pending
	}
	return e.Verdict.Outcome
}

// offer queues a message that may be left out when too many wait.
func (p *Progress) offer(m message) {
	if p.waiting >= maxTaskLines {
		p.dropped++
		return
	}
	p.waiting++
	p.push(m)
}

// shows reports whether a task that comes to this outcome gets a line; pending
// is one that is to be tried again. One that was never started has not finished,
// and there may be as many as tasks.
func (p *Progress) shows(o batch.Outcome) bool {
	switch p.o.Mode {
	case Bar:
		return o != batch.Passed && o != batch.NotStarted && o != batch.Skipped
	case Plain:
		return o != batch.NotStarted
	}
	return false
}

// Line prints a message for people, on one line of its own above the bar. No
// line is lost, also not one that comes after Close.
func (p *Progress) Line(format string, args ...any) {
	p.line(message{kind: kindMessage, text: Clean(fmt.Sprintf(format, args...))})
}

// Warn is a Line about what a person should know.
func (p *Progress) Warn(text string) {
	if text = Clean(text); !p.o.Objects {
		text = "warning: " + text
	}
	p.line(message{kind: kindWarning, text: text})
}

func (p *Progress) line(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.push(m)
		return
	}
	// The owner takes the lock once more before it ends.
	p.mu.Unlock()
	<-p.done
	p.mu.Lock()
	_, _ = io.WriteString(p.w, p.text(m, 0)+"\n")
}

// Drain says that nothing new is started: how long the rest would take is not
// told any more.
func (p *Progress) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.halted = true
}

// Detail prints a line that may be left out when the terminal does not keep up,
// and after Close. In mode JSON it is an object already.
func (p *Progress) Detail(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.offer(message{text: Clean(text)})
	}
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
	switch p.o.Mode {
	case Bar:
		every = redraw
		p.show(true)
	case JSON:
		every = snapshot
		p.snapshot(true)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			p.show(false)
			if p.o.Mode == JSON {
				p.snapshot(true)
			}
			return
		case d := <-p.data:
			p.hide()
			d.n, d.err = d.w.Write(d.bytes)
			close(d.done)
			p.show(true)
		case <-p.wake:
			if p.show(true) && p.o.Mode == Plain {
				tick.Reset(every)
			}
		case <-tick.C:
			lines := p.show(true)
			switch {
			case p.o.Mode == JSON:
				p.snapshot(false)
			case p.o.Mode == Plain && !lines:
				p.heartbeat()
			}
		}
	}
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
