package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNetwork says that a state folder lies on a network file system. Its locks
// and its shared memory are not safe there.
var ErrNetwork = errors.New("a ledger needs a local disk")

// refuseNetwork looks at where a folder is, or will be made, and at where the
// ledger's file is, should it be a link. What can't be found out is not refused.
func refuseNetwork(dir, file string) error {
	for _, path := range []string{existing(dir), file} {
		if kind := networkOf(path); kind != "" {
			return fmt.Errorf("%s: is on a network file system (%s): %w", path, kind, ErrNetwork)
		}
	}
	return nil
}

// existing is a folder, or the nearest above it that is there.
func existing(dir string) string {
	for {
		above := filepath.Dir(dir)
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || above == dir {
			return dir
		}
		dir = above
	}
}
