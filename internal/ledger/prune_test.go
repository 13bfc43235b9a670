package ledger

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// passed runs task 0 of a batch, with a result, and closes the batch.
func passed(t *testing.T, b *Batch, run string, result []byte) {
	t.Helper()
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: 0, Attempt: 1},
		batch.Event{Kind: batch.AttemptStarted, Position: 0, Attempt: 1, Run: &batch.Observed{ID: run, Status: batch.StatusRunning}},
		batch.Event{Kind: batch.AttemptEnded, Position: 0, Attempt: 1, Run: &batch.Observed{ID: run, Status: batch.StatusCompleted, Result: batch.Result{Raw: result}}},
		batch.Event{Kind: batch.TaskJudged, Position: 0, Attempt: 1, Verdict: &batch.Verdict{Outcome: batch.Passed}},
		batch.Event{Kind: batch.BatchClosed, Position: -1},
	)
}

// tookOver has task 0 take over what passed bought, and closes the batch.
func tookOver(t *testing.T, b *Batch, from string) {
	t.Helper()
	mustAppend(t, b,
		batch.Event{Kind: batch.TaskReused, Position: 0, Verdict: &batch.Verdict{Outcome: batch.Passed}, Reuse: &batch.Reuse{Batch: from, RunID: "r", Attempt: 1}},
		batch.Event{Kind: batch.BatchClosed, Position: -1},
	)
}

func large() []byte { return append(append([]byte(`"`), bytes.Repeat([]byte("x"), 2<<20)...), '"') }

// rowsOf counts what the tables have of a batch.
func rowsOf(t *testing.T, s *Store, key int64) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"tasks", "progress", "attempts", "results", "verdicts", "schemas", "agents", "events", "places", "ids", "checks"} {
		var n int
		if err := s.read(func(c *connection) error {
			_, err := c.one(`SELECT count(*) FROM `+table+` WHERE batch = ?`, []any{key}, &n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			counts[table] = n
		}
	}
	return counts
}

// A result that another batch took over is there until the last one that has it
// is deleted, in whichever order they are.
func TestPruneKeepsWhatOthersTookOver(t *testing.T) {
	later := ledgertest.Start().Add(2 * time.Hour)
	for _, order := range [][]int{{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {0, 2, 1}} {
		dir := t.TempDir()
		s := openStore(t, dir)
		b := []*Batch{begin(t, s, "a", ledgertest.Tasks(2)...)}
		passed(t, b[0], "r", large())
		for range 2 {
			again := begin(t, s, "b", ledgertest.Tasks(1)...)
			tookOver(t, again, b[0].ID())
			b = append(b, again)
		}
		file := filepath.Join(dir, "results", b[0].ID(), "0-1.json")
		for i, n := range order {
			if err := s.Prune(b[n], later); err != nil {
				t.Fatal(err)
			}
			if left := rowsOf(t, s, b[n].key); len(left) > 0 {
				t.Errorf("%v: of batch %d there is left %v", order, n, left)
			}
			if _, err := s.Batch(b[n].ID()); !errors.Is(err, ErrNoBatch) {
				t.Errorf("%v: got %v, want that batch %d is gone", order, err, n)
			}
			_, err := os.Stat(file)
			if last := i == 2; errors.Is(err, os.ErrNotExist) != last {
				t.Errorf("%v: after %d: got %v of the file", order, i+1, err)
			}
			for _, other := range order[i+1:] {
				rec := records(t, b[other])[0]
				if got, err := os.ReadFile(rec.Result.File); err != nil || !bytes.Equal(got, large()) {
					t.Errorf("%v: after %d: the result of batch %d: %d bytes, %v", order, i+1, other, len(got), err)
				}
			}
		}
		if _, err := os.Stat(filepath.Dir(file)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v: got %v of the folder, want that it is gone", order, err)
		}
	}
}

func TestPruneLeavesWhatIsNeeded(t *testing.T) {
	now := ledgertest.Start()
	s := openStore(t, t.TempDir())
	open := begin(t, s, "open", ledgertest.Tasks(1)...)
	b := begin(t, s, "a", ledgertest.Tasks(1)...)
	passed(t, b, "r", []byte("1"))
	var needed *Needed
	if err := s.Prune(open, now.Add(1000*time.Hour)); !errors.Is(err, ErrUnfinished) {
		t.Errorf("an unfinished one: got %v", err)
	}
	if err := s.Prune(b, now.Add(30*time.Minute)); !errors.As(err, &needed) || needed.By != "" {
		t.Errorf("closed just now: got %v", err)
	}
	if err := s.Prune(b, now.Add(1000*time.Hour)); !errors.As(err, &needed) || needed.By != open.ID() {
		t.Errorf("beside an unfinished one: got %v, want that %s needs it", err, open.ID())
	}
	if owned, err := open.Owns("r"); !owned || err != nil {
		t.Errorf("got %v, %v, want that the run is known", owned, err)
	}
	mustAppend(t, open, batch.Event{Kind: batch.BatchClosed, Position: -1})
	if err := s.Prune(b, now.Add(1000*time.Hour)); err != nil {
		t.Errorf("with nothing unfinished: %v", err)
	}
	if _, err := s.Batch(open.ID()); err != nil {
		t.Errorf("the other one: %v", err)
	}
}

// What a crash leaves of a batch that was being deleted is not seen, and removed
// by the next one of its name, its files too.
func TestPruneThatWasCutShort(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "a", ledgertest.Tasks(3)...)
	passed(t, b, "r", large())
	if err := s.write(func(c *connection) error {
		_, err := c.exec(`UPDATE batches SET complete = 0 WHERE key = ?`, b.key)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Latest("a"); ok || err != nil {
		t.Errorf("got a batch (%v), want none to be seen", err)
	}
	begin(t, s, "a", ledgertest.Tasks(1)...) // under the same key, since that is free
	left := rowsOf(t, s, b.key)
	if left["attempts"]+left["results"]+left["verdicts"] > 0 || left["tasks"] != 1 || left["events"] != 2 {
		t.Errorf("there is left %v", left)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "results", "*")); len(left) > 0 || err != nil {
		t.Errorf("there is left %v, %v", left, err)
	}
}

// What deleted batches took is given back to the file system.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	for i := range 8 {
		b := begin(t, s, "a", ledgertest.Tasks(100)...)
		passed(t, b, string(rune('a'+i)), bytes.Repeat([]byte(" "), 900_000))
		if i > 0 {
			if err := s.Prune(b, ledgertest.Start().Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, after, err := Compact(dir)
	if err != nil || after >= before || before < 1_500_000 {
		t.Errorf("got %d of %d bytes, %v", after, before, err)
	}
	s = openStore(t, dir)
	b, ok, err := s.Latest("a")
	if err != nil || !ok {
		t.Fatal(err)
	}
	if rec := records(t, b)[0]; rec.Result.Size != 900_000 || rec.Outcome != batch.Passed {
		t.Errorf("got %s with %d bytes, want what was kept", rec.Outcome, rec.Result.Size)
	}
}
