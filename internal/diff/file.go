package diff

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/bbbatch/bbbatch/batch"
)

// A File is a JSONL report that is read as one side of a comparison.
type File struct {
	path string
	file *os.File
	size int64

	lines *bufio.Reader // of At
	next  int64         // where lines stands
	line  []byte
}

// A FileError says what is wrong with a report, and where.
type FileError struct {
	Path string
	Line int // 1-based; 0 for the file as a whole
	Err  error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Path + ": " + e.Err.Error()
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// OpenFile opens a JSONL report. It must be a regular file: it is read more
// than once. Every error of it, and of reading it, is a [*FileError].
func OpenFile(path string) (*File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("must be a regular file, since it is read more than once")
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, &FileError{Path: path, Err: err}
	}
	return &File{path: path, file: f, size: info.Size()}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Check reads the whole report, and reports what is wrong with it.
func (f *File) Check() error {
	_, err := indexOf(f, nil)
	return err
}

// Entries yields the report's records.
func (f *File) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		lines := bufio.NewReaderSize(io.NewSectionReader(f.file, 0, f.size), 64<<10)
		var line []byte
		at := int64(0)
		for number := 1; ; number++ {
			var n int64
			var err error
			line, n, err = readLine(lines, line)
			var e Entry
			left := false
			if err == nil && n == 0 {
				return
			}
			if err == nil && number == 1 {
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			if err == nil && len(bytes.TrimSpace(line)) > 0 {
				e, left, err = parseLine(line)
			} else if err == nil {
				left = true
			}
			if err != nil {
				yield(e, &FileError{Path: f.path, Line: number, Err: err})
				return
			}
			e.Ref, e.Line = at, number
			at += n
			if !left && !yield(e, nil) {
				return
			}
		}
	}
}

// At reads the record whose line begins at byte ref.
func (f *File) At(ref int64) (Entry, error) {
	if f.lines == nil {
		f.lines = bufio.NewReaderSize(nil, 64<<10)
		f.next = -1
	}
	if f.next != ref {
		f.lines.Reset(io.NewSectionReader(f.file, ref, f.size-ref))
	}
	f.next = -1
	line, n, err := readLine(f.lines, f.line)
	f.line = line
	if err == nil && ref == 0 {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	var e Entry
	if err == nil {
		e, _, err = parseLine(line)
	}
	if err != nil {
		return e, &FileError{Path: f.path, Err: fmt.Errorf("changed while it was read: %w", err)}
	}
	e.Ref, f.next = ref, ref+n
	return e, nil
}

// maxLine is how long a record may be. Results above 1 MB are not in it, but
// rows and messages are.
const maxLine = 64 << 20

// readLine reads a line into buf, without its end, and says how many bytes of
// the file it took: 0 at the end.
func readLine(r *bufio.Reader, buf []byte) (line []byte, n int64, err error) {
	line = buf[:0]
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		n += int64(len(part))
		switch {
		case len(line) > maxLine:
			return line, n, fmt.Errorf("the line is longer than %d MB", maxLine>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return line, n, err
		}
		return bytes.TrimRight(line, "\r\n"), n, nil
	}
}

// A record is what is read of a report's line.
type record struct {
	ID          string            `json:"id"`
	Outcome     batch.Outcome     `json:"outcome"`
	Reason      batch.Reason      `json:"reason"`
	Message     string            `json:"message"`
	Result      json.RawMessage   `json:"result"`
	Unwrapped   bool              `json:"unwrapped"`
	ResultPath  string            `json:"resultPath"`
	ResultBytes int64             `json:"resultBytes"`
	Repeat      *batch.Repetition `json:"repeat"`
	Left        bool              `json:"left"`
	Schema      string            `json:"schema"`
	Template    string            `json:"template"`
}

// parseLine reads a record; left says that its task left the manifest.
func parseLine(line []byte) (e Entry, left bool, err error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		if t := (*json.UnmarshalTypeError)(nil); errors.As(err, &t) && t.Field != "" {
			return e, false, fmt.Errorf("%q can't be a JSON %s", t.Field, t.Value)
		} else if t != nil {
			return e, false, fmt.Errorf("must be a JSON object, not a JSON %s", t.Value)
		}
		return e, false, fmt.Errorf("not a line of JSON: %w", err)
	}
	switch {
	case r.ID == "":
		return e, false, errors.New(`has no "id": it is no record of a JSONL report`)
	case r.Outcome == "":
		return e, false, fmt.Errorf(`%q has no "outcome": it is no record of a JSONL report`, r.ID)
	case !slices.Contains(batch.Outcomes[:], r.Outcome):
		return e, false, fmt.Errorf("%q has the outcome %q, which this version does not know", r.ID, string(r.Outcome))
	case r.Repeat != nil && (r.Repeat.Group == "" || r.Repeat.Number < 1 || r.Repeat.Pass < 1):
		return e, false, fmt.Errorf(`%q has a "repeat" without its group, number and pass`, r.ID)
	}
	e = Entry{ID: r.ID, Repeat: r.Repeat, Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, Schema: r.Schema, Template: r.Template}
	if r.Outcome != batch.Passed {
		return e, r.Left, nil
	}
	e.Away = r.Result == nil && r.ResultBytes > 0
	if r.Result != nil {
		like := batch.Record{Verdict: batch.Verdict{Unwrapped: r.Unwrapped}, Checks: &batch.Checks{Path: r.ResultPath}}
		if e.Result, err = judged(r.Result, like.Way()); err != nil {
			return e, false, fmt.Errorf("%q: %w", r.ID, err)
		}
	}
	return e, r.Left, nil
}
