package report

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// A Format names a kind of report.
type Format string

// The formats.
const (
	CSV   Format = "csv"   // one row per task, separated by commas
	TSV   Format = "tsv"   // the same table, separated by tabs
	JSONL Format = "jsonl" // one JSON object per task and line, the full truth
)

// formats says in errors what there is to choose from.
const formats = "the formats are csv, tsv and jsonl"

// Stdout is the Path of an [Output] that goes to the standard output.
const Stdout = "-"

// An Output is where one report goes.
type Output struct {
	Format  Format
	Path    string // a file, or Stdout
	Options Options
}

// ParseOutput reads the value of -o: PATH, whose extension names the format
// (.csv, .tsv, .jsonl, .ndjson), or FORMAT:PATH, where the path is free. The
// path - is the standard output; alone it means JSONL.
//
// One letter before a colon is a drive, not a format.
func ParseOutput(s string) (Output, error) {
	switch s {
	case "":
		return Output{}, errors.New("an output needs a path, such as out.csv or jsonl:-")
	case Stdout:
		return Output{Format: JSONL, Path: Stdout}, nil
	}
	if prefix, path, ok := strings.Cut(s, ":"); ok && isWord(prefix) {
		f := Format(strings.ToLower(prefix))
		switch {
		case f != CSV && f != TSV && f != JSONL:
			return Output{}, fmt.Errorf("%q: there is no report format %q; %s (a file with a colon in its name is written ./%s)",
				s, prefix, formats, s)
		case path == "":
			return Output{}, fmt.Errorf("%q: a path is missing after the colon; - is the standard output", s)
		}
		return Output{Format: f, Path: path}, nil
	}
	switch strings.ToLower(filepath.Ext(s)) {
	case ".csv":
		return Output{Format: CSV, Path: s}, nil
	case ".tsv":
		return Output{Format: TSV, Path: s}, nil
	case ".jsonl", ".ndjson":
		return Output{Format: JSONL, Path: s}, nil
	}
	return Output{}, fmt.Errorf("%q: the extension names no report format; use .csv, .tsv, .jsonl or .ndjson, or write FORMAT:PATH (%s)",
		s, formats)
}

// isWord reports whether s could be meant as a format: two letters or more.
func isWord(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return len(s) > 1
}
