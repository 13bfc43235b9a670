//go:build unix

package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/report/terminaltest"
)

// In a real terminal 2,000 messages of 20 goroutines, and as many lines of data,
// all arrive, whole and once, and nothing of the bar is left, while the terminal
// becomes narrower and wider.
func TestNoLineIsLostInATerminal(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		for _, cuts := range []bool{false, true} {
			t.Run(fmt.Sprintf("width=%d,cuts=%v", width, cuts), func(t *testing.T) {
				t.Parallel()
				inTerminal(t, width, cuts)
			})
		}
	}
}

func inTerminal(t *testing.T, width int, cuts bool) {
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	screen := terminaltest.New(width, t.Errorf)
	screen.Cuts = cuts
	resize := func(width int) {
		screen.Resize(width)
		if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: uint16(width)}); err != nil {
			t.Error(err)
		}
	}
	resize(width)
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(screen, master) // ends with EIO
	}()
	p := NewProgress(terminal, ProgressOptions{
		Mode: Bar, Total: 2000, Color: true, Name: func(int) string { return strings.Repeat("long-id-", 8) },
		Measure: func() int {
			_, columns, err := pty.Getsize(terminal)
			if err != nil {
				t.Error(err)
			}
			return columns
		},
	})
	out := p.Through(terminal)
	var talking sync.WaitGroup
	for worker := range 20 {
		talking.Go(func() {
			for i := range 100 {
				n := worker*100 + i
				p.Event(intended(n))
				p.Line("message %04d", n)
				_, _ = fmt.Fprintf(out, "data %04d\n", n)
				verdict := batch.Verdict{Outcome: batch.Passed}
				if n%10 == 0 {
					verdict = batch.Verdict{Outcome: batch.Invalid, Message: "wrong"}
				}
				p.Event(judged(n, verdict))
				time.Sleep(time.Millisecond)
			}
		})
	}
	for _, w := range []int{width / 2, width * 2, width / 3, width * 3, width} {
		time.Sleep(30 * time.Millisecond)
		resize(w)
	}
	talking.Wait()
	p.Close()
	if err := terminal.Close(); err != nil {
		t.Error(err)
	}
	<-read
	_ = master.Close()
	got := map[string]int{}
	for line := range strings.SplitSeq(screen.Text(), "\n") {
		if strings.HasPrefix(line, "invalid  l") {
			line = "invalid"
		}
		got[line]++
	}
	for n := range 2000 {
		for _, what := range []string{"message", "data"} {
			line := fmt.Sprintf("%s %04d", what, n)
			if got[line] != 1 {
				t.Fatalf("%q came %d times, want once", line, got[line])
			}
			delete(got, line)
		}
	}
	if got["invalid"] != 200 {
		t.Errorf("got %d lines about tasks, want 200", got["invalid"])
	}
	delete(got, "invalid")
	delete(got, "")
	if len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}
