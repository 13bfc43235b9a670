package cli

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/bbbatch/bbbatch/report"
)

// watchEvery is how often a batch is looked at that is watched; watchShare how
// many times as long as a look takes there is none.
const (
	watchEvery = time.Second
	watchShare = 10
)

// watch shows where a batch stands until it is closed, or until it is told to
// end: drawn anew on a terminal, a line for each change elsewhere. It only reads
// the ledger.
func watch(sys Sys, b *foundBatch, asJSON bool) error {
	ended, stop := interrupted(sys)
	defer stop()
	w := &watching{sys: sys, json: asJSON}
	_, obeys := sys.Terminal()
	w.draws = !asJSON && obeys && sys.outWidth() > 0 && sys.Getenv("TERM") != "dumb"
	for {
		began := time.Now()
		s, err := standing(sys, b)
		if err != nil {
			return err
		}
		if err := w.show(s); err != nil {
			if errors.Is(err, errUnread) {
				break
			}
			return unlessGone(err)
		}
		if !s.Summary.Info.ClosedAt.IsZero() {
			return nil
		}
		wait := time.NewTimer(max(watchEvery, watchShare*time.Since(began)))
		select {
		case <-ended:
		case <-wait.C:
			continue
		}
		wait.Stop()
		break
	}
	return &failure{code: exitInterrupted, err: errTold}
}

// interrupted returns what is closed when the process is told to end.
func interrupted(sys Sys) (ended <-chan struct{}, stop func()) {
	signals, unnotify := sys.Signals()
	told, quit, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-signals:
			sys.console.hurry()
			close(told)
		case <-quit:
		}
	}()
	return told, func() { unnotify(); close(quit); <-done }
}

// A watching is what of a batch was shown last.
type watching struct {
	sys   Sys
	json  bool
	draws bool
	last  string
}

func (w *watching) show(s report.Standing) error {
	if w.draws {
		var text bytes.Buffer
		width := w.sys.outWidth() // as it is now
		if err := report.StandingText(&text, s, width); err != nil {
			return err
		}
		drawn := report.Redrawing(w.last, text.String(), width)
		w.last = text.String()
		_, err := io.WriteString(w.sys.Stdout, drawn)
		return err
	}
	line := report.StandingLine(s)
	if line == w.last {
		return nil
	}
	w.last = line
	if w.json {
		return report.StandingRecord(w.sys.stdout(), s)
	}
	_, err := io.WriteString(w.sys.stdout(), s.Now.Local().Format(time.TimeOnly)+"  "+line+"\n")
	return err
}
