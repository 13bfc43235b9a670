package ledger

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/bbbatch/bbbatch/batch"
)

// A stage is a result on its way into the ledger. What goes into a side file
// has been written out before the transaction begins, under a temporary name;
// settle gives it its own name once the event is known to be admitted. So an
// event that conflicts never touches the file of the one that came first.
type stage struct {
	raw  []byte // for the row; nil when in a file
	size int64  // 0 when there is no result

	name   string // of the side file, relative to the state folder; "" for none
	temp   string // absolute
	final  string // absolute
	origin string // the caller's file
	moved  bool   // origin is temp now, else temp is a copy of it

	settled bool // temp is final now
}

func (b *Batch) stage(position, attempt int, r batch.Result) (*stage, error) {
	if !r.Aside() {
		return &stage{raw: r.Raw, size: int64(len(r.Raw))}, nil
	}
	folder := filepath.Join("results", b.id)
	if err := b.store.folder("results"); err != nil {
		return nil, err
	}
	if err := b.store.folder(folder); err != nil {
		return nil, err
	}
	s := &stage{name: filepath.ToSlash(filepath.Join(folder, fmt.Sprintf("%d-%d.json", position, attempt))), origin: r.File}
	s.final = filepath.Join(b.store.dir, filepath.FromSlash(s.name))
	s.temp = filepath.Join(b.store.dir, folder, tempPrefix+rand.Text())
	var err error
	if r.File == "" {
		s.size, err = writeFile(s.temp, func(f *os.File) (int64, error) {
			n, err := f.Write(r.Raw)
			return int64(n), err
		})
	} else {
		err = s.take()
	}
	if err != nil {
		s.undo()
		return nil, err
	}
	return s, nil
}

// take makes the caller's file the temporary one.
func (s *stage) take() error {
	info, err := os.Stat(s.origin)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return fmt.Errorf("%s: not a result", s.origin)
	}
	s.size = info.Size()
	if os.Rename(s.origin, s.temp) == nil {
		s.moved = true
		return syncFile(s.temp)
	}
	// On another device.
	n, err := writeFile(s.temp, func(f *os.File) (int64, error) {
		from, err := os.Open(s.origin)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(f, from)
		return n, errors.Join(err, from.Close())
	})
	s.size = n
	return err
}

// settle gives the side file its name, durably. It may be called again, by a
// transaction that is done a second time.
func (s *stage) settle() error {
	if s == nil || s.name == "" {
		return nil
	}
	if !s.settled {
		if err := os.Rename(s.temp, s.final); err != nil {
			return err
		}
		s.settled = true
	}
	return syncFolder(filepath.Dir(s.final))
}

// undo leaves things as they were for a caller whose event was not written. A
// file that has its name stays: after an error of the disk nobody knows whether
// a row has it.
func (s *stage) undo() {
	if s == nil || s.name == "" || s.settled {
		return
	}
	if s.moved {
		_ = os.Rename(s.temp, s.origin)
		return
	}
	_ = os.Remove(s.temp)
}

// finish removes what a copy was made of.
func (s *stage) finish() {
	if s != nil && s.origin != "" && !s.moved {
		_ = os.Remove(s.origin)
	}
}

// tempPrefix begins the names of side files that no event names yet.
const tempPrefix = ".tmp-"

// sweepStages removes what crashes left behind. Nobody writes results of the
// batch any more.
func (b *Batch) sweepStages() {
	sweepFolder(filepath.Join(b.store.dir, "results", b.id), func(f fs.DirEntry) bool {
		return strings.HasPrefix(f.Name(), tempPrefix)
	})
}

// folder makes a folder of the state folder's, durably.
func (s *Store) folder(name string) error {
	path := filepath.Join(s.dir, name)
	err := os.Mkdir(path, dirMode)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func writeFile(path string, fill func(*os.File) (int64, error)) (int64, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return 0, err
	}
	n, err := fill(f)
	if err == nil {
		err = f.Sync()
	}
	return n, errors.Join(err, f.Close())
}

func syncFile(path string) error {
	if err := os.Chmod(path, fileMode); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder makes a name in a folder durable, where the system can. Windows
// has no such call, and some file systems refuse it.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// sideFile is the absolute path of a side file that a row names. A name that
// leads out of the folder of results is none that was ever written.
func (s *Store) sideFile(name sql.NullString) (string, error) {
	if !name.Valid {
		return "", nil
	}
	local := filepath.FromSlash(name.String)
	if first, _, _ := strings.Cut(name.String, "/"); first != "results" || !filepath.IsLocal(local) || path.Clean(name.String) != name.String {
		return "", fmt.Errorf("a result in the file %q: %w", name.String, ErrDamaged)
	}
	return filepath.Join(s.dir, local), nil
}
