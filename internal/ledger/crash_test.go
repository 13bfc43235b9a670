package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

const crashTasks = 20_000

// crashResult makes every eighth result one for a side file.
func crashResult(i int) []byte {
	if i%8 == 7 {
		return []byte(strings.Repeat(fmt.Sprint(i%10), rowLimit+1))
	}
	return fmt.Appendf(nil, `{"n": %d}`, i)
}

// appendForEver writes events from several goroutines and says "POSITION STEP"
// of each that was acknowledged, until it is killed.
func appendForEver(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	b, ok, err := s.Latest("main")
	if !ok || err != nil {
		return fmt.Errorf("no batch: %w", err)
	}
	var all sync.WaitGroup
	const writers = 8
	for w := range writers {
		all.Go(func() {
			for i := w; i < crashTasks; i += writers {
				row, err := b.Task(i)
				if err != nil || row.State != batch.StatePending {
					continue // an earlier child's
				}
				for step, e := range wholeWay(i, crashResult(i)) {
					if err := b.Append(e); err != nil {
						fmt.Fprintln(os.Stderr, err)
						return
					}
					fmt.Printf("%d %d\n", i, step) // one write: lines do not mix
				}
			}
		})
	}
	all.Wait()
	return errors.New("there was nothing more to append")
}

// Whatever was acknowledged is there after kill -9, and what is there is whole.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	begin(t, s, "main", ledgertest.Tasks(crashTasks)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	steps := map[int]int{} // acknowledged, by position
	acknowledged := 0
	for round := range rounds {
		c := startChild(t, "append", dir)
		lifetime := time.Duration(rand.IntN(300)) * time.Millisecond
		var killer *time.Timer
		for c.lines.Scan() {
			var position, step int
			if _, err := fmt.Sscan(c.lines.Text(), &position, &step); err != nil {
				break // killed inside a line
			}
			if killer == nil {
				killer = time.AfterFunc(lifetime, func() { _ = c.Process.Kill() })
			}
			steps[position] = max(steps[position], step+1)
			acknowledged++
		}
		if err := c.Wait(); err == nil || killer == nil {
			t.Fatalf("round %d: got %v after %d lines, want it to be killed", round, err, acknowledged)
		}
		killer.Stop()
		check(t, dir, steps)
	}
	t.Logf("%d events of %d tasks were acknowledged over %d kills", acknowledged, len(steps), rounds)
}

// check opens the ledger and compares it with what was acknowledged.
func check(t *testing.T, dir string, steps map[int]int) {
	t.Helper()
	s := openStore(t, dir)
	b, ok, err := s.Latest("main")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	order := map[batch.State]int{
		batch.StatePending: 0, batch.StateStarting: 1, batch.StateRunning: 2, batch.StateEnded: 3, batch.StateDone: 4,
	}
	folded, err := Fold(b.Events())
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range b.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		if got := order[r.State]; got < steps[r.Position] {
			t.Errorf("task %d is %s, but %d steps were acknowledged", r.Position, r.State, steps[r.Position])
		}
		if folded[r.Position].State != r.State {
			t.Errorf("task %d is %s by its row and %s by its events", r.Position, r.State, folded[r.Position].State)
		}
		if order[r.State] < 3 {
			continue
		}
		result, err := b.Result(r.Position, 1)
		if err != nil {
			t.Fatal(err)
		}
		raw := []byte(result.Raw)
		if result.File != "" {
			if raw, err = os.ReadFile(result.File); err != nil {
				t.Error(err)
			}
		}
		if string(raw) != string(crashResult(r.Position)) {
			t.Errorf("task %d: got a result of %d bytes, want %d", r.Position, len(raw), len(crashResult(r.Position)))
		}
	}
	var found []string
	err = s.read(func(c *connection) error {
		var word string
		_, err := c.one("PRAGMA integrity_check", nil, &word)
		found = append(found, word)
		return err
	})
	if err != nil || found[0] != "ok" {
		t.Errorf("integrity: %v, %v", found, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Temporary side files that a crash left are removed when the batch is closed.
func TestClosingSweepsTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	b := begin(t, openStore(t, dir), "main", ledgertest.Tasks(1)...)
	mustAppend(t, b, wholeWay(0, make([]byte, rowLimit+1))...)
	folder := filepath.Join(dir, "results", b.ID())
	if err := os.WriteFile(filepath.Join(folder, tempPrefix+"left"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, b, batch.Event{Kind: batch.BatchClosed, Position: -1})
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 || left[0].Name() != "0-1.json" {
		t.Errorf("got %v, %v, want the result alone", left, err)
	}
}

// wholeBatch begins a batch of its own name and takes its tasks to their end.
func wholeBatch(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	name := os.Getenv("LEDGER_TEST_NAME")
	const tasks = 1500
	b, err := beginBatch(s, name, ledgertest.Tasks(tasks)...)
	if err != nil {
		return err
	}
	errs := make([]error, 4)
	var all sync.WaitGroup
	for w := range errs {
		all.Go(func() {
			for i := w; i < 200; i += len(errs) {
				for _, e := range wholeWay(i, []byte("1")) {
					if e.Run != nil {
						e.Run.ID += name
					}
					errs[w] = errors.Join(errs[w], b.Append(e))
				}
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, s.Close())...)
}

func TestTwoProcessesOfDifferentNames(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a", "b", "c"}
	var running []*child
	for _, name := range names {
		running = append(running, startChild(t, "batch", dir, "LEDGER_TEST_NAME="+name))
	}
	for i, c := range running {
		if err := c.Wait(); err != nil {
			t.Errorf("%s: %v", names[i], err)
		}
	}
	s := openStore(t, dir)
	for _, name := range names {
		b, ok, err := s.Latest(name)
		if !ok || err != nil {
			t.Fatal(name, ok, err)
		}
		sum, err := b.Summary()
		if err != nil || sum.Counts[batch.Passed] != 200 || sum.Counts[batch.Pending] != 1300 {
			t.Errorf("%s: got %v, %v", name, sum.Counts, err)
		}
	}
}
