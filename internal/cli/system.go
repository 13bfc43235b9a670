package cli

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// A Sys is the world around the program: its streams, its environment and the
// signals it gets. Nothing else in the program touches them.
type Sys struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	Getenv  func(string) string
	Environ func() []string // as os.Environ; nil for an environment that can't be listed
	Now     func() time.Time

	// Timeout bounds one request to the service; 0 for the client's own bound.
	Timeout time.Duration

	// StdoutTerminal reports whether stdout is a terminal; nil means that it
	// is not.
	StdoutTerminal func() bool

	// StdinTerminal likewise for stdin, which a person can answer on.
	StdinTerminal func() bool

	// Terminal reports whether stderr is a terminal that obeys escape sequences,
	// and its width in columns.
	Terminal func() (width int, ok bool)

	// Signals yields what arrives of SIGINT, SIGTERM and SIGHUP until stop is
	// called.
	Signals func() (signals <-chan os.Signal, stop func())

	console *console // made by Main
}

// System returns the process's own world. A write to a closed pipe becomes an
// error there, where it would otherwise kill the process in the middle of a
// step.
func System() Sys {
	signal.Ignore(syscall.SIGPIPE)
	return Sys{
		Stdin:          os.Stdin,
		Stdout:         os.Stdout,
		Stderr:         os.Stderr,
		Getenv:         os.Getenv,
		Environ:        os.Environ,
		Now:            time.Now,
		StdoutTerminal: func() bool { return term.IsTerminal(int(os.Stdout.Fd())) },
		StdinTerminal:  func() bool { return term.IsTerminal(int(os.Stdin.Fd())) },
		Terminal: func() (int, bool) {
			fd := int(os.Stderr.Fd())
			if !term.IsTerminal(fd) || !obeysEscapes(os.Stderr.Fd()) {
				return 0, false
			}
			width, _, err := term.GetSize(fd)
			if err != nil || width <= 0 {
				width = 80
			}
			return width, true
		},
		Signals: func() (<-chan os.Signal, func()) {
			c := make(chan os.Signal, 4)
			signal.Notify(c, os.Interrupt, syscall.SIGTERM)
			if !signal.Ignored(syscall.SIGHUP) { // nohup wants the process to outlive its terminal
				signal.Notify(c, syscall.SIGHUP)
			}
			return c, func() { signal.Stop(c) }
		},
	}
}

// lookup finds a variable of the environment; an empty one is not set.
func (s Sys) lookup(name string) (string, bool) {
	value := s.Getenv(name)
	return value, value != ""
}

func (s Sys) environ() []string {
	if s.Environ == nil {
		return nil
	}
	return s.Environ()
}
