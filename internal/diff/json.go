package diff

import (
	"bytes"
	"encoding/json"
	"io"
)

// A Document writes a comparison as one JSON object while it is made, so that it
// holds no more than a finding: before, now, findings, and then what [Result]
// has. Nothing is written before there is something to tell.
type Document struct {
	w           io.Writer
	before, now Side
	count       int
}

// NewDocument returns a document of which nothing is written.
func NewDocument(w io.Writer, before, now Side) *Document {
	return &Document{w: w, before: before, now: now}
}

func (d *Document) begin() error {
	return d.write(`{"before":`, d.before, `,"now":`, d.now, `,"findings":[`)
}

// Add writes a finding.
func (d *Document) Add(f Finding) error {
	if d.count++; d.count > 1 {
		return d.write(",", f)
	}
	if err := d.begin(); err != nil {
		return err
	}
	return d.write(f)
}

// Close writes the rest: shapes, counts and the like, and which of the kinds
// that were to fail were found.
func (d *Document) Close(r *Result, failed []Kind) error {
	if d.count == 0 {
		if err := d.begin(); err != nil {
			return err
		}
	}
	counts := map[Kind]int{}
	for _, k := range Kinds {
		counts[k] = r.Counts[k]
	}
	return d.write(`],"shapes":`, listed(r.Shapes), `,"tests":`, r.Tests, `,"counts":`, counts, `,"better":`, r.Better,
		`,"compared":`, r.Compared, `,"new":`, r.New, `,"gone":`, r.Gone, `,"unfinished":`, r.Unfinished, `,"unread":`, r.Unread,
		`,"unmatched":`, listed(r.Unmatched), `,"failed":`, listed(failed), "}\n")
}

func listed[T any](list []T) []T { return append([]T{}, list...) }

// write writes strings as they are and everything else as JSON.
func (d *Document) write(parts ...any) error {
	var b bytes.Buffer
	for _, part := range parts {
		if text, ok := part.(string); ok {
			b.WriteString(text)
			continue
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(part); err != nil {
			return err
		}
		b.WriteString(plain(string(bytes.TrimSuffix(text.Bytes(), []byte("\n")))))
	}
	_, err := d.w.Write(b.Bytes())
	return err
}
