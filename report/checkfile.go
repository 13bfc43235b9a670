package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckFile reports whether [WriteFile] could write o, its partial included,
// as far as can be known before it does: it makes the folders and a file, and
// removes what it made. Call it before anything is bought.
func CheckFile(o Output) error {
	if o.Path == Stdout {
		return nil
	}
	p, err := locate(o.Path)
	if err != nil || p.direct {
		// Opening a pipe would wait for its reader.
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	partial, err := locate(PartialName(o.Path))
	if err != nil {
		return err
	}
	if partial.direct {
		return fmt.Errorf("%s: in the way of the partial report: not a regular file", partial.path)
	}
	return partial.check()
}

// check tries to make a file at p's place without changing what is there.
func (p place) check() (err error) {
	if err := p.writable(); err != nil {
		return err
	}
	dir := filepath.Dir(p.target)
	made, err := missing(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", p.path, err)
	}
	// Deepest first. A folder that somebody has used meanwhile stays, since
	// Remove takes only empty ones.
	defer func() {
		for _, d := range made {
			_ = os.Remove(d)
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%s: %w", p.path, err)
	}
	// With its folder made, the name itself can be refused: too long, or with a
	// character that the file system does not have.
	if _, err := os.Lstat(p.target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	f, err := p.temporary()
	if err != nil {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// missing lists the folders that MkdirAll(dir) would make, deepest first.
func missing(dir string) ([]string, error) {
	var list []string
	for {
		// Not Stat: a link that leads nowhere is there, and not ours to remove.
		_, err := os.Lstat(dir)
		if err == nil {
			return list, nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return nil, err
		}
		list = append(list, dir)
		dir = parent
	}
}
