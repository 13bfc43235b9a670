package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The ballast is a file that only takes up room: it is given up when the disk
// is full, so that what is in flight can still be written.
const (
	ballastName = fileName + "-ballast"
	ballastSize = 8 << 20
)

// spillsKept is how long a file is left alone that an answer was read into.
const spillsKept = 24 * time.Hour

// Reserve makes ready what a batch at work needs of the disk: the ballast of
// 8 MB, made again where an earlier process gave it up. [ErrFull] when there is
// no room for it, since there would be none for results either. Files that
// killed processes read answers into, and that no event took over, are removed
// a day later.
func (s *Store) Reserve() error {
	before := time.Now().Add(-spillsKept)
	sweepFolder(s.dir, func(f fs.DirEntry) bool {
		info, err := f.Info()
		return isSpill(f.Name()) && err == nil && info.ModTime().Before(before)
	})
	path := filepath.Join(s.dir, ballastName)
	err := fill(path)
	if isFull(err) {
		_ = os.Remove(path)
		return fmt.Errorf("%w: %d MB must be free for what is in flight when the disk fills up: %w", ErrFull, ballastSize>>20, err)
	}
	return err
}

// fill makes a file of bytes that no file system can store in less room. Two
// processes may do it at the same time.
func fill(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file", path)
	case err == nil && info.Size() == ballastSize:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, ballastSize)
	if err == nil {
		err = f.Sync() // some file systems find out only now that there is no room
	}
	return errors.Join(err, f.Close())
}

// giveUp removes the ballast. That it was not there is no error: another
// process may have been first.
func (s *Store) giveUp() {
	path := filepath.Join(s.dir, ballastName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.Truncate(path, 0) // some file systems need room to remove a file
	}
}
