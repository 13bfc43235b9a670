package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

const (
	fileName = "ledger.db"
	dirMode  = 0o700
	fileMode = 0o600
)

// Open opens the ledger of a state folder and makes both when they are not
// there. A file that another program wrote, that a newer version did
// ([*VersionError]), that is damaged ([ErrDamaged]) or lies on a network file
// system ([ErrNetwork]) is refused and left as it is; errors name the path.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := refuseNetwork(dir, filepath.Join(dir, fileName)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, path: filepath.Join(dir, fileName), jobs: make(chan job, groupLimit), written: make(chan struct{}), full: make(chan struct{})}
	if err := create(s.path); err != nil {
		return nil, err
	}
	if log, err := os.Stat(s.path + "-wal"); err == nil {
		s.unclean = log.Size() > 0
	}
	if err := s.connect(); err != nil {
		return nil, err
	}
	go s.writer() // Close waits for it
	return s, nil
}

// create makes the file before SQLite does, for its mode; the log and its index
// take theirs from it. A file that exists is not opened here: closing any
// descriptor of it would drop the locks that this process has on it.
func create(path string) error {
	info, err := os.Stat(path)
	if err == nil {
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: not a regular file", path)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err // links that lead to each other, say
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// connect opens the connections, and leaves none open when it fails.
func (s *Store) connect() (err error) {
	if s.db, err = sql.Open("sqlite", source(s.path, "rw", busyTimeout)); err != nil {
		return s.explain(err)
	}
	s.db.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			_ = s.db.Close()
		}
	}()
	if s.conn, err = connect(s.db); err != nil {
		return s.explain(err)
	}
	if err = prepare(context.Background(), s.conn.conn, s.path, s.unclean || s.isSmall()); err == nil {
		s.readers, err = openReaders(source(s.path, "ro", busyTimeout))
	}
	if err != nil {
		_ = s.conn.close()
		return s.explain(err)
	}
	return nil
}

// checkedAlways is the size in bytes up to which a ledger is checked whenever it
// is opened; a larger one, after an unclean end only.
const checkedAlways = 16 << 20

func (s *Store) isSmall() bool {
	info, err := os.Stat(s.path)
	return err == nil && info.Size() <= checkedAlways
}

// busyTimeout is how long a write or a read of a batch at work waits for a lock
// that another process has.
const busyTimeout = time.Minute

// source is the driver's address of a database; busy is how long it waits for
// locks. fullfsync asks macOS to flush
// the disk's own cache too; other systems ignore it.
func source(path, mode string, busy time.Duration) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	// Not url.Values: SQLite's own parser reads the address too.
	return (&url.URL{Scheme: "file", Path: slashed}).String() + "?mode=" + mode +
		fmt.Sprintf("&_pragma=busy_timeout(%d)", busy.Milliseconds()) + "&_pragma=synchronous(FULL)&_pragma=fullfsync(1)" +
		"&_pragma=cache_size(-4096)&_pragma=wal_autocheckpoint(4000)&_pragma=journal_size_limit(67108864)"
}
