package report

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/bbbatch/bbbatch/batch"
)

// A Stream writes a batch as JSONL while it runs: in the manifest's order,
// each record as soon as it and all before it are finished. What it has written
// is at every moment the beginning of what [Write] gives for the finished
// batch. It is safe for concurrent use and holds no records, however many wait
// behind an unfinished one: it reads them when their turn has come.
type Stream struct {
	w       io.Writer
	options Options
	source  Source

	head  atomic.Int64 // the first place not written
	again atomic.Bool  // somebody asked while another was writing

	mu   sync.Mutex // held while reading and writing; guards the rest
	line []byte
	err  error // the first; nothing is written after it
}

// NewStream returns a stream of s that has written nothing. Of the options only
// Where is for records.
func NewStream(w io.Writer, o Options, s Source) *Stream {
	return &Stream{w: w, options: o, source: s}
}

// Waits reports whether the task at a place of the manifest's order, which has just been finished, is
// the one that the stream has been waiting for: then Advance has something to
// write. For every other one it would read the source for nothing.
func (s *Stream) Waits(place int) bool { return int64(place) == s.head.Load() }

// Advance writes every record that is finished and whose predecessors all are.
// While another goroutine does so it returns at once: the other looks again
// before it returns. An error of the writer or the source ends the stream and
// is returned by every later call that would write.
func (s *Stream) Advance() error {
	s.again.Store(true)
	for s.again.Load() && s.mu.TryLock() {
		err := s.advance()
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish ends the stream. When the batch is finished it writes every record
// that remains. When it is not, it writes what Advance would: the records
// behind an unfinished one are in the ledger and come when the batch goes on.
func (s *Stream) Finish(finished bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.advance(); err != nil || !finished {
		return err
	}
	s.err = s.write(func(batch.Record) bool { return true })
	return s.err
}

// advance writes until a fresh look finds the head where it was. The head is
// stored before that look: a task that finishes after it therefore finds its
// own place in Waits, and none is forgotten.
func (s *Stream) advance() error {
	for s.err == nil {
		s.again.Store(false)
		before := s.head.Load()
		s.err = s.write(func(rec batch.Record) bool { return rec.State == batch.StateDone })
		if s.head.Load() == before && !s.again.Load() {
			break
		}
	}
	return s.err
}

// write writes records from the head on while they are ready, and leaves the
// head at the first that is not.
func (s *Stream) write(ready func(batch.Record) bool) error {
	for rec, err := range s.source.Records(int(s.head.Load())) {
		if err != nil {
			return err
		}
		if !ready(rec) {
			s.head.Store(int64(rec.Place))
			return nil
		}
		shown, err := s.options.shows(rec)
		if err != nil {
			return err
		}
		if shown {
			s.line = appendRecord(s.line[:0], rec)
			if _, err := s.w.Write(s.line); err != nil {
				return err
			}
		}
		s.head.Store(int64(rec.Place) + 1)
	}
	return nil
}
