package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// Who is told to end while a large batch is opened has a second, and to remove
// what is there of a million tasks takes longer. It is removed later.
func TestAnInterruptedBeginIsSweptLater(t *testing.T) {
	s := openStore(t, t.TempDir())
	_, err := s.Begin(batch.Info{Name: "main"}, func(yield func(batch.Task, error) bool) {
		for _, task := range ledgertest.Tasks(2500) {
			if !yield(task, nil) {
				return
			}
		}
		yield(batch.Task{}, batch.ErrInterrupted)
	})
	if !errors.Is(err, batch.ErrInterrupted) {
		t.Fatalf("got %v, want an interruption", err)
	}
	if _, ok, err := s.Latest("main"); ok || err != nil {
		t.Errorf("latest: got %v, %v, want none", ok, err)
	}
	before := leftovers(t, s)
	if before < 4000 { // 2,000 tasks and where they stand
		t.Errorf("got %d rows, want what was added", before)
	}
	found := 0
	sweep := func(ctx context.Context, name string, want error) {
		t.Helper()
		if err := s.Sweep(ctx, name, func() { found++ }); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	sweep(t.Context(), "other", nil)
	if found != 0 {
		t.Error("another name's batch was found")
	}
	told, cancel := context.WithCancel(t.Context())
	cancel()
	sweep(told, "main", context.Canceled)
	if got := leftovers(t, s); got != before {
		t.Errorf("got %d rows, want %d: nothing is removed by who is told to end", got, before)
	}
	sweep(t.Context(), "main", nil)
	if got := leftovers(t, s); got != 0 || found != 2 {
		t.Errorf("got %d rows, found %d times, want none, twice", got, found)
	}
	sweep(t.Context(), "main", nil)
	if found != 2 {
		t.Error("found what is gone")
	}
}

// A read that goes through everything is given up in its middle, and the
// connection is as good as before.
func TestAReadIsGivenUp(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	mustAppend(t, b, wholeWay(1, []byte("1"))[:2]...)
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := s.readUntil(brief, func(c *connection) error {
		var n int
		_, err := c.one(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n`, nil, &n)
		return err
	})
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
		t.Errorf("got %v after %s, want the end of the time", err, took)
	}
	if _, err := b.SummaryUntil(brief); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the time", err)
	}
	sum, err := b.Summary()
	if err != nil || sum.Counts[batch.Running] != 1 || sum.Counts[batch.Pending] != 2 {
		t.Errorf("got %v, %v, want 1 running and 2 pending", sum.Counts, err)
	}
	if n, err := b.InFlight(); err != nil || n != 1 {
		t.Errorf("in flight: got %d, %v, want 1", n, err)
	}
}
