package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// A Store is an open state folder. It is safe for concurrent use, and several
// processes may have the same folder open.
type Store struct {
	dir  string // absolute
	path string // of ledger.db

	unclean bool // set before the Store is handed out

	db      *sql.DB // holds conn
	conn    *connection
	readers *readers

	sending sync.RWMutex // held for reading while a job is sent
	closed  bool         // guarded by sending
	jobs    chan job
	written chan struct{} // closed when the writer has ended
	broken  atomic.Pointer[error]

	relieving sync.Once
	full      chan struct{} // closed when the disk was full

	building sync.Map // keys of the batches that Begin is filling
}

// Unclean reports whether the process that had the folder before ended without
// closing it, or another has it open now. Then the log may have lost its newest
// commits, should the machine have gone down with it.
func (s *Store) Unclean() bool { return s.unclean }

// Close waits for what is being written and read, moves everything into the
// one file and closes it; what another process or a full disk keeps it from
// moving stays in the log, as safe as in the file. A second Close does nothing.
func (s *Store) Close() error {
	s.sending.Lock()
	if s.closed {
		s.sending.Unlock()
		return nil
	}
	s.closed = true
	close(s.jobs)
	s.sending.Unlock()
	<-s.written

	if s.refusal() != nil {
		return s.abandon()
	}
	// Readers first: one that is still open would keep the log from being cut.
	err := s.readers.close()
	// Who is told to end has a second, and another process may be stopped in the
	// middle of a read.
	_, brief := s.conn.exec("PRAGMA busy_timeout = 200")
	_, checkpoint := s.conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	if isFull(checkpoint) {
		checkpoint = nil // it stays in the log
	}
	err = errors.Join(err, brief, checkpoint)
	err = errors.Join(err, s.conn.close(), s.db.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return nil
}

// abandon closes a broken store and leaves its log as it is. SQLite moves the
// log into the file with the last connection that may write; after a flush that
// failed it would take for written what only memory has, and cut the log. It
// does not while another connection has looked at the file and may only read.
func (s *Store) abandon() error {
	looked := s.readers.snapshot(func(c *connection) error {
		var n int
		_, err := c.one("SELECT count(*) FROM sqlite_schema", nil, &n)
		return err
	})
	if looked != nil {
		return nil // better a connection left open until the process ends
	}
	_ = s.conn.close() // what is wrong has been told
	_ = s.db.Close()
	_ = s.readers.close()
	return nil
}

// Broken reports whether a write went wrong so that the store refuses
// everything ([ErrBroken]).
func (s *Store) Broken() bool { return s.refusal() != nil }
