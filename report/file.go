package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bbbatch/bbbatch/internal/failpoint"
)

// WriteFile writes a report to o.Path and returns the path that it wrote.
//
// The file appears whole or not at all: it is written beside its place, synced
// and renamed. Missing folders are made. The report of an unfinished batch goes
// to NAME.partial.EXT and leaves NAME.EXT alone; that of a finished one
// replaces NAME.EXT and removes the partial. A file that exists keeps its
// permissions, a new one gets 0644 less the umask; behind a symbolic link the
// target is replaced and the link stays. A pipe or a device has nothing to
// replace and no partial: it is written to as it is.
func WriteFile(o Output, s Source, finished bool) (string, error) {
	place, err := locate(o.Path)
	if err != nil {
		return "", err
	}
	write := func(w io.Writer) error { return Write(w, o.Format, o.Options, s) }
	if place.direct {
		return o.Path, writeDirect(o.Path, write)
	}
	if !finished {
		partial := PartialName(o.Path)
		if place, err = locate(partial); err != nil {
			return "", err
		}
		if place.direct {
			return "", fmt.Errorf("%s: in the way of the partial report: not a regular file", partial)
		}
		return partial, place.replace(write)
	}
	if err := place.replace(write); err != nil {
		return "", err
	}
	partial := PartialName(o.Path)
	if info, err := os.Lstat(partial); err == nil && info.Mode().IsRegular() {
		if err := os.Remove(partial); err != nil {
			return "", fmt.Errorf("%s: %w", partial, cause(err))
		}
	}
	return o.Path, nil
}

// PartialName is where the report of an unfinished batch goes.
func PartialName(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".partial" + ext
}

// A place is where a path leads.
type place struct {
	path   string      // as the user wrote it, for errors
	target string      // the file to replace, links followed
	mode   fs.FileMode // permissions of the file that is there
	exists bool
	direct bool // a pipe or a device
}

func locate(path string) (place, error) {
	if path == "" || path == Stdout {
		return place{}, fmt.Errorf("%q is not a file", path)
	}
	// The kernel follows links that have no name in the file system, as in
	// /dev/stdout, so its answer comes first.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if strings.HasSuffix(path, "/") || os.IsPathSeparator(path[len(path)-1]) {
			return place{}, fmt.Errorf("%s: names a folder, not a file", path)
		}
	case err != nil:
		return place{}, fmt.Errorf("%s: %w", path, cause(err))
	case info.IsDir():
		return place{}, fmt.Errorf("%s: is a folder; name a file in it", path)
	case !info.Mode().IsRegular():
		return place{path: path, direct: true}, nil
	}
	p := place{path: path, exists: err == nil}
	if p.exists {
		p.mode = info.Mode().Perm()
	}
	if p.target, err = follow(path); err != nil {
		return place{}, fmt.Errorf("%s: %w", path, cause(err))
	}
	return p, nil
}

// follow returns the path behind the symbolic links that path names, also when
// nothing is there yet. os.Stat has already refused loops.
func follow(path string) (string, error) {
	for range 255 {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		link, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(link) {
			// A ".." in the link starts at the folder that really holds it.
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			link = filepath.Join(dir, link)
		}
		path = link
	}
	return "", errors.New("too many symbolic links")
}

// replace writes a new file and puts it in p's place.
func (p place) replace(write func(io.Writer) error) error {
	if err := p.writable(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.target), 0o755); err != nil {
		return fmt.Errorf("%s: %w", p.path, err)
	}
	f, err := p.temporary()
	if err != nil {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	err = fill(f, write)
	failpoint.Before("rename")
	if err == nil {
		err = os.Rename(f.Name(), p.target)
	}
	failpoint.After("rename")
	if err != nil {
		_ = os.Remove(f.Name()) // the error that led here is the one to report
		return p.explain(err, f.Name())
	}
	syncFolder(filepath.Dir(p.target))
	return nil
}

// writable reports whether the file that is to be replaced may be written:
// renaming would also replace one that its owner has protected.
func (p place) writable() error {
	if !p.exists {
		return nil
	}
	f, err := os.OpenFile(p.target, os.O_WRONLY, 0)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	return nil
}

// temporary makes an empty file in the target's folder. Its name is short, so
// that it fits wherever the target's does.
func (p place) temporary() (*os.File, error) {
	mode := fs.FileMode(0o644)
	if p.exists {
		mode = p.mode
	}
	name := filepath.Join(filepath.Dir(p.target), ".bbbatch-"+rand.Text()[:16]+".tmp")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o200)
	if err != nil {
		return nil, err
	}
	if p.exists {
		// The umask may have taken bits that the old file has. A file system
		// without permissions refuses this; then there are none to keep.
		_ = f.Chmod(mode)
	}
	return f, nil
}

// fill writes f, makes it durable and closes it.
func fill(f *os.File, write func(io.Writer) error) error {
	err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// explain names the file that the user knows where err speaks of the temporary
// one. An error of the source stays as it is.
func (p place) explain(err error, temporary string) error {
	var path *fs.PathError
	var link *os.LinkError
	if errors.As(err, &path) && path.Path == temporary || errors.As(err, &link) && link.Old == temporary {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	return err
}

func writeDirect(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	var failed *fs.PathError
	if errors.As(err, &failed) && failed.Path == path {
		return fmt.Errorf("%s: %w", path, failed.Err)
	}
	return err
}

// syncFolder makes the rename durable where folders can be synced. Elsewhere a
// power cut may bring the old report back, and it can be written again.
func syncFolder(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	_ = f.Sync()
	_ = f.Close()
}

// cause strips the operation and the path, which the caller names itself.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
