package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

func openReader(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestReadingMakesNothing(t *testing.T) {
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "none")} {
		if _, err := OpenReader(dir); !errors.Is(err, ErrNoLedger) {
			t.Errorf("%s: got %v, want ErrNoLedger", dir, err)
		}
		if h := HeldBy(dir, "main"); h != nil {
			t.Errorf("%s: held by %v, want nobody", dir, h)
		}
	}
	if got := fileNames(t, empty); len(got) > 0 {
		t.Errorf("left %v in an empty folder", got)
	}

	dir := t.TempDir()
	leaveLedger(t, dir, 1)
	r := openReader(t, dir)
	b, ok, err := r.Latest("", 0)
	if err != nil || !ok {
		t.Fatalf("got %v %v, want the batch", ok, err)
	}
	if err := b.Append(wholeWay(0, nil)[0]); !errors.Is(err, ErrClosed) {
		t.Errorf("Append to a reader's batch: got %v, want ErrClosed", err)
	}
	if err := r.store.readers.snapshot(func(c *connection) error {
		_, err := c.exec("DELETE FROM batches")
		return err
	}); err == nil {
		t.Error("a reader's connection deleted something")
	}
}

// leaveLedger makes a ledger with one batch of so many tasks, and closes it.
func leaveLedger(t *testing.T, dir string, tasks int) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	begin(t, s, "main", ledgertest.Tasks(tasks)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAReaderTidiesUp(t *testing.T) {
	dir := t.TempDir()
	leaveLedger(t, dir, 1)
	before := fileNames(t, dir)
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Latest("", 0); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, fileNames(t, dir)); diff != "" {
		t.Errorf("files after reading (-want +got):\n%s", diff)
	}
}

// A reader sees what a writer in the same folder has made durable, and holds
// up none of its writes.
func TestReadingBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	r := openReader(t, dir)
	seen, err := r.Batch(b.ID())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		mustAppend(t, b, wholeWay(i, nil)...)
		sum, err := seen.Summary()
		if err != nil {
			t.Fatal(err)
		}
		if got := sum.Counts[batch.Passed]; got != i+1 {
			t.Errorf("got %d passed, want %d", got, i+1)
		}
	}
	// In the middle of a read, too.
	err = r.store.readers.snapshot(func(c *connection) error {
		var n int
		if _, err := c.one(`SELECT count(*) FROM events`, nil, &n); err != nil {
			return err
		}
		began := time.Now()
		mustAppend(t, b, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: "stop"})
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a write took %v while somebody read", took)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnOlderLedgerIsRenewedToBeRead(t *testing.T) {
	old, err := os.ReadFile("testdata/v1.db")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), old, fileMode); err != nil {
		t.Fatal(err)
	}
	r := openReader(t, dir)
	n := 0
	for b, err := range r.Batches("", time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		sum, err := b.Brief()
		if err != nil {
			t.Fatal(err)
		}
		n += sum.Info.Total
	}
	if n == 0 {
		t.Error("got no tasks of a version 1 ledger")
	}
}

func TestAFileThatIsStillEmptyIsNoLedger(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReader(dir); !errors.Is(err, ErrNoLedger) {
		t.Errorf("got %v, want ErrNoLedger", err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(strings.Repeat("not SQLite ", 100)), fileMode); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReader(dir); !errors.Is(err, ErrNotLedger) {
		t.Errorf("got %v, want ErrNotLedger", err)
	}
}

// A folder that can't be written is read, as long as all is in the one file.
func TestReadingAReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	leaveLedger(t, dir, 2)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if err := os.Chmod(filepath.Join(dir, fileName), 0o400); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		_ = f.Close()
		t.Skip("this user may write everywhere")
	}
	r := openReader(t, dir)
	b, ok, err := r.Latest("", 0)
	if err != nil || !ok {
		t.Fatalf("got %v %v, want the batch", ok, err)
	}
	if _, err := b.Summary(); err != nil {
		t.Error(err)
	}
}

func TestListing(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	var ids []string
	for i := range 5 {
		ids = append(ids, begin(t, s, fmt.Sprintf("n%d", i%2), ledgertest.Tasks(2)...).ID())
	}
	r := openReader(t, dir)
	list := func(name string, since time.Time) (got []string) {
		for b, err := range r.Batches(name, since) {
			if err != nil {
				t.Fatal(err)
			}
			sum, err := b.Brief()
			if err != nil {
				t.Fatal(err)
			}
			if sum.Counts[batch.Pending] != 2 {
				t.Errorf("%s: got %v, want 2 pending", sum.Info.ID, sum.Counts)
			}
			got = append(got, sum.Info.ID)
		}
		return got
	}
	newest := slices.Clone(ids)
	slices.Reverse(newest)
	if diff := cmp.Diff(newest, list("", time.Time{})); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{ids[3], ids[1]}, list("n1", ledgertest.Start())); diff != "" {
		t.Errorf("by name (-want +got):\n%s", diff)
	}
	for _, since := range []time.Time{ledgertest.Start().Add(time.Second), time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := list("", since); got != nil {
			t.Errorf("since %v: got %v, want none", since, got)
		}
	}
	if got := list("", time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)); len(got) != 5 {
		t.Errorf("since long ago: got %v, want all", got)
	}
	for back, want := range []string{ids[4], ids[2], ids[0], ""} {
		b, ok, err := r.Latest("n0", back)
		if err != nil || ok != (want != "") || ok && b.ID() != want {
			t.Errorf("latest~%d of n0: got %v %v %v, want %q", back, b, ok, err, want)
		}
	}
	names, err := r.Names(10)
	if diff := cmp.Diff([]string{"n0", "n1"}, names); diff != "" || err != nil {
		t.Errorf("names (-want +got): %v\n%s", err, diff)
	}
}

