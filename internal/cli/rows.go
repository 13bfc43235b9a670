package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// A rows is the file that has the rows of standard input, for tasks whose
// forEach is "-": they are read several times. It is made when a manifest asks
// for it, and removed with the command's end, also by Ctrl-C before the command
// heeds signals itself.
type rows struct {
	sys    Sys
	folder string // "" for the system's own
	failed error  // why the file could not be made; nil where it could

	elsewhere string // how another folder is named
	name      func() string

	mu    sync.Mutex
	path  string // "" before it is made
	made  bool   // so was the folder
	quit  chan struct{}
	ended sync.WaitGroup
}

// sameRows is what a command needs that goes on with a batch which had rows.
const sameRows = "with the same rows on standard input"

// newRows keeps rows for as long as a command only looks.
func newRows(sys Sys) *rows {
	return &rows{sys: sys, elsewhere: "TMPDIR names another folder", name: func() string { return "bbbatch-" + ledger.SpoolName("") }}
}

// rowsBeside keeps them in the state folder of the manifest at path, where the
// ledger sweeps what killed processes leave.
func rowsBeside(sys Sys, path, state string) *rows {
	return &rows{sys: sys, folder: stateOf(path, state), elsewhere: "--state DIR names another", name: func() string {
		name, err := manifest.NameIn(path, manifest.Options{})
		if err != nil {
			name = "" // it can't be read, which is told elsewhere
		}
		return ledger.SpoolName(name)
	}}
}

// stateOf is the state folder of the manifest at path.
func stateOf(path, state string) string {
	if state == "" {
		state = filepath.Join(filepath.Dir(path), stateFolder)
	}
	return state
}

// spool reads standard input to its end and returns the file that has it. An
// error's text follows the words "standard input".
func (r *rows) spool() (string, error) {
	folder := r.folder
	if folder == "" {
		folder = os.TempDir()
	} else if err := r.makeFolder(); err != nil {
		return r.unkept(folder, err)
	}
	if r.sys.Stdin == nil {
		return "", errors.New("is not there")
	}
	if r.sys.StdinTerminal != nil && r.sys.StdinTerminal() {
		say(r.sys.Stderr, "reading rows from the terminal, one JSON object a line; Ctrl-D ends them", "")
	}
	path := filepath.Join(folder, r.name())
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return r.unkept(folder, err)
	}
	r.mu.Lock()
	r.path = path
	r.mu.Unlock()
	r.watch()
	_, err = io.Copy(file, r.sys.Stdin)
	if read := (*os.PathError)(nil); errors.As(err, &read) && read.Op == "read" {
		_ = file.Close() // what it has is of no use
		return "", err
	}
	if err = cmp.Or(err, file.Close()); err != nil {
		return r.unkept(folder, err)
	}
	return path, nil
}

// unkept says that it is not standard input that is wrong.
func (r *rows) unkept(folder string, err error) (string, error) {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	r.failed = usage(fmt.Errorf("the rows of standard input can't be kept in %s: %w", folder, err), r.elsewhere)
	return "", r.failed
}

func (r *rows) makeFolder() error {
	_, err := os.Stat(r.folder)
	r.made = errors.Is(err, os.ErrNotExist)
	return os.MkdirAll(r.folder, 0o700)
}

// watch has a signal remove the file and end the process, as it would without
// one: nothing is open yet that it could harm.
func (r *rows) watch() {
	if r.sys.Signals == nil {
		return
	}
	signals, unnotify := r.sys.Signals()
	quit := make(chan struct{})
	r.quit = quit
	r.ended.Go(func() {
		defer unnotify()
		select {
		case <-signals:
			r.clear()
			os.Exit(exitInterrupted)
		case <-quit:
		}
	})
}

// heeded says that the command heeds signals itself from now on.
func (r *rows) heeded() {
	if r == nil || r.quit == nil {
		return
	}
	close(r.quit)
	r.quit = nil
	r.ended.Wait()
}

// file is the name of the file in its folder; "" where there is none.
func (r *rows) file() string {
	if r == nil || r.path == "" {
		return ""
	}
	return filepath.Base(r.path)
}

// remove ends the rows.
func (r *rows) remove() {
	if r == nil {
		return
	}
	r.heeded()
	r.clear()
}

// clear removes the file, and a folder that was made for it alone.
func (r *rows) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" {
		return
	}
	_ = os.Remove(r.path) // what can't be removed is swept later
	if r.made {
		_ = os.Remove(r.folder) // fails where the ledger is in it
	}
}
