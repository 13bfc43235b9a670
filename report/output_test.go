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
		{"-", Output{JSONL, "-"}},
		{"out.csv", Output{CSV, "out.csv"}},
		{"out/a.TSV", Output{TSV, "out/a.TSV"}},
		{"a.jsonl", Output{JSONL, "a.jsonl"}},
		{"a.ndjson", Output{JSONL, "a.ndjson"}},
		{"csv:-", Output{CSV, "-"}},
		{"tsv:-", Output{TSV, "-"}},
		{"jsonl:out.txt", Output{JSONL, "out.txt"}},
		{"CSV:out.txt", Output{CSV, "out.txt"}},
		{`C:\x.csv`, Output{CSV, `C:\x.csv`}},
		{`csv:C:\x`, Output{CSV, `C:\x`}},
		{`./csv:x.csv`, Output{CSV, `./csv:x.csv`}},
		{`run-12:30.csv`, Output{CSV, `run-12:30.csv`}},
	} {
		got, err := ParseOutput(test.in)
		if err != nil || got != test.want {
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
	if err := Write(&strings.Builder{}, "html", &memory{}); err == nil || !strings.Contains(err.Error(), `"html"`) {
		t.Errorf("got %v, want an error that names the format", err)
	}
}
