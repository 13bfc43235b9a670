package ledger

import (
	"path/filepath"
	"strings"
)

// Owns reports whether a path relative to the state folder is one where the
// ledger keeps something, or will: its database and what SQLite puts beside it,
// the locks, the results, spooled rows. Upper and lower case are the same, as on some disks.
func Owns(path string) bool {
	first, rest, nested := strings.Cut(filepath.ToSlash(strings.ToLower(path)), "/")
	switch {
	case first == "results":
		return true
	case nested && rest != "":
		return false
	}
	return strings.HasPrefix(first, fileName) || strings.HasSuffix(first, ".lock") ||
		isSpill(first) || isSpool(first)
}
