package ledger

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/bbbatch/bbbatch/internal/failpoint"
)

// ErrBroken says that a write went wrong in a way that leaves open what is on
// the disk. Every later call returns the same error; what was acknowledged
// before stays.
var ErrBroken = errors.New("the ledger took an error while it was written and is used no more")

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the ledger is closed")

// groupLimit bounds how many jobs share a transaction.
const groupLimit = 512

// Where several write at once, a small group waits a moment for others to join
// it: a commit costs as much as several events, and nobody who waits for a run
// notices the moment.
const (
	smallGroup = 16
	groupWait  = 300 * time.Microsecond
)

// A job is work inside a transaction. An error of its do is fatal to the store;
// a job that merely refuses writes nothing, returns nil and keeps its refusal
// to itself.
type job struct {
	do    func(*connection) error
	again bool // do may be done once more after it was rolled back
	done  chan error
}

// write runs do in a transaction, perhaps with other jobs, and returns when it
// is durable. do runs on the writer goroutine. [ErrFull] when there was no room
// for it: nothing of it was written.
func (s *Store) write(do func(*connection) error) error {
	return s.send(job{do: do, done: make(chan error, 1)})
}

// writeAgain is write for a do that is done a second time where the disk was
// full, once the ballast has been given up.
func (s *Store) writeAgain(do func(*connection) error) error {
	return s.send(job{do: do, again: true, done: make(chan error, 1)})
}

func (s *Store) send(j job) error {
	s.sending.RLock()
	if s.closed {
		s.sending.RUnlock()
		return ErrClosed
	}
	s.jobs <- j // the writer takes jobs until Close, and Close waits for us
	s.sending.RUnlock()
	return <-j.done
}

// writer is the goroutine that owns the writing connection.
func (s *Store) writer() {
	defer close(s.written)
	group := make([]job, 0, groupLimit)
	for first := range s.jobs {
		crowded := len(group) > 1 // the last one
		group = s.gather(append(group[:0], first), crowded)
		err := s.refusal()
		if err == nil {
			if err = s.commit(group); isFull(err) {
				group, err = s.anew(group, err)
			}
			if err != nil {
				err = s.fail(err)
			}
		}
		for _, j := range group {
			j.done <- err
		}
	}
}

// gather adds the jobs that wait already. Those who were answered by the last
// commit get a chance to send their next one first.
func (s *Store) gather(group []job, crowded bool) []job {
	runtime.Gosched()
	group = s.waiting(group)
	if crowded && len(group) < smallGroup {
		time.Sleep(groupWait)
		group = s.waiting(group)
	}
	return group
}

func (s *Store) waiting(group []job) []job {
	for len(group) < groupLimit {
		select {
		case j, ok := <-s.jobs:
			if !ok {
				return group
			}
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit runs a group in one transaction. Its error is the store's end, so it
// only tries to leave the connection clean.
func (s *Store) commit(group []job) error {
	if _, err := s.conn.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range group {
		if err := j.do(s.conn); err != nil {
			_, _ = s.conn.exec("ROLLBACK")
			return err
		}
	}
	failpoint.Before("commit")
	if _, err := s.conn.exec("COMMIT"); err != nil {
		_, _ = s.conn.exec("ROLLBACK")
		return err
	}
	failpoint.After("commit")
	return nil
}

// fail makes the store refuse everything from now on.
func (s *Store) fail(cause error) error {
	err := fmt.Errorf("%s: %w: %w", s.path, ErrBroken, cause)
	if s.broken.CompareAndSwap(nil, &err) {
		return err
	}
	return s.refusal()
}

// refusal is the error of a broken store, nil of a sound one.
func (s *Store) refusal() error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	return nil
}
