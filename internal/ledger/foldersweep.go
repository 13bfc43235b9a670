package ledger

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// An answer with a large result is read into a file of such a name, in the
// state folder, until an event takes it over.
const (
	spillPrefix = "result-"
	spillSuffix = ".json"
)

func isSpill(name string) bool {
	return strings.HasPrefix(name, spillPrefix) && strings.HasSuffix(name, spillSuffix)
}

// sweepFolder removes the files of a folder that are of no use. It is tidying up: what
// can't be removed stays.
func sweepFolder(folder string, useless func(fs.DirEntry) bool) {
	f, err := os.Open(folder)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	var found []string
	for {
		entries, err := f.ReadDir(256) // a folder of results may be long
		for _, e := range entries {
			if e.Type().IsRegular() && useless(e) {
				found = append(found, e.Name())
			}
		}
		if err != nil {
			break
		}
	}
	for _, name := range found {
		_ = os.Remove(filepath.Join(folder, name))
	}
}
