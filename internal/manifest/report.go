package manifest

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// A Report is a file that the manifest asks for.
type Report struct {
	Path   string // as written, a template
	Format string // csv, tsv or jsonl
	Where  *Where // which tasks; nil for all

	// The rest is for tables.
	Columns   []Column // in place of the format's own; nil for those
	Unwind    []string // names from the result's root to a list: a row for each element; nil for none
	Rows      string   // "" or repetitions: a row for each member of a repetition, not for the group
	BOM       bool     // begin with a byte order mark
	Unguarded bool     // leave cells that a spreadsheet would run as they are

	Line, Column int // of the path in the manifest, 1-based

	template *template
	params   map[string]any
	dir      string
}

// A Column is one that a table has in place of its own.
type Column struct {
	Name string
	Cell *Cell
}

// pathScope is what a report's path may use.
func (l *loader) pathScope() scope {
	return scope{top: true, env: expr.Env{
		"batch": {Fields: []string{"id", "date"}, Text: true}, "params": l.paramObject(),
	}}
}

// PathFor fills in the path for the batch with the given id, opened at the
// given time; its day is that of UTC. The result is relative to the working
// directory if the manifest's folder is, or "-" for standard output.
func (r Report) PathFor(id string, opened time.Time) (string, error) {
	path := r.Path
	if r.template != nil {
		var err error
		path, err = r.template.string(expr.NewValues(map[string]map[string]any{
			"batch": {"id": id, "date": opened.UTC().Format(time.DateOnly)}, "params": r.params,
		}))
		if err != nil {
			return "", fmt.Errorf("report %s: %w", r.Path, err)
		}
	}
	if path == "-" {
		return path, nil
	}
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path, nil
	}
	return filepath.Join(r.dir, path), nil
}

// formatOf returns the format of a path's extension, or "".
func formatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return "csv"
	case ".tsv":
		return "tsv"
	case ".jsonl", ".ndjson":
		return "jsonl"
	}
	return ""
}

func (l *loader) reports(n *node) []Report {
	var out []Report
	first := map[string]int{}
	if n == nil {
		return nil
	}
	for _, item := range n.items {
		if item.kind != object {
			continue
		}
		r := Report{params: l.m.shared["params"], dir: l.m.Dir}
		l.shown(&r, item)
		path, format := l.good(item.get("path")), item.get("format")
		if path == nil || item.get("format") != nil && l.good(format) == nil {
			continue
		}
		used := l.usesParams
		if r.template = l.compile(path, l.pathScope()); r.template == nil || l.unset && l.usesParams > used {
			continue
		}
		r.Path = path.text
		r.Line, r.Column = path.place(0)
		sample, err := r.PathFor("00000000", time.Unix(0, 0))
		switch {
		case err != nil:
			l.ps.wrong(path, "%v", err)
			continue
		case strings.ContainsFunc(sample, isControl):
			l.ps.wrong(path, "must not contain control characters")
			continue
		case strings.HasSuffix(path.text, "/") || filepath.Base(sample) == "." || filepath.Base(sample) == "..":
			l.ps.wrong(path, "must be the path of a file, not of a folder")
			continue
		}
		if line, twice := first[sample]; twice {
			l.ps.wrong(path, "the report on line %d has the same path", line)
			continue
		}
		first[sample] = path.line
		switch r.Format = formatOf(sample); {
		case format != nil:
			r.Format = format.text
		case sample == "-":
			r.Format = "jsonl"
		case r.Format == "":
			l.ps.add(path.problem("the extension says no format: use .csv, .tsv, .jsonl or .ndjson",
				"or give the format: {path: …, format: csv}"))
			continue
		}
		l.tablesOnly(r.Format, item)
		out = append(out, r)
	}
	return out
}
