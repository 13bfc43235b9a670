package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// An eventFile is where --events go. Only one goroutine at a time uses it.
type eventFile struct {
	name  string // as in errors
	w     io.Writer
	file  *os.File // nil for standard output
	whole bool     // a file proper, which is to have every event of a batch
	size  int64    // bytes of whole lines in it
	fresh bool     // it was not there before
	told  bool     // people know that it can't be written
	err   error    // the last error of a write that was not made up for
}

// openEvents opens a file to be appended to, and makes it if it is not there. A
// line that a crash cut short is removed; a file that holds something else than
// events is refused.
func openEvents(path string, c *console) (*eventFile, error) {
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil { // such as a pipe, which is written only
		if file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return nil, err
		}
	}
	f := &eventFile{name: path, w: &patient{w: file, console: c}, file: file, fresh: fresh}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		f.whole = true
		f.size, err = mended(file, info.Size())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return f, nil
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

// mended returns the size of a file of events, after what follows its last whole
// line was cut off.
func mended(file *os.File, size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	start := make([]byte, len(eventStart))
	n, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.HasPrefix(eventStart, start[:n]) {
		return 0, errors.New("is not a file of events: its first line is something else")
	}
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		from := max(end-int64(len(buf)), 0)
		part := buf[:end-from]
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			size = from + int64(i) + 1
			return size, file.Truncate(size)
		}
		end = from
	}
	return 0, file.Truncate(0)
}

// write appends whole lines, or none.
func (f *eventFile) write(lines []byte) error {
	n, err := f.w.Write(lines)
	f.err = nil
	if err == nil {
		f.size += int64(n)
		return nil
	}
	if f.whole && !errors.Is(err, errUnread) {
		err = errors.Join(err, f.file.Truncate(f.size))
	}
	f.err = fmt.Errorf("%s: %w", f.name, err)
	return f.err
}

func (f *eventFile) close() error {
	if f.file == nil {
		return f.err
	}
	err := errors.Join(f.err, f.file.Close())
	if f.fresh && f.whole && f.size == 0 {
		err = errors.Join(err, os.Remove(f.name))
	}
	return err
}

// last returns the seq of the last event of a batch that the file has, 0 when it
// has none. It reads the file once; a large one takes a second or so.
func (f *eventFile) last(batch string) (seq int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f.file, 0, f.size), 64<<10)
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
