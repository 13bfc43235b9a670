package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	codes "modernc.org/sqlite/lib"
)

// ErrNoLedger says that a folder has no ledger.
var ErrNoLedger = errors.New("there is no ledger")

// A Reader is a state folder that is opened to be looked at, also while another
// process works there: it takes no lock that a writer waits for, and its
// batches refuse every Append with [ErrClosed]. It is safe for concurrent use.
type Reader struct{ store *Store }

// OpenReader opens the ledger of a state folder and makes nothing that is not
// there: [ErrNoLedger] when there is none. A ledger of an older version is
// brought to this one first, which needs a folder that can be written. One in a
// folder that can't be written is read as well, unless a process that was
// killed left a log there.
func OpenReader(dir string) (*Reader, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, path: filepath.Join(dir, fileName), closed: true}
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", dir, ErrNoLedger)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file", s.path)
	}
	found, err := s.look(readSource(s.path))
	if isUnwritable(err) && s.logIsEmpty() {
		// Without a log the one file is all, and SQLite need not make an index
		// of the log to read it.
		found, err = s.look(readSource(s.path) + "&immutable=1")
	}
	switch {
	case err != nil:
		return nil, s.explain(err)
	case found == 0:
		_ = s.readers.close()
		return nil, fmt.Errorf("%s: %w", dir, ErrNoLedger) // another process is just making it
	case found < version:
		return s.renewed()
	}
	return &Reader{s}, nil
}

// readSource is the address for reading. The mode is not "ro", with which the
// last one to close the file could not tidy up the log; query_only refuses
// writes instead.
func readSource(path string) string {
	return source(path, "rw", 5*time.Second) + "&_pragma=query_only(1)"
}

// look opens the readers and returns the version of the file. After an error
// nothing is open.
func (s *Store) look(source string) (found int, err error) {
	if s.readers, err = openReaders(source); err != nil {
		return 0, err
	}
	err = s.readers.snapshot(func(c *connection) error {
		found, err = inspect(context.Background(), c.conn, s.path)
		return err
	})
	if err != nil {
		_ = s.readers.close()
	}
	return found, err
}

// renewed brings an older ledger to this version and opens it again.
func (s *Store) renewed() (*Reader, error) {
	if err := s.readers.close(); err != nil {
		return nil, s.explain(err)
	}
	w, err := Open(s.dir)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("a ledger of an older version must be renewed before it is read: %w", err)
	}
	if _, err := s.look(readSource(s.path)); err != nil {
		return nil, s.explain(err)
	}
	return &Reader{s}, nil
}

func isUnwritable(err error) bool {
	switch code(err) {
	case codes.SQLITE_CANTOPEN, codes.SQLITE_READONLY, codes.SQLITE_PERM:
		return true
	}
	return false
}

func (s *Store) logIsEmpty() bool {
	info, err := os.Stat(s.path + "-wal")
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// Close waits for the reads under way.
func (r *Reader) Close() error {
	if err := r.store.readers.close(); err != nil {
		return fmt.Errorf("%s: %w", r.store.path, err)
	}
	return nil
}

// Dir is the absolute path of the state folder.
func (r *Reader) Dir() string { return r.store.dir }

// Batch is as [Store.Batch].
func (r *Reader) Batch(id string) (*Batch, error) { return r.store.Batch(id) }

// Latest returns the newest batch of a name, or of any when it is "", or the
// one that is back places before it; ok is false when there are not as many.
func (r *Reader) Latest(name string, back int) (b *Batch, ok bool, err error) {
	return r.store.newest(`
		SELECT key, id FROM batches WHERE complete = 1 AND (?1 = '' OR name = ?1)
		ORDER BY key DESC LIMIT 1 OFFSET ?2`, name, back)
}

// Names returns the names of the batches, in alphabetical order, so many at
// most.
func (r *Reader) Names(most int) (names []string, err error) {
	err = r.store.read(func(c *connection) error {
		return c.all(`SELECT DISTINCT name FROM batches WHERE complete = 1 ORDER BY name LIMIT ?`, []any{most}, func(rows *sql.Rows) (bool, error) {
			var name string
			err := rows.Scan(&name)
			names = append(names, name)
			return true, err
		})
	})
	return names, err
}
