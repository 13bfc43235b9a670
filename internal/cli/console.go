package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bbbatch/bbbatch/report"
)

// A console is what the process's standard streams have in common.
type console struct {
	json  atomic.Bool // what people read is written as JSON objects
	once  sync.Once
	ended chan struct{} // closed when the process was told to end
}

// newConsole makes the streams of sys such that nobody who stopped reading them
// can keep the process from ending.
func newConsole(sys Sys) Sys {
	c := &console{ended: make(chan struct{})}
	sys.console = c
	sys.Stdout = &patient{w: sys.Stdout, console: c}
	sys.Stderr = &patient{w: sys.Stderr, console: c}
	return sys
}

// hurry says that the process was told to end: from now on a write waits for
// its reader no longer than readerGrace.
func (c *console) hurry() { c.once.Do(func() { close(c.ended) }) }

// errUnread says that the process was told to end while the reader of a stream
// did not read.
var errUnread = errors.New("standard output is not read")

// readerGrace is how long such a reader is waited for.
const readerGrace = 300 * time.Millisecond

// A patient is a writer that waits for its reader until the process is told to
// end: a pipe that is full, or a terminal that Ctrl-S stopped, would hold it for
// ever. What it was writing then is left behind, and nothing is written after it.
type patient struct {
	w       io.Writer
	console *console
	left    atomic.Bool
}

func (p *patient) Write(b []byte) (int, error) {
	if p.left.Load() {
		return 0, errUnread
	}
	type result struct {
		n   int
		err error
	}
	written := make(chan result, 1)
	mine := bytes.Clone(b) // the caller may use b again while the write is left behind
	go func() {
		n, err := p.w.Write(mine)
		written <- result{n, err}
	}() // if left behind, it ends with the process
	select {
	case r := <-written:
		return r.n, r.err
	case <-p.console.ended:
	}
	t := time.NewTimer(readerGrace)
	defer t.Stop()
	select {
	case r := <-written:
		return r.n, r.err
	case <-t.C:
		p.left.Store(true)
		return 0, errUnread
	}
}

// wantsJSON reports whether a command line asks for objects instead of words.
// It looks before the line is parsed, so that what is wrong with it is told as
// an object too.
func wantsJSON(args []string, getenv func(string) string) bool {
	how := getenv(variableOf("progress"))
	command := ""
	for i, arg := range args {
		word, value, inside := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			return carriesOut(command) && how == "json"
		case word == "--progress" && inside:
			how = value
		case word == "--progress" && i+1 < len(args):
			how = args[i+1]
		case command == "" && !strings.HasPrefix(arg, "-"):
			command = arg
		}
	}
	return carriesOut(command) && how == "json"
}

// carriesOut reports whether a command runs batches.
func carriesOut(command string) bool { return command == "apply" || command == "retry" }

// asObject is a line of words as an object. What stands before the words says
// whether it is an error, a warning or neither.
func asObject(line, hint string) []byte {
	if text, ok := strings.CutPrefix(line, "bbbatch: warning: "); ok {
		return report.WarningLine(text, hint)
	}
	if text, ok := strings.CutPrefix(line, "bbbatch: "); ok {
		return report.ErrorLine(text, hint)
	}
	return report.MessageLine(line, hint)
}
