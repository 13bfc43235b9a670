package ledger

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// finish gives a task a run that passed, with a result, and ended at a moment.
func finish(t *testing.T, b *Batch, position int, run string, at time.Time) {
	t.Helper()
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: position, Attempt: 1, At: at.Add(-time.Minute), Digest: "d"},
		batch.Event{Kind: batch.AttemptStarted, Position: position, Attempt: 1, At: at.Add(-time.Minute), Run: &batch.Observed{ID: run, Status: batch.StatusPending}},
		batch.Event{Kind: batch.AttemptEnded, Position: position, Attempt: 1, At: at, Run: &batch.Observed{
			Status: batch.StatusCompleted, EndedAt: at, Result: batch.Result{Raw: []byte(`{"ok":true}`), Size: 11},
		}},
		batch.Event{Kind: batch.TaskJudged, Position: position, Attempt: 1, At: at, Verdict: &batch.Verdict{Outcome: batch.Passed}},
	)
}

// edit applies tasks to a batch as they are now.
func edit(t *testing.T, b *Batch, o batch.CompareOptions, tasks ...batch.Task) {
	t.Helper()
	if err := b.Continue(Continuation{At: ledgertest.Start()}, batch.Compare(sequence(tasks), b, o)); err != nil {
		t.Fatal(err)
	}
}

