package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

const (
	// version is that of the tables; it is kept as SQLite's user_version.
	version = 1 + len(migrations)

	// applicationID marks the file as ours: "bbbt".
	applicationID = 0x62626274
)

// A VersionError says that a newer version of the program wrote a ledger.
type VersionError struct {
	Path      string
	Version   int // of the file
	Supported int // the newest that this program reads
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s: written by a newer version of bbbatch (format %d, this one reads up to %d)",
		e.Path, e.Version, e.Supported)
}

// ErrNotLedger says that a file is there and that it is not a ledger.
var ErrNotLedger = errors.New("not a ledger of bbbatch")

// prepare checks whose file it is and how old, and fills an empty one. A file
// that is refused has not been changed.
func prepare(ctx context.Context, conn *sql.Conn, path string, check bool) error {
	if _, err := inspect(ctx, conn, path); err != nil {
		return err
	}
	if err := writable(conn); err != nil {
		return err
	}
	if err := useWAL(ctx, conn); err != nil {
		return err
	}
	if check {
		if err := whole(ctx, conn); err != nil {
			return err
		}
	}
	// The write lock, even when there is nothing to write, shows whether the
	// log can be written.
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := renew(ctx, conn, path)
	if err != nil {
		_, rollback := conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

// ErrDamaged says that a ledger's file is no longer what was written.
var ErrDamaged = errors.New("the ledger is damaged; keep a copy of its folder")

// whole refuses a file whose pages contradict each other, before anything is
// built on it.
func whole(ctx context.Context, conn *sql.Conn) error {
	var verdict string
	if err := conn.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w (%s)", ErrDamaged, strings.Join(strings.Fields(verdict), " "))
	}
	return nil
}

// inspect returns the version of the file, 0 for one that has still to be
// filled. It is one statement, so that another process that fills it is seen
// wholly or not at all.
func inspect(ctx context.Context, conn *sql.Conn, path string) (found int, err error) {
	var application, objects int
	err = conn.QueryRowContext(ctx, `
		SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
			(SELECT count(*) FROM sqlite_schema)`).Scan(&application, &found, &objects)
	if err != nil {
		return 0, err
	}
	switch {
	case application == 0 && found == 0 && objects == 0:
		return 0, nil
	case application != applicationID:
		return 0, ErrNotLedger
	case found > version:
		return 0, &VersionError{Path: path, Version: found, Supported: version}
	case found < 1:
		return 0, fmt.Errorf("%w: its format is %d", ErrNotLedger, found)
	}
	return found, nil
}

// renew fills a new file and brings an old one to this version, within the
// caller's transaction. Another process may have done it while the caller
// waited for the lock.
func renew(ctx context.Context, conn *sql.Conn, path string) error {
	found, err := inspect(ctx, conn, path)
	if err != nil || found == version {
		return err
	}
	if found == 0 {
		found = 1
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id = %d", tables, applicationID)); err != nil {
			return err
		}
	}
	for _, step := range migrations[found-1:] {
		if _, err := conn.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	return err
}

// errReadOnly is the case that SQLite does not report before the first write.
var errReadOnly = errors.New("the file is read-only")

func writable(conn *sql.Conn) error {
	return conn.Raw(func(driver any) error {
		d, ok := driver.(interface {
			IsReadOnly(schema string) (bool, error)
		})
		if !ok {
			return errors.New("the driver cannot tell whether the file is read-only")
		}
		readOnly, err := d.IsReadOnly("main")
		if err == nil && readOnly {
			err = errReadOnly
		}
		return err
	})
}

// useWAL switches to the write-ahead log. The switch does not wait for other
// connections as everything else does, so it is tried again.
func useWAL(ctx context.Context, conn *sql.Conn) error {
	var mode string
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		if err == nil && mode == "wal" {
			return nil
		}
		if err == nil {
			return fmt.Errorf("the file system has no shared memory for a write-ahead log (mode %s)", mode)
		}
		if code(err) != codes.SQLITE_BUSY || time.Now().After(deadline) {
			return err
		}
	}
}

// code is SQLite's primary error code, 0 for another error.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// explain puts the path and what to look at before an error of opening.
func (s *Store) explain(err error) error {
	if _, ok := errors.AsType[*VersionError](err); ok {
		return err
	}
	c := code(err)
	switch {
	case c == codes.SQLITE_NOTADB:
		return fmt.Errorf("%s: %w", s.path, ErrNotLedger)
	case c == codes.SQLITE_CORRUPT:
		return fmt.Errorf("%s: %w (%w)", s.path, ErrDamaged, err)
	case isFull(err):
		return fmt.Errorf("%s: %w: %w", s.path, ErrFull, err)
	case errors.Is(err, errReadOnly), c == codes.SQLITE_CANTOPEN, c == codes.SQLITE_READONLY, c == codes.SQLITE_PERM:
		return fmt.Errorf("%s: the file and its folder must be writable: %w", s.path, err)
	}
	return fmt.Errorf("%s: %w", s.path, err)
}
