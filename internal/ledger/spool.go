package ledger

import (
	"crypto/rand"
	"io/fs"
	"strings"
	"time"
)

// The rows of a batch that came over standard input lie in a file of such a
// name, in the state folder, while its process is at work.
const (
	spoolPrefix = "rows-"
	spoolSuffix = ".jsonl"
)

// spoolKept is how long a file of another process is left alone that may have
// been told only a moment later that the name is taken.
const spoolKept = time.Hour

// SpoolName returns a new name for the file in a state folder that has the rows of
// a batch with a name.
func SpoolName(name string) string { return spoolPrefix + name + "-" + rand.Text() + spoolSuffix }

func isSpool(file string) bool {
	return strings.HasPrefix(file, spoolPrefix) && strings.HasSuffix(file, spoolSuffix)
}

// SweepSpools removes the rows that killed processes left behind which worked on
// batches of a name. The caller holds the [Lock] of the name, and keeps is its
// own file; "" for none.
func (s *Store) SweepSpools(name, keeps string) {
	before := time.Now().Add(-spoolKept)
	sweepFolder(s.dir, func(f fs.DirEntry) bool {
		rest, ours := strings.CutPrefix(f.Name(), spoolPrefix+name+"-")
		// A longer name may begin so; what is random has no hyphen.
		if !ours || !isSpool(f.Name()) || strings.Contains(rest, "-") || f.Name() == keeps {
			return false
		}
		info, err := f.Info()
		return err == nil && info.ModTime().Before(before)
	})
}