func TestLookingAtTasks(t *testing.T) {
	s := openStore(t, t.TempDir())
	tasks := ledgertest.Tasks(4)
	for i, id := range []string{"b/1", "a", "b/2", "b"} {
		tasks[i].ID = id
	}
	b := begin(t, s, "main", tasks...)
	mustAppend(t, b, wholeWay(2, nil)...)
	ids := func(prefix string) (got []string) {
		for id, err := range b.IDs(prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, id.ID+" "+string(id.Outcome))
		}
		return got
	}
	if diff := cmp.Diff([]string{"a pending", "b pending", "b/1 pending", "b/2 passed"}, ids("")); diff != "" {
		t.Errorf("all ids (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b/1 pending", "b/2 passed"}, ids("b/")); diff != "" {
		t.Errorf("ids by prefix (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a pending"}, ids("a")); diff != "" {
		t.Errorf("ids by the first prefix (-want +got):\n%s", diff)
	}
	if position, ok, err := b.Find("b/2"); position != 2 || !ok || err != nil {
		t.Errorf("Find: got %d %v %v, want 2", position, ok, err)
	}
	if _, ok, err := b.Find("c"); ok || err != nil {
		t.Errorf("Find of none: got %v %v", ok, err)
	}
	kinds := func(position int) (got []batch.Kind) {
		events, err := b.TaskEvents(position)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			got = append(got, e.Kind)
		}
		return got
	}
	want := []batch.Kind{batch.TaskAdded, batch.AttemptIntended, batch.AttemptStarted, batch.AttemptEnded, batch.TaskJudged}
	if diff := cmp.Diff(want, kinds(2)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:1], kinds(3)); diff != "" {
		t.Errorf("events of an untouched task (-want +got):\n%s", diff)
	}
}

// Tasks are added in ranges; a task's own is the one that it lies in.
func TestATaskHasOneRange(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(2*chunkTasks+1)...)
	for _, position := range []int{0, chunkTasks - 1, chunkTasks, 2 * chunkTasks} {
		events, err := b.TaskEvents(position)
		if err != nil || len(events) != 1 || events[0].Position > position || events[0].Last < position {
			t.Errorf("task %d: got %v, %v, want the range that it lies in", position, events, err)
		}
	}
}

func TestPaceCountsSinceTheBatchWasTakenUp(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "main", ledgertest.Tasks(4)...)
	at := func(minutes int) time.Time { return ledgertest.Start().Add(time.Duration(minutes) * time.Minute) }
	judge := func(position, minutes int) {
		for _, e := range wholeWay(position, nil) {
			e.At = at(minutes)
			mustAppend(t, b, e)
		}
	}
	judge(0, 1)
	mustAppend(t, b, batch.Event{Kind: batch.BatchContinued, Position: -1, At: at(10)})
	judge(1, 12)
	judge(2, 20)
	for _, c := range []struct {
		since time.Time
		want  Pace
	}{
		{at(-60), Pace{2, at(10), at(20)}},
		{at(15), Pace{1, at(15), at(20)}},
		{at(30), Pace{0, at(30), at(20)}},
	} {
		got, err := b.Pace(c.since)
		if err != nil || got != c.want {
			t.Errorf("since %v: got %v %v, want %v", c.since, got, err, c.want)
		}
	}
}

func TestWhoHoldsTheLock(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, "lock", dir)
	if !c.lines.Scan() {
		t.Fatal("the other process ended")
	}
	for range 50 {
		h := HeldBy(dir, "main")
		if h == nil || h.PID != c.Process.Pid || h.Host == "" || time.Since(h.Since).Abs() > time.Minute {
			t.Fatalf("got %v, want pid %d", h, c.Process.Pid)
		}
	}
	if h := HeldBy(dir, "other"); h != nil {
		t.Errorf("another name: got %v, want nobody", h)
	}
	// The file of a process that was killed still names it.
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if h := HeldBy(dir, "main"); h != nil {
		t.Errorf("after a kill: got %v, want nobody", h)
	}
	// Looking does not keep anybody from the lock.
	done := make(chan struct{})
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for {
			select {
			case <-done:
				return
			default:
				_ = HeldBy(dir, "main")
			}
		}
	}()
	for range 20 {
		l, err := Lock(dir, "main")
		if err != nil {
			t.Error(err)
			break
		}
		// As a killed process leaves it: signed and free.
		if err := l.file.Unlock(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
	}
	close(done)
	<-looked
}