func TestUnedited(t *testing.T) {
	all := ledgertest.Tasks(3)
	all[1].Tags, all[2].Repeat = []string{"x"}, &batch.Repetition{Group: "g", Number: 1, Times: 1, Pass: 1}
	b := begin(t, openStore(t, t.TempDir()), "main", all...)
	finish(t, b, 0, "run-0", ledgertest.Start())
	same := func(tasks ...batch.Task) bool {
		t.Helper()
		same, err := b.Unedited(sequence(tasks))
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	if !same(all...) {
		t.Error("the same tasks are edited")
	}
	for name, change := range map[string]func(*batch.Task){
		"text":   func(t *batch.Task) { t.Spec.Task = "another" },
		"id":     func(t *batch.Task) { t.ID = "another" },
		"row":    func(t *batch.Task) { t.Row = []byte(`{"sku":"1","note":"unused"}`) },
		"tags":   func(t *batch.Task) { t.Tags = []string{"y"} },
		"group":  func(t *batch.Task) { t.Group = "g" },
		"repeat": func(t *batch.Task) { t.Repeat = &batch.Repetition{Group: "h", Number: 1, Times: 1} },
		"time":   func(t *batch.Task) { t.Timeout++ },
	} {
		for i := range all {
			edited := slices.Clone(all)
			change(&edited[i])
			if same(edited...) {
				t.Errorf("%s of task %d: is not seen", name, i)
			}
		}
	}
	if same(all[:2]...) || same(append(ledgertest.Tasks(3), ledgertest.Tasks(4)[3])...) || same(all[1], all[0], all[2]) {
		t.Error("another number or order is not seen")
	}

	// What is stale and what has left, once told, is no news.
	changed := slices.Clone(all[:2])
	changed[0].Spec.Task = "another"
	edit(t, b, batch.CompareOptions{}, changed[1], changed[0])
	if !same(changed[1], changed[0]) {
		t.Error("what was told is edited")
	}
	if same(all[1], all[0]) {
		t.Error("a task that is stale no more is not seen")
	}
	if same(changed[1], changed[0], all[2]) {
		t.Error("a task that is back is not seen")
	}
}

// A row is looked up, however many there are: an edited manifest asks for each.
func TestARowIsLookedUp(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(2)...)
	for _, placed := range []bool{false, true} {
		err := b.store.read(func(c *connection) error {
			return c.all("EXPLAIN QUERY PLAN "+rowQuery(placed, positionOf), []any{b.key, b.key, "task-1"}, func(rows *sql.Rows) (bool, error) {
				var id, parent, unused int
				var step string
				err := rows.Scan(&id, &parent, &unused, &step)
				if strings.Contains(step, "SCAN") || strings.HasPrefix(step, "SEARCH") && !strings.Contains(step, "position=") && !strings.Contains(step, "id=") {
					t.Errorf("placed %v: %s", placed, step)
				}
				return true, err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReusables(t *testing.T) {
	s := openStore(t, t.TempDir())
	all := ledgertest.Tasks(4)
	now := time.Now().UTC()
	old := begin(t, s, "old", all...)
	finish(t, old, 0, "run-0", now.Add(-time.Hour))
	finish(t, old, 1, "run-1", now.Add(-50*time.Hour))
	finish(t, old, 2, "run-2", now.Add(-2*time.Hour))
	later := begin(t, s, "later", all...)
	finish(t, later, 0, "run-3", now.Add(-2*time.Hour))
	elsewhere, err := s.Begin(batch.Info{Name: "elsewhere", Provider: "browserbase", BaseURL: "https://x", OpenedAt: now}, sequence(all))
	if err != nil {
		t.Fatal(err)
	}
	finish(t, elsewhere, 3, "run-4", now.Add(-time.Hour))
	b := begin(t, s, "new", all...)
	finish(t, b, 2, "run-5", now.Add(-time.Minute))

	runs, err := b.Reusables(now.Add(-24 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, task := range all {
		u, err := runs.Find(task.Spec.RunFingerprint())
		if err != nil {
			t.Fatal(err)
		}
		if u == nil {
			got = append(got, "")
			continue
		}
		got = append(got, u.RunID)
		if r, err := runs.Result(*u); err != nil || string(r.Raw) != `{"ok":true}` {
			t.Errorf("result %q, error %v", r.Raw, err)
		}
	}
	// Of two, the one that ended last; not the batch's own, an old one, nor one of
	// another service.
	if diff := cmp.Diff([]string{"run-0", "", "run-2", ""}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := runs.Close(); err != nil {
		t.Error(err)
	}
	// Nothing of it is left behind in the connections.
	for range 2 * readerCount {
		if err := s.read(func(c *connection) error {
			found, err := c.one("SELECT 1 FROM sqlite_temp_master", nil, new(int))
			if found {
				t.Error("a connection has the table still")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// A result that was taken over is judged again as any other, and no other
// batch takes it over once more.
func TestAReusedResultIsJudgedAgain(t *testing.T) {
	s := openStore(t, t.TempDir())
	all := ledgertest.Tasks(1)
	now := time.Now().UTC()
	finish(t, begin(t, s, "old", all...), 0, "run-0", now)
	b := begin(t, s, "new", all...)
	runs, err := b.Reusables(now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	u, err := runs.Find(all[0].Spec.RunFingerprint())
	if err != nil || u == nil {
		t.Fatal(u, err)
	}
	if err := runs.Close(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, b, batch.Event{Kind: batch.TaskReused, Verdict: &batch.Verdict{Outcome: batch.Passed}, Reuse: u})
	row, err := b.Task(0)
	if err != nil || !row.Reused || row.Outcome != batch.Passed {
		t.Fatal(row, err)
	}
	c := batch.Change{Class: batch.ClassRejudged, Task: all[0], Row: row}
	err = b.Continue(Continuation{At: now}, func(yield func(batch.Change, error) bool) { yield(c, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if row, err = b.Task(0); err != nil || row.State != batch.StateEnded || !row.Reused {
		t.Fatal(row, err)
	}
	if r, err := b.Result(0, row.Attempt); err != nil || string(r.Raw) != `{"ok":true}` {
		t.Errorf("result %q, error %v", r.Raw, err)
	}
	mustAppend(t, b, batch.Event{Kind: batch.TaskJudged, Verdict: &batch.Verdict{Outcome: batch.Invalid, Message: "no"}})
	folded, err := Fold(b.Events())
	if err != nil {
		t.Fatal(err)
	}
	if want := []Standing{{State: batch.StateDone, Outcome: batch.Invalid, Reused: true}}; !slices.Equal(folded, want) {
		t.Errorf("the events say %v, want %v", folded, want)
	}
	// Bought anew it is its own.
	mustAppend(t, b, batch.Event{Kind: batch.TaskRetried})
	if row, err = b.Task(0); err != nil || row.Reused || row.State != batch.StatePending {
		t.Errorf("%v, error %v", row, err)
	}
}
