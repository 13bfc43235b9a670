package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/gofrs/flock"
)

var lockName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// A NameLock keeps other processes from working on batches of the same name.
type NameLock struct {
	file      *flock.Flock
	abandoned bool
}

// Abandoned reports whether the holder before did not give the lock back with
// Unlock: it was killed, or the machine went down, or it called Leave. Then the
// ledger may lack its newest commits. Whoever only reads a ledger may tidy up
// its log, and [Store.Unclean] is false from then on; this is not.
func (l *NameLock) Abandoned() bool { return l.abandoned }

// A HeldError says who holds the lock. PID, Host and Since are zero when the
// holder has not written them yet.
type HeldError struct {
	Name  string
	PID   int
	Host  string
	Since time.Time
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another process works on batch %q", e.Name)
	}
	return fmt.Sprintf("another process works on batch %q: pid %d on %s, since %s",
		e.Name, e.PID, e.Host, e.Since.UTC().Format(time.RFC3339))
}

// holder is what the lock's file says. It follows one byte that the system
// locks, which on Windows nobody else can read.
type holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// holderSize is the size of a holder in the file, filled with spaces, so that
// a longer one of before needs no cutting.
const holderSize = 512

// Lock takes the lock of a name of 1 to 64 letters, digits, dots,
// underscores and hyphens, and makes the folder when it is not there.
// [*HeldError] when another has it; that of a process that died is free.
func Lock(dir, name string) (*NameLock, error) {
	if !lockName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name for a batch: it must have 1 to 64 letters, digits, dots, underscores or hyphens", name)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name+".lock")
	file := flock.New(path, flock.SetPermissions(fileMode))
	got, err := tryLock(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !got {
		return nil, held(path, name)
	}
	_, abandoned := readHolder(path)
	if err := sign(path); err != nil {
		_ = file.Unlock()
		return nil, err
	}
	return &NameLock{file: file, abandoned: abandoned}, nil
}

// tryLock asks a few times: who looks at [HeldBy] may have the lock for a
// moment.
func tryLock(file *flock.Flock) (got bool, err error) {
	for range 4 {
		if got, err = file.TryLock(); got || err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return got, err
}

// Unlock gives the lock back. The file stays: another process may have it open,
// and one that another process has made is its own.
func (l *NameLock) Unlock() error {
	var err error
	if _, lost := l.Lost(); !lost {
		err = inscribe(l.file.Path(), nil)
	}
	return errors.Join(err, l.file.Unlock())
}

// Leave gives the lock back as a process does that is killed: the next holder
// finds it abandoned.
func (l *NameLock) Leave() error { return l.file.Unlock() }

// sign writes who holds the lock.
func sign(path string) error {
	said, err := json.Marshal(holder{PID: os.Getpid(), Host: hostName(), Since: time.Now().UTC()})
	if err != nil {
		return err
	}
	return inscribe(path, said)
}

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "an unnamed host"
	}
	return host[:min(len(host), 255)]
}

func inscribe(path string, said []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(said, bytes.Repeat([]byte(" "), max(0, holderSize-len(said)))...), 1)
	if err == nil {
		err = f.Sync() // what it says must outlive a machine that goes down
	}
	return errors.Join(err, f.Close())
}

// held reads who holds the lock. The holder may not have written it yet.
func held(path, name string) error {
	e := &HeldError{Name: name}
	for range 10 {
		if h, ok := readHolder(path); ok {
			e.PID, e.Host, e.Since = h.PID, h.Host, h.Since
			return e
		}
		time.Sleep(10 * time.Millisecond)
	}
	return e
}

func readHolder(path string) (h holder, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return h, false
	}
	said, err := io.ReadAll(io.NewSectionReader(f, 1, 2*holderSize))
	if errors.Join(err, f.Close()) != nil {
		return h, false
	}
	return h, json.Unmarshal(said, &h) == nil && h.PID != 0
}
