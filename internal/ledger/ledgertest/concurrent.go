package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// manyWriters takes many tasks their whole way at once, with a conflict beside
// every step that must not disturb the others.
func manyWriters(t *testing.T, open Opener) {
	const tasks = 64
	l := open(t, Tasks(tasks)...)
	var all sync.WaitGroup
	for i := range tasks {
		all.Go(func() {
			for _, e := range []batch.Event{
				intended(i, 1), started(i, 1, fmt.Sprint("run-", i)),
				ended(i, 1, batch.Result{Raw: fmt.Append(nil, i)}), judged(i, 1, batch.Passed),
			} {
				if err := l.Append(e); err != nil {
					t.Errorf("%s of task %d: %v", e.Kind, i, err)
				}
				if err := l.Append(e); !errors.Is(err, batch.ErrConflict) {
					t.Errorf("%s of task %d again: got %v, want %v", e.Kind, i, err, batch.ErrConflict)
				}
			}
		})
	}
	all.Wait()
	for i := range tasks {
		r, err := l.Result(i, 1)
		if err != nil || string(r.Raw) != fmt.Sprint(i) || row(t, l, i).Outcome != batch.Passed {
			t.Errorf("task %d: got result %s, %v, outcome %s", i, r.Raw, err, row(t, l, i).Outcome)
		}
	}
}

// oneWins lets many try the same step at once: exactly one may send a create.
func oneWins(t *testing.T, open Opener) {
	l := open(t, Tasks(20)...)
	for i := range 20 {
		var won atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := l.Append(intended(i, 1))
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, batch.ErrConflict) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := won.Load(); got != 1 {
			t.Fatalf("task %d: %d of 8 intents were admitted, want 1", i, got)
		}
	}
}
