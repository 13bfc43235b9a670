package ledger

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// ErrFull says that the disk of the state folder has no room left.
var ErrFull = errors.New("the disk is full")

// Full is closed when a write found no room. The ballast has been given up
// then, and what [Batch.Append] is given can still be written, as far as the
// ballast reaches: who works on a batch starts nothing new, lets what is in
// flight come to its end, and closes the store. It is closed before anybody is
// answered whose event was written after that.
func (s *Store) Full() <-chan struct{} { return s.full }

// Relieve gives up the ballast because somebody else found the disk of the
// state folder full.
func (s *Store) Relieve() {
	s.relieving.Do(func() {
		s.giveUp()
		close(s.full)
	})
}

// IsFull reports whether an error of writing a file says that there is no room.
func IsFull(err error) bool { return isFull(err) }

// isFull is also true of SQLite's errors. A write that found no room is not one
// whose outcome is open: SQLite has not acknowledged it, takes it back whole,
// and can go on.
func isFull(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == codes.SQLITE_FULL || e.Code() == codes.SQLITE_IOERR_SHMSIZE // the index of the log can't grow
	}
	return errors.Is(err, errNoRoom) || errors.Is(err, errQuota)
}

// anew commits a group a second time, after the ballast was given up. Jobs that
// can't be done twice are answered: nothing of them was written.
func (s *Store) anew(group []job, cause error) (rest []job, err error) {
	s.Relieve()
	for _, j := range group {
		if j.again {
			rest = append(rest, j)
			continue
		}
		j.done <- fmt.Errorf("%s: %w: %w", s.path, ErrFull, cause)
	}
	if len(rest) == 0 {
		return nil, nil
	}
	return rest, s.commit(rest)
}
