package cli

import (
	"os"
	"sync"
)

// What the first Ctrl-C does, as --on-interrupt says it.
const (
	interruptDrain  = "drain"
	interruptDetach = "detach"
	interruptStop   = "stop"
)

// watchSignals does what --on-interrupt says at the first signal: it closes drain
// at SIGINT, and a.stop too at any signal where runs are to be stopped. It cancels
// at the next one, and at once for all that is left.
func (a *application) watchSignals(cancel func()) (drain <-chan struct{}, stop func()) {
	signals, unnotify := a.sys.Signals()
	closing, stopping := make(chan struct{}), make(chan struct{})
	a.stop = stopping
	quit := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		first, detached, told := true, false, false // told: a person knows of a first signal
		var telling sync.WaitGroup                  // a terminal that is stopped must not keep the next signal
		defer telling.Wait()
		for {
			select {
			case <-quit:
				return
			case s := <-signals:
				how := a.flags.onInterrupt
				switch {
				case first && how == interruptStop:
					close(stopping)
					close(closing)
					told = true
					telling.Go(a.show.stopping)
				case first && how == interruptDrain && s == os.Interrupt:
					close(closing)
					told = true
					telling.Go(a.show.interrupted)
				default:
					cancel() // first: the message takes a moment on a large batch
					a.sys.console.hurry()
					if !detached {
						detached = true
						telling.Go(func() { a.show.detached(!told) })
					}
				}
				first = false
			}
		}
	}()
	return closing, func() { unnotify(); close(quit); <-done }
}

// interrupted answers the first Ctrl-C.
func (d *display) interrupted() {
	d.draining("waiting for %s in flight. Ctrl-C again " + d.leaves())
}

// stopping answers it where it stops the runs.
func (d *display) stopping() {
	d.draining("stopping %s in flight. Ctrl-C again " + d.leaves())
}

func (d *display) leaves() string {
	if d.local {
		return "gives them up: the local server ends with this process"
	}
	return "leaves them running: the next apply collects them"
}

// draining says what is done with the runs in flight; what has their number in it.
func (d *display) draining(what string) {
	if p := d.now(); p != nil {
		p.Drain()
	}
	if n, ok := d.inFlight(); ok {
		d.say("nothing new is started; "+what, plural(n, "run"))
		return
	}
	d.say(tooEarly)
}

// detached answers what lets the runs go; first, where it is the first signal.
func (d *display) detached(first bool) {
	n, ok := d.inFlight()
	switch {
	case ok && !d.local:
		d.say("detached: %s in flight; the next apply collects them", plural(n, "run"))
	case !ok && first:
		d.say(tooEarly)
	}
}

const tooEarly = "interrupted before anything was started"
