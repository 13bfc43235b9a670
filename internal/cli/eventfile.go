package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// An eventFile is where --events go. Only one goroutine at a time uses it.
type eventFile struct {
	name  string // as in errors
	w     io.Writer
	file  *os.File // nil for standard output
	whole bool     // a file proper, which is to have every event of a batch
	fresh bool     // it was not there before
	made  []string // folders that were not there before, the deepest first
	told  bool     // people know that it can't be written
	err   error    // the last error of a write that was not made up for
}

// openEvents opens a file to be appended to, and makes it and its folder if they
// are not there. A
// line that a crash cut short is removed; a file that holds something else than
// events is refused.
func openEvents(path string, c *console) (*eventFile, error) {
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	made := missingFolders(filepath.Dir(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil { // such as a pipe, which is written only
		if file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return nil, err
		}
	}
	f := &eventFile{name: path, w: &patient{w: file, console: c}, file: file, fresh: fresh, made: made}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		f.whole = true
		if err = startsAsEvents(file); err == nil {
			err = mended(file)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return f, nil
}

// missingFolders lists what of a folder's path is not there, the deepest first.
func missingFolders(dir string) (missing []string) {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return missing
		}
		missing = append(missing, dir)
		dir = filepath.Dir(dir)
	}
}

// eventStart is how every line of a file of events begins.
var eventStart = []byte(`{"seq":`)

// holdsEvents reports whether a path leads to a file that begins as events do.
func holdsEvents(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() { // to open a pipe would wait
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // it was only read
	start := make([]byte, len(eventStart))
	_, err = io.ReadFull(file, start)
	return err == nil && bytes.Equal(start, eventStart)
}

// startsAsEvents refuses a file that holds something else than events.
func startsAsEvents(file *os.File) error {
	start := make([]byte, len(eventStart))
	n, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.HasPrefix(eventStart, start[:n]) {
		return errors.New("is not a file of events: its first line is something else")
	}
	return nil
}

// tornFor is how long a line without an end must stay as it is to be what a
// crash left, and not what another process is just writing.
const tornFor = 50 * time.Millisecond

// mended removes from a file of events a last line that a crash cut short. What
// ends in a newline is never cut, also not what another process appends
// meanwhile.
func mended(file *os.File) error {
	torn := int64(-1) // the size with which a torn line was seen
	for range 100 {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		size := info.Size()
		end, err := wholeLines(file, size)
		switch {
		case err != nil:
			return err
		case end == size:
			return nil
		case torn == size:
			if cut, err := cutTo(file, size, end); cut || err != nil {
				return err
			}
		}
		torn = size
		time.Sleep(tornFor)
	}
	return nil // another process never stops writing, and ends its lines
}

// wholeLines returns where the last whole line within size bytes ends.
func wholeLines(file *os.File, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		from := max(end-int64(len(buf)), 0)
		part := buf[:end-from]
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// cutTo cuts a file that still has size bytes, through a handle of its own:
// Windows does not cut through one that appends.
func cutTo(file *os.File, size, end int64) (cut bool, err error) {
	same, err := os.OpenFile(file.Name(), os.O_WRONLY, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, same.Close()) }()
	info, err := same.Stat()
	if err != nil {
		return false, err
	}
	ours, err := file.Stat()
	if err != nil {
		return false, err
	}
	if !os.SameFile(info, ours) {
		return false, errors.New("another file has taken its place")
	}
	if info.Size() != size {
		return false, nil
	}
	return true, same.Truncate(end)
}

// write appends lines. After an error the file has some of them, each whole, or
// none.
func (f *eventFile) write(lines []byte) error {
	_, err := f.w.Write(lines)
	f.err = nil
	if err == nil {
		return nil
	}
	if f.whole && !errors.Is(err, errUnread) {
		err = errors.Join(err, mended(f.file))
	}
	f.err = fmt.Errorf("%s: %w", f.name, err)
	return f.err
}

func (f *eventFile) close() error {
	if f.file == nil {
		return f.err
	}
	info, err := f.file.Stat()
	unused := err == nil && f.fresh && f.whole && info.Size() == 0
	err = errors.Join(f.err, err, f.file.Close())
	if unused {
		err = errors.Join(err, os.Remove(f.name))
		for _, dir := range f.made {
			_ = os.Remove(dir) // one that somebody else uses stays
		}
	}
	return err
}

// last returns the seq of the last event of a batch that the file has, 0 when it
// has none. It reads the file once; a large one takes a second or so.
func (f *eventFile) last(batch string) (seq int64, err error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	size, err := wholeLines(f.file, info.Size())
	if err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(f.file, 0, size), 64<<10)
	for {
		line, err := r.ReadSlice('\n')
		if n, of, ok := eventPlace(line); ok && of == batch {
			seq = max(seq, n)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		switch {
		case errors.Is(err, io.EOF):
			return seq, nil
		case err != nil:
			return 0, err
		}
	}
}

// eventPlace reads the seq and the batch that a line of events begins with. They
// stand at its beginning, which spares reading the rest.
func eventPlace(line []byte) (seq int64, batch string, ok bool) {
	rest, ok := bytes.CutPrefix(line, eventStart)
	number, rest, found := bytes.Cut(rest, []byte(`,"time":"`))
	if !ok || !found {
		return 0, "", false
	}
	seq, err := strconv.ParseInt(string(number), 10, 64)
	_, rest, found = bytes.Cut(rest, []byte(`","batch":"`))
	id, _, end := bytes.Cut(rest, []byte(`"`))
	return seq, string(id), err == nil && found && end
}
