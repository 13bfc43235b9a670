package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// standings reads where every task stands from the rows.
func standings(t *testing.T, b *Batch) []Standing {
	t.Helper()
	var got []Standing
	for r, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, Standing{State: r.State, Outcome: r.Outcome, Attempt: r.Attempt, RunID: r.RunID, Status: r.Status,
			Spent: r.Spent, Left: r.Left, Stale: r.Stale})
	}
	return got
}

// anyEvent is one that may or may not follow what came before.
func anyEvent(r *rand.Rand, tasks int) batch.Event {
	kinds := []batch.Kind{
		batch.AttemptIntended, batch.AttemptIntended, batch.AttemptStarted, batch.AttemptStarted, batch.AttemptUnknown,
		batch.AttemptRejected, batch.RunObserved, batch.StopIntended, batch.AttemptEnded, batch.TaskJudged,
		batch.TaskRetried, batch.TaskRetried, batch.TaskSkipped,
	}
	e := batch.Event{
		Kind: kinds[r.IntN(len(kinds))], Position: r.IntN(tasks), Attempt: 1 + r.IntN(4), At: ledgertest.Start(),
		Message: "because",
	}
	statuses := []batch.Status{batch.StatusPending, batch.StatusRunning, batch.StatusFailed, "ODD", ""}
	switch e.Kind {
	case batch.AttemptStarted:
		e.Run = &batch.Observed{ID: fmt.Sprint("run-", r.IntN(5*tasks)), Status: statuses[r.IntN(5)]}
	case batch.RunObserved, batch.AttemptEnded:
		e.Run = &batch.Observed{Status: statuses[r.IntN(5)]}
	case batch.TaskJudged:
		outcomes := []batch.Outcome{batch.Passed, batch.Invalid, batch.Wrong, batch.Failed, batch.Unknown}
		e.Verdict = &batch.Verdict{Outcome: outcomes[r.IntN(5)]}
	case batch.TaskRetried:
		e.Retries = r.IntN(3)
		if r.IntN(2) == 0 {
			e.Verdict = &batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "boom"}
		}
	case batch.TaskSkipped:
		e.Verdict = &batch.Verdict{Outcome: batch.Skipped, Message: "decided"}
	}
	return e
}

// The events alone tell the same as the rows, after every kind of history.
func TestFoldAgreesWithTheRows(t *testing.T) {
	reached := map[batch.State]bool{}
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(8)...)
		admitted := 0
		for range 400 {
			before := standings(t, b)
			e := anyEvent(r, 8)
			switch err := b.Append(e); {
			case err == nil:
				admitted++
			case !errors.Is(err, batch.ErrConflict):
				t.Fatal(err)
			default:
				if diff := cmp.Diff(before, standings(t, b)); diff != "" {
					t.Fatalf("seed %d: a refused %s changed (-before +after):\n%s", seed, e.Kind, diff)
				}
			}
		}
		folded, err := Fold(b.Events())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got := standings(t, b)
		if diff := cmp.Diff(folded, got); diff != "" {
			t.Fatalf("seed %d (-events +rows):\n%s", seed, diff)
		}
		logged := 0
		for e, err := range b.Events() {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind != batch.TaskAdded && e.Kind != batch.BatchOpened {
				logged++
			}
		}
		if logged != admitted {
			t.Errorf("seed %d: got %d events, want the %d that were admitted", seed, logged, admitted)
		}
		for _, s := range got {
			reached[s.State] = true
		}
	}
	if len(reached) < 5 {
		t.Errorf("only %v were reached", reached)
	}
}

func TestFoldRefusesWhatCannotHaveHappened(t *testing.T) {
	added := batch.Event{Kind: batch.TaskAdded, Position: 0, Last: 1}
	bad := errors.New("unreadable")
	for name, events := range map[string][]batch.Event{
		"a task that was not added":  {added, {Kind: batch.AttemptIntended, Position: 2, Attempt: 1}},
		"an end without a start":     {added, {Kind: batch.AttemptEnded, Position: 0, Attempt: 1, Run: &batch.Observed{}}},
		"tasks that are added twice": {added, added},
	} {
		_, err := Fold(func(yield func(batch.Event, error) bool) {
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
		})
		if !errors.Is(err, batch.ErrConflict) {
			t.Errorf("%s: got %v, want %v", name, err, batch.ErrConflict)
		}
	}
	if _, err := Fold(func(yield func(batch.Event, error) bool) { yield(batch.Event{}, bad) }); !errors.Is(err, bad) {
		t.Errorf("got %v, want the sequence's own error", err)
	}
}
