package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

// Whatever the cells, a row is what encoding/csv writes, and what it reads back.
func FuzzRow(f *testing.F) {
	for _, seed := range []string{"", "a", `a"b`, "a,b", "a\tb", "a\nb\r", " a", "\u00a0a", `\.`, `\.x`, `"`, `""`, "\xff", "é,"} {
		f.Add(seed, "x")
		f.Add("x", seed)
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		for _, comma := range []byte{',', '\t'} {
			for _, cells := range [][]string{{one, two}, {one}} {
				var want bytes.Buffer
				w := csv.NewWriter(&want)
				w.Comma = rune(comma)
				if err := w.Write(cells); err != nil {
					t.Fatal(err)
				}
				w.Flush()
				if len(cells) == 1 && one == "" {
					want.Reset()
					want.WriteString("\"\"\n")
				}
				if got := string(appendRow(nil, comma, cells)); got != want.String() {
					t.Errorf("%q: got %q, want %q", cells, got, want.String())
				}
			}
		}
	})
}

// A row of one empty cell is a row.
func TestARowOfOneEmptyCell(t *testing.T) {
	text := string(appendRow(appendRow(nil, ',', []string{""}), ',', []string{"a"}))
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("%q: got %q, %v, want two rows", text, rows, err)
	}
}
