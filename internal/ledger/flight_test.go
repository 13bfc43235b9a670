package ledger

import (
	"errors"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// What is remembered of a task is not believed where the rows say otherwise.
func TestWhatIsRememberedMayBeOld(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(2)...)
	other, err := openStore(t, dir).Batch(b.ID()) // as another process has it
	if err != nil {
		t.Fatal(err)
	}
	way := wholeWay(0, []byte("1"))
	mustAppend(t, b, way[0])
	mustAppend(t, other, way[1])
	if err := b.Append(way[1]); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("a start that another process wrote: got %v, want %v", err, batch.ErrConflict)
	}
	mustAppend(t, b, way[2])

	mustAppend(t, other, batch.Event{Kind: batch.BatchClosed, Position: -1, At: ledgertest.Start()})
	if err := b.Append(way[3]); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("a verdict after the batch was closed elsewhere: got %v, want %v", err, batch.ErrConflict)
	}
	if row, err := b.Task(0); err != nil || row.State != batch.StateEnded {
		t.Errorf("got %s, %v, want %s", row.State, err, batch.StateEnded)
	}
	n := 0
	for _, err := range b.Events() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if want := 6; n != want { // opened, added, intended, started, ended, closed
		t.Errorf("got %d events, want %d", n, want)
	}
}

// What is remembered moves nothing that stands elsewhere by now: a create whose
// run another process has found does not become pending again.
func TestAnOldMemoryMovesNothing(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(1)...)
	other, err := openStore(t, dir).Batch(b.ID())
	if err != nil {
		t.Fatal(err)
	}
	event := func(k batch.Kind) batch.Event {
		return batch.Event{Kind: k, Attempt: 1, At: ledgertest.Start(), Message: "why"}
	}
	mustAppend(t, b, wholeWay(0, nil)[0]) // b remembers: starting
	adopted := event(batch.AttemptAdopted)
	adopted.Run = &batch.Observed{ID: "r", Status: batch.StatusRunning}
	mustAppend(t, other, event(batch.AttemptUnknown), adopted)
	if err := b.Append(event(batch.AttemptRejected)); !errors.Is(err, batch.ErrConflict) {
		t.Errorf("got %v, want %v", err, batch.ErrConflict)
	}
	if row, err := b.Task(0); err != nil || row.State != batch.StateRunning {
		t.Errorf("got %s, %v, want %s", row.State, err, batch.StateRunning)
	}
}

// Memory holds the tasks in flight and no others.
func TestOnlyTasksInFlightAreRemembered(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(3)...)
	mustAppend(t, b, wholeWay(0, nil)...)
	mustAppend(t, b, wholeWay(1, nil)[:2]...)
	mustAppend(t, b, wholeWay(2, nil)[0],
		batch.Event{Kind: batch.AttemptRejected, Position: 2, Attempt: 1, At: ledgertest.Start(), Message: "no"})
	if len(b.flight) != 1 || b.flight[1].State != batch.StateRunning {
		t.Errorf("got %v, want task 1 alone", b.flight)
	}
}
