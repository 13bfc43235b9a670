package report

import (
	"strings"
	"testing"
)

func TestParseOutput(t *testing.T) {
	for _, test := range []struct {
		in   string
		want Output
	}{
		{"-", Output{Format: JSONL, Path: "-"}},
		{"out.csv", Output{Format: CSV, Path: "out.csv"}},
		{"out/a.TSV", Output{Format: TSV, Path: "out/a.TSV"}},
		{"a.jsonl", Output{Format: JSONL, Path: "a.jsonl"}},
		{"a.ndjson", Output{Format: JSONL, Path: "a.ndjson"}},
		{"csv:-", Output{Format: CSV, Path: "-"}},
		{"tsv:-", Output{Format: TSV, Path: "-"}},
		{"jsonl:out.txt", Output{Format: JSONL, Path: "out.txt"}},
		{"CSV:out.txt", Output{Format: CSV, Path: "out.txt"}},
		{`C:\x.csv`, Output{Format: CSV, Path: `C:\x.csv`}},
		{`csv:C:\x`, Output{Format: CSV, Path: `C:\x`}},
		{`./csv:x.csv`, Output{Format: CSV, Path: `./csv:x.csv`}},
		{`run-12:30.csv`, Output{Format: CSV, Path: `run-12:30.csv`}},
	} {
		got, err := ParseOutput(test.in)
		if err != nil || got.Format != test.want.Format || got.Path != test.want.Path {
			t.Errorf("%q: got %v, %v, want %v", test.in, got, err, test.want)
		}
	}
	for in, want := range map[string]string{
		"":          "needs a path",
		"out.xlsx":  "csv, tsv and jsonl",
		"out":       "csv, tsv and jsonl",
		"html:a":    `no report format "html"; the formats are csv, tsv and jsonl`,
		"foo:a.csv": "./foo:a.csv",
		"csv:":      "path is missing",
	} {
		if got, err := ParseOutput(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want an error with %q", in, got, err, want)
		}
	}
}

func TestWriteRefusesAnUnknownFormat(t *testing.T) {
	if err := Write(&strings.Builder{}, "html", Options{}, &memory{}); err == nil || !strings.Contains(err.Error(), `"html"`) {
		t.Errorf("got %v, want an error that names the format", err)
	}
}
