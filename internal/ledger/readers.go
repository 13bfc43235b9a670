package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

const readerCount = 4

// readers are the connections that only read. Each is opened when it is first
// needed. The one that was used last is used next: each has a cache of pages
// and statements of its own, and mostly one does.
type readers struct {
	db     *sql.DB
	turns  chan struct{} // holds one for each connection in use
	closed chan struct{}

	mu   sync.Mutex
	idle []*connection // a stack
}

func openReaders(source string) (*readers, error) {
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	return &readers{db: db, turns: make(chan struct{}, readerCount), closed: make(chan struct{})}, nil
}

// take returns a connection that nobody uses; give takes it back. A nil one is
// given back where none could be opened.
func (r *readers) take() (c *connection, err error) {
	select {
	case <-r.closed:
		return nil, ErrClosed
	case r.turns <- struct{}{}:
	}
	r.mu.Lock()
	if n := len(r.idle) - 1; n >= 0 {
		c, r.idle = r.idle[n], r.idle[:n]
	}
	r.mu.Unlock()
	if c == nil {
		if c, err = connect(r.db); err != nil {
			r.give(nil)
		}
	}
	return c, err
}

func (r *readers) give(c *connection) {
	if c != nil {
		r.mu.Lock()
		r.idle = append(r.idle, c)
		r.mu.Unlock()
	}
	<-r.turns
}

// snapshot runs do inside a read transaction. do must not read on another
// connection, or callers could wait for each other for ever.
func (r *readers) snapshot(do func(*connection) error) error {
	c, err := r.take()
	if err != nil {
		return err
	}
	defer r.give(c)
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	err = do(c)
	_, end := c.exec("ROLLBACK")
	return errors.Join(err, end)
}

// close waits for the reads under way. It is called once.
func (r *readers) close() error {
	close(r.closed)
	for range readerCount {
		r.turns <- struct{}{} // nobody gets one after us
	}
	var err error
	for _, c := range r.idle {
		err = errors.Join(err, c.close())
	}
	return errors.Join(err, r.db.Close())
}

// readUntil is read, which is given up once ctx is done, with its error.
func (s *Store) readUntil(ctx context.Context, do func(*connection) error) error {
	err := s.read(func(c *connection) error {
		c.until = ctx
		defer func() { c.until = context.Background() }()
		return do(c)
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// read runs do on a snapshot of the ledger, and names the file in its error.
// do must not call the store.
func (s *Store) read(do func(*connection) error) error {
	if err := s.refusal(); err != nil {
		return err
	}
	err := s.readers.snapshot(do)
	if err != nil && !errors.Is(err, ErrClosed) {
		return s.explain(err)
	}
	return err
}
