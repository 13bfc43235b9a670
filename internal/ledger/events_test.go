package ledger

import (
	"testing"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// EventsAfter goes on where a reader stopped, names tasks, and leaves out other
// batches, whose events share the count.
func TestEventsAfter(t *testing.T) {
	s := openStore(t, t.TempDir())
	if last, err := s.LastEvent(); err != nil || last != 0 {
		t.Errorf("an empty ledger: got %d, %v, want 0", last, err)
	}
	a := begin(t, s, "a", ledgertest.Tasks(2)...)
	b := begin(t, s, "b", ledgertest.Tasks(2)...)
	mustAppend(t, a, wholeWay(1, nil)...)
	mustAppend(t, b, wholeWay(0, nil)...)
	last, err := s.LastEvent()
	if err != nil {
		t.Fatal(err)
	}
	var all []Logged
	for e, err := range a.EventsAfter(0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	var kinds []batch.Event
	for e, err := range a.Events() {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e)
	}
	if len(all) < 5 || len(kinds) != len(all) {
		t.Fatalf("got %d events and %d, want as many", len(all), len(kinds))
	}
	if all[0].Kind != batch.BatchOpened || all[1].Kind != batch.TaskAdded {
		t.Errorf("got %s and %s first, want %s and %s", all[0].Kind, all[1].Kind, batch.BatchOpened, batch.TaskAdded)
	}
	for i, e := range all {
		want := ""
		if e.Position >= 0 && e.Kind != batch.TaskAdded {
			want = "task-1"
		}
		if e.Task != want || e.Kind != kinds[i].Kind {
			t.Errorf("event %d: got %s of %q, want %s of %q", e.Seq, e.Kind, e.Task, kinds[i].Kind, want)
		}
		if e.Seq > last || i > 0 && e.Seq <= all[i-1].Seq {
			t.Errorf("event %d comes after %v, the last one is %d", e.Seq, all[max(i-1, 0)].Seq, last)
		}
	}
	middle := len(all) / 2
	for e, err := range a.EventsAfter(all[middle].Seq) {
		if err != nil || e.Seq != all[middle+1].Seq {
			t.Errorf("after %d: got %d, %v, want %d", all[middle].Seq, e.Seq, err, all[middle+1].Seq)
		}
		break
	}
	for e, err := range a.EventsAfter(last) {
		t.Errorf("after the last: got %d, %v", e.Seq, err)
	}
}
