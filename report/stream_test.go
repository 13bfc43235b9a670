package report

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

func unfinished(n int) *memory {
	s := &memory{}
	for i := range n {
		rec := done(i, fmt.Sprint("t", i), batch.Running, `{"v":1}`)
		rec.State = batch.StateRunning
		s.records = append(s.records, rec)
	}
	return s
}

func TestStreamKeepsTheManifestsOrder(t *testing.T) {
	s := unfinished(5)
	var out bytes.Buffer
	stream := NewStream(&out, Options{}, s)
	lines := func(want int) {
		t.Helper()
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Fatalf("got %d lines, want %d", got, want)
		}
	}
	step := func(position int) {
		t.Helper()
		s.finish(position)
		if err := tell(stream, position); err != nil {
			t.Fatal(err)
		}
	}
	step(1)
	lines(0)
	step(0)
	lines(2)
	step(4)
	lines(2)
	before := s.reads
	step(3)
	lines(2)
	if s.reads != before {
		t.Errorf("a task behind an unfinished one cost %d reads, want none", s.reads-before)
	}
	// An unfinished batch ends with what is in order.
	if err := stream.Finish(false); err != nil {
		t.Fatal(err)
	}
	lines(2)
	if got, all := out.String(), rendered(t, JSONL, s); !strings.HasPrefix(all, got) {
		t.Errorf("got %q, want the beginning of %q", got, all)
	}
	step(2)
	lines(5)
	if got, want := out.String(), rendered(t, JSONL, s); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFinishedStreamHasTasksThatNeverStarted(t *testing.T) {
	s := unfinished(3)
	s.finish(1)
	s.records[0].State, s.records[0].Outcome = batch.StatePending, batch.NotStarted
	var out bytes.Buffer
	if err := NewStream(&out, Options{}, s).Finish(true); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), rendered(t, JSONL, s); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// No order of finishing, and no race between finishing and telling, leaves a
// record behind or writes it twice.
func TestStreamUnderConcurrency(t *testing.T) {
	const n = 2000
	s := unfinished(n)
	order := rand.Perm(n)
	var out bytes.Buffer
	stream := NewStream(&out, Options{}, s)
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for i := worker; i < n; i += 20 {
				s.finish(order[i])
				if err := tell(stream, order[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// Finish has nothing to add: Waits has seen every task.
	if got, want := out.String(), rendered(t, JSONL, s); got != want {
		t.Errorf("got %d bytes, want %d, or another order", len(got), len(want))
	}
}

type brokenPipe struct{ err error }

func (b brokenPipe) Write([]byte) (int, error) { return 0, b.err }

func TestStreamEndsWithTheFirstError(t *testing.T) {
	s := unfinished(2)
	s.finish(0)
	broken := errors.New("broken pipe")
	stream := NewStream(brokenPipe{broken}, Options{}, s)
	for range 2 {
		if err := stream.Advance(); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	}
	if err := stream.Finish(true); !errors.Is(err, broken) {
		t.Errorf("finish: got %v, want %v", err, broken)
	}
}

// stale yields records as they were when it was asked, as a ledger does that
// reads by the page, and calls meanwhile before the one at a position.
type stale struct {
	*memory
	before    int
	meanwhile func()
}

func (s *stale) Records(from int) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		s.mu.Lock()
		page := slices.Clone(s.records[min(from, len(s.records)):])
		s.mu.Unlock()
		for i, rec := range page {
			rec.Place = from + i
			if f := s.meanwhile; f != nil && rec.Place == s.before {
				s.meanwhile = nil
				f()
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// A task that finishes after its record was read and before the stream has
// come to it is written all the same, without another call.
func TestStreamLooksAgain(t *testing.T) {
	for before := range 2 {
		s := &stale{memory: unfinished(2), before: before}
		s.finish(0)
		var out bytes.Buffer
		stream := NewStream(&out, Options{}, s)
		s.meanwhile = func() {
			s.finish(1)
			// It does not wait for the goroutine that is writing: this one.
			if err := tell(stream, 1); err != nil {
				t.Error(err)
			}
		}
		if err := tell(stream, 0); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), rendered(t, JSONL, s.memory); got != want {
			t.Errorf("before %d: got %q, want %q", before, got, want)
		}
	}
}

// tell is what a caller does when the task at a position is finished.
func tell(s *Stream, position int) error {
	if !s.Waits(position) {
		return nil
	}
	return s.Advance()
}
