package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// last returns the seq of the last event of a batch that the file has, 0 when it
// has none. It reads the file once; a large one takes a second or so.
func (f *eventFile) last(batch string) (seq int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f.file, 0, f.size), 64<<10)
	for {
		line, err := r.ReadSlice('\n')
		if n, of, ok := placeOf(line); ok && of == batch {
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

// placeOf reads the seq and the batch that a line of events begins with. They
// stand at its beginning, which spares reading the rest.
func placeOf(line []byte) (seq int64, batch string, ok bool) {
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
