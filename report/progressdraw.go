package report

import (
	"bytes"
	"fmt"
	"io"
)

// What the bar is drawn with. The cursor stands at its beginning while it is on
// the screen: a terminal that became narrower breaks it into several rows, and
// erasing from its beginning to the end of the screen removes them all, but no
// line above. Automatic wrapping is off until the cursor is back there, for a
// terminal that becomes narrower just then.
const (
	erase   = "\r\x1b[J"
	barHead = "\x1b[?7l\r"
	barTail = "\x1b[J\r\x1b[?7h"
)

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

	if len(queue) == 0 && next == p.bar && (next == "" || width == p.wide) {
		return false
	}
	var out bytes.Buffer
	if p.bar != "" && (len(queue) > 0 || next == "") {
		out.WriteString(erase)
	}
	for _, m := range queue {
		out.WriteString(p.text(m, width))
		out.WriteByte('\n')
	}
	if dropped > 0 {
		left := message{kind: kindWarning, text: fmt.Sprintf("... %s not shown: the terminal did not keep up", counted(dropped, "line", "lines"))}
		out.WriteString(p.text(left, width) + "\n")
	}
	if next != "" {
		out.WriteString(barHead + next + barTail)
	}
	p.bar, p.wide = next, width
	_, _ = p.w.Write(out.Bytes())
	return len(queue) > 0
}

// hide removes the bar, until the next show.
func (p *Progress) hide() {
	if p.bar != "" {
		p.bar = ""
		_, _ = io.WriteString(p.w, erase)
	}
}
