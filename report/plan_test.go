package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A task that left the manifest while its run is in flight is waited for, so that
// there is work to do; one that is done is not.
func TestPlanKnowsWorkOfTasksThatLeft(t *testing.T) {
	for state, want := range map[batch.State]bool{
		batch.StateRunning: true, batch.StateUnsure: true, batch.StateEnded: true, batch.StateDone: false,
	} {
		var p Plan
		p.Add(batch.Change{Class: batch.ClassLeft, Row: batch.Row{ID: "gone", State: state}})
		if got := p.Work(); got != want {
			t.Errorf("a task that left while it was %s: work is %v, want %v", state, got, want)
		}
	}
}

// A task that is to be skipped from now on is work; one that is skipped is not.
func TestPlanOfSkippedTasks(t *testing.T) {
	for state, want := range map[batch.State]bool{"": true, batch.StatePending: true, batch.StateDone: false} {
		var p Plan
		line := p.Add(batch.Change{Class: batch.ClassSkipped, Why: "if is false: a", Task: batch.Task{ID: "b"}, Row: batch.Row{State: state}})
		if line != "  skipped     b  if is false: a\n" {
			t.Errorf("got %q", line)
		}
		if got := p.Work(); got != want {
			t.Errorf("a task that was %q: work is %v, want %v", state, got, want)
		}
		var out bytes.Buffer
		if err := p.Text(&out, 0); err != nil || out.String() != "1 skipped\nbuys nothing\n" {
			t.Errorf("got %q, %v", out.String(), err)
		}
	}
}

// What runs will cost is written as the summary writes it.
func TestPlanRoundsItsCost(t *testing.T) {
	p := Plan{
		Policy:  batch.Policy{Price: &batch.Price{PerRun: 1_332_400}},
		Typical: func(string) (time.Duration, error) { return time.Minute, nil },
	}
	for _, id := range []string{"a", "b", "c"} {
		p.Add(batch.Change{Class: batch.ClassNew, Task: batch.Task{ID: id, Template: "tasks[0]"}})
	}
	var out bytes.Buffer
	if err := p.Text(&out, 0); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "buys 3 runs; run time: about 3m0s; cost: about $4.00\n") {
		t.Errorf("got %q", got)
	}
}
