package ledger

import (
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// HeldBy tells which process works on batches of a name, nil when none does. It
// makes no file and waits for nothing.
//
// The lock of a process that was killed is free while its file still names it,
// so the lock itself is asked too: shared, for a moment, and only when somebody
// has signed. A file that can't be opened is believed.
func HeldBy(dir, name string) *HeldError {
	if !lockName.MatchString(name) {
		return nil
	}
	path := filepath.Join(dir, name+".lock")
	h, signed := readHolder(path)
	if !signed {
		return nil
	}
	file := flock.New(path, flock.SetFlag(os.O_RDONLY))
	got, err := file.TryRLock()
	if got {
		_ = file.Unlock()
		return nil
	}
	if os.IsNotExist(err) {
		return nil
	}
	return &HeldError{Name: name, PID: h.PID, Host: h.Host, Since: h.Since}
}
