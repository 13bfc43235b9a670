package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// A statement that goes wrong takes its group with it, and after it nothing is
// written, read or tried again.
func TestAfterAFailedWriteNothingIsDone(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	mustAppend(t, b, wholeWay(0, nil)[0])
	cause := errors.New("the disk is on fire")
	if err := s.write(func(*connection) error { return cause }); !errors.Is(err, cause) || !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v, want %v", err, ErrBroken)
	}
	first := b.Append(wholeWay(1, nil)[0])
	if !errors.Is(first, ErrBroken) || !errors.Is(first, cause) || errors.Is(first, batch.ErrConflict) {
		t.Errorf("append: got %v, want %v", first, ErrBroken)
	}
	// Append looks before it queues; what is queued already is not done either.
	queued := s.write(func(*connection) error { t.Error("it was done"); return nil })
	if !errors.Is(queued, ErrBroken) {
		t.Errorf("queued: got %v, want %v", queued, ErrBroken)
	}
	_, taskErr := b.Task(0)
	_, beginErr := beginBatch(s, "other")
	for what, err := range map[string]error{"task": taskErr, "begin": beginErr} {
		if !errors.Is(err, ErrBroken) {
			t.Errorf("%s: got %v, want %v", what, err, ErrBroken)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := openStore(t, dir).Batch(b.ID())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []batch.State{batch.StateStarting, batch.StatePending, batch.StatePending} {
		if row, err := again.Task(i); err != nil || row.State != want {
			t.Errorf("task %d: got %s, %v, want %s", i, row.State, err, want)
		}
	}
}

// All who share a transaction that fails are told so.
func TestAFailedGroupIsAcknowledgedToNobody(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "main", ledgertest.Tasks(8)...)
	hold, held := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = s.write(func(*connection) error { close(held); <-hold; return nil })
	})
	<-held // the next group gathers behind this one
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = b.Append(wholeWay(i, nil)[0]) })
	}
	all.Go(func() {
		_ = s.write(func(*connection) error { return errors.New("no") })
	})
	for len(s.jobs) < 9 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	all.Wait()
	for i, err := range errs {
		if !errors.Is(err, ErrBroken) {
			t.Errorf("task %d: got %v, want %v", i, err, ErrBroken)
		}
	}
}

// A result that cannot be put into its side file is an error of the disk's.
func TestSideFileThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(1)...)
	mustAppend(t, b, wholeWay(0, nil)[:2]...)
	if err := os.WriteFile(filepath.Join(dir, "results"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(wholeWay(0, make([]byte, rowLimit+1))[2]); !errors.Is(err, ErrBroken) {
		t.Errorf("got %v, want %v", err, ErrBroken)
	}
}
