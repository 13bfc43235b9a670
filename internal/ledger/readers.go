package ledger

import (
	"database/sql"
	"errors"
	"fmt"
)

const readerCount = 4

// readers are the connections that only read. Each is opened when it is first
// needed.
type readers struct {
	db     *sql.DB
	idle   chan *connection // nil stands for one that was not opened yet
	closed chan struct{}
}

func openReaders(source string) (*readers, error) {
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	r := &readers{db: db, idle: make(chan *connection, readerCount), closed: make(chan struct{})}
	for range readerCount {
		r.idle <- nil
	}
	return r, nil
}

// snapshot runs do inside a read transaction. do must not read on another
// connection, or callers could wait for each other for ever.
func (r *readers) snapshot(do func(*connection) error) error {
	var c *connection
	select {
	case <-r.closed:
		return ErrClosed
	case c = <-r.idle:
	}
	defer func() { r.idle <- c }()
	if c == nil {
		opened, err := connect(r.db)
		if err != nil {
			return err
		}
		c = opened
	}
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	err := do(c)
	_, end := c.exec("ROLLBACK")
	return errors.Join(err, end)
}

// close waits for the reads under way. It is called once.
func (r *readers) close() error {
	close(r.closed)
	var err error
	for range readerCount {
		if c := <-r.idle; c != nil {
			err = errors.Join(err, c.close())
		}
	}
	return errors.Join(err, r.db.Close())
}

// read runs do on a snapshot of the ledger, and names the file in its error.
// do must not call the store.
func (s *Store) read(do func(*connection) error) error {
	if err := s.refusal(); err != nil {
		return err
	}
	err := s.readers.snapshot(do)
	if err != nil && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return err
}
