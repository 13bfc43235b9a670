package api

import (
	"fmt"
	"io"
)

// A Page is one page of a listing of runs.
type Page struct {
	Runs       []Run
	Limit      int    // as the service says; 0 when unreadable
	NextCursor string // "" at the end

	// Unreadable is an error when an entry was no run: the page holds all the
	// others.
	Unreadable error
}

const (
	maxPageRuns  = 10_000    // ten times what the service allows
	maxPageBytes = 256 << 20 // what all runs of a page may keep in memory
	maxCursor    = 4096
)

// DecodePage reads a document with members data, limit and nextCursor. Each
// run is read as by [DecodeRun], except that no file is written: a result that
// would take those of the page over MaxResultBytes is left out, only its
// ResultSize says that it is there.
func DecodePage(r io.Reader, l Limits) (Page, error) {
	s := NewScanner(r)
	d := pageDecoder{scan: s, results: l.MaxResultBytes, bytes: maxPageBytes}
	err := s.Object(d.member)
	if err == nil {
		err = s.End()
	}
	if err == nil && !d.seen {
		err = &SyntaxError{Text: "a page without data"}
	}
	if err != nil {
		return Page{}, err
	}
	return d.page, nil
}

// A pageDecoder reads one page; results and bytes are what may still be kept.
type pageDecoder struct {
	scan    *Scanner
	page    Page
	seen    bool
	entries int
	results int64
	bytes   int64
}

func (d *pageDecoder) member(name string) error {
	s := d.scan
	switch name {
	case "data":
		d.seen = true
		d.page.Runs, d.page.Unreadable = nil, nil
		return s.Array(d.entry)
	case "limit":
		return d.limit()
	case "nextCursor":
		cursor, err := s.Cursor()
		d.page.NextCursor = cursor
		return err
	}
	return s.Skip()
}

func (d *pageDecoder) entry() error {
	d.entries++
	if d.entries > maxPageRuns {
		return fmt.Errorf("a page of more than %d runs: %w", maxPageRuns, ErrTooLarge)
	}
	first, err := d.scan.Peek()
	if err != nil {
		return err
	}
	if first != '{' {
		d.unreadable(&FieldError{Field: "runId"})
		return d.scan.Skip()
	}
	rd := runDecoder{scan: d.scan, limits: Limits{MaxResultBytes: d.results}}
	if err := rd.decode(); err != nil {
		return err
	}
	if err := rd.check(); err != nil {
		d.unreadable(err)
		return nil
	}
	// The only error here is a result over the limit, whose size is known.
	if rd.keepResult() == nil {
		d.results -= int64(len(rd.run.Result))
	}
	d.bytes -= int64(len(rd.run.Result) + len(rd.run.Task) + len(rd.run.ResultSchema))
	if d.bytes < 0 {
		return fmt.Errorf("a page of more than %d bytes: %w", maxPageBytes, ErrTooLarge)
	}
	d.page.Runs = append(d.page.Runs, rd.run)
	return nil
}

func (d *pageDecoder) unreadable(err error) {
	if d.page.Unreadable == nil {
		d.page.Unreadable = fmt.Errorf("data[%d]: %w", d.entries-1, err)
	}
}

func (d *pageDecoder) limit() error {
	raw, _, err := d.scan.Raw(20)
	d.page.Limit = 0
	if n := 0; err == nil {
		if _, bad := fmt.Sscanf(string(raw), "%d", &n); bad == nil {
			d.page.Limit = n
		}
	}
	return err
}

// Cursor reads an opaque cursor; "" for null. One that is not a string, or
// longer than 4,096 characters, is an error: without it a listing can't be
// told from a whole one.
func (s *Scanner) Cursor() (string, error) {
	first, err := s.Peek()
	if err != nil {
		return "", err
	}
	if first == 'n' {
		return "", s.Skip()
	}
	cursor, whole, err := s.Text(maxCursor)
	if err == nil && !whole {
		err = s.syntax("a cursor that can't be read")
	}
	return cursor, err
}
