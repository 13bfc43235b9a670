package ledger

import (
	"os"
	"path/filepath"
	"strings"
)

// Lost reports whether the lock's file does not name this process any more:
// somebody has removed it, and another process may have made its own. by says
// who that is, nil when nobody is named.
func (l *NameLock) Lost() (by *HeldError, lost bool) {
	h, ok := readHolder(l.file.Path())
	if !ok {
		return nil, true
	}
	if h.PID == os.Getpid() && h.Host == hostName() {
		return nil, false
	}
	name := strings.TrimSuffix(filepath.Base(l.file.Path()), ".lock")
	return &HeldError{Name: name, PID: h.PID, Host: h.Host, Since: h.Since}, true
}
