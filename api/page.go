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
	maxPageRuns = 10_000 // ten times what the service allows
	maxCursor   = 4096
)

// DecodePage reads a document with members data, limit and nextCursor. Each
// run is read as by [DecodeRun], except that no file is written: a result over
// MaxResultBytes, or that would take those of the page over MaxPageBytes, is
// left out, only its ResultSize says that it is there. Texts and schemas that
// are together over MaxPageBytes are an error that is [ErrTooLarge].
func DecodePage(r io.Reader, l Limits) (Page, error) {
	s := NewScanner(r)
	most := orDefault(l.MaxPageBytes, DefaultMaxPageBytes)
	d := pageDecoder{scan: s, most: most, one: l.MaxResultBytes, results: most, texts: most}
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

// A pageDecoder reads one page. one bounds a result, most what is kept of all;
// results and texts are what is left of it.
type pageDecoder struct {
	scan    *Scanner
	page    Page
	seen    bool
	entries int
	one     int64
	most    int64
	results int64
	texts   int64
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
	rd := runDecoder{scan: d.scan, limits: Limits{MaxResultBytes: min(d.one, d.results)}}
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
	d.texts -= int64(len(rd.run.Task) + len(rd.run.ResultSchema))
	if d.texts < 0 {
		return fmt.Errorf("a page with texts of more than %d bytes: %w", d.most, ErrTooLarge)
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
