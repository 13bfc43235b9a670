package manifest

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// Whatever the text, Load gives a manifest that expands to what it counted, or
// problems with places inside the file.
func FuzzLoad(f *testing.F) {
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(a.Files[0].Data))
	}
	f.Add(rowsManifest)
	f.Add(repeated)
	f.Add(knobs)
	f.Add("version: 1\nparams: {p: {default: 2}}\ntasks: [{id: 'a-${{ matrix.a }}', task: 'x ${{ params.p }}', if: matrix.a > 1, expect: [result.x == params.p], matrix: {a: [1, 2, '${{ params.p + 1 }}'], include: [{b: 1}], exclude: [{a: 1}]}}]\nlimits: {concurrency: '${{ params.p }}'}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		m, err := Load("-", Options{Stdin: strings.NewReader(text), Dir: t.TempDir()})
		if err == nil {
			n := 0
			ids := map[string]bool{}
			for task, err := range m.Tasks(nil) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n > 10_000 {
					continue
				}
				if ids[task.ID] || utf8.RuneCountInString(task.ID) > maxID {
					t.Errorf("the id %q is there twice, or too long", task.ID)
				}
				ids[task.ID] = true
			}
			if n != m.Total {
				t.Errorf("got %d tasks, Total says %d", n, m.Total)
			}
			return
		}
		var wrong Problems
		if !errors.As(err, &wrong) || len(wrong) == 0 {
			t.Fatalf("got %v", err)
		}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, p := range wrong {
			if p.Line < 0 || p.Column < 0 || p.File == "-" && p.Line > lines || p.Message == "" || !utf8.ValidString(p.Error()) {
				t.Errorf("got %#v", p)
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("\ufeffa;b\r\n\"x\r\ny\";2\r\n\r\n3\n")
	f.Add("a\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		c, header, err := openCSV(strings.NewReader(text), false)
		if err != nil {
			return
		}
		last := 0
		c.read(header, true, func(r *row, err error) bool {
			if err != nil {
				var one *rowError
				if !errors.As(err, &one) || one.line < 1 {
					t.Errorf("got %v", err)
				}
				return true
			}
			if r.line <= last || len(r.object) != len(header) {
				t.Errorf("got row %d at line %d after line %d with %d fields", r.number, r.line, last, len(r.object))
			}
			last = r.line
			if object, err := decodeRow(r.json); err != nil || len(object) != len(header) {
				t.Errorf("got %s, %v", r.json, err)
			}
			return true
		})
	})
}

// What a writer of CSV writes, whatever the cells, is read as the same cells.
func FuzzCSVCells(f *testing.F) {
	f.Add("a", "b,\"c\"", "d\ne", false)
	f.Add("=1", " x ", ";\t", true)
	f.Add("\ufeff", "", "\u2028", false)
	f.Fuzz(func(t *testing.T, a, b, c string, tabs bool) {
		// encoding/csv itself reads CR LF within quotes as LF, and nothing but
		// UTF-8 is taken.
		for _, cell := range []string{a, b, c} {
			if strings.Contains(cell, "\r") || !utf8.ValidString(cell) {
				return
			}
		}
		want := [][]string{{a, b, c}, {"x", a, ""}, {c, "", b}}
		var text strings.Builder
		w := csv.NewWriter(&text)
		if tabs {
			w.Comma = '\t'
		}
		_ = w.Write([]string{"one", "two", "three"})
		_ = w.WriteAll(want)
		r, header, err := openCSV(strings.NewReader(text.String()), tabs)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		r.read(header, true, func(r *row, err error) bool {
			if err != nil {
				t.Fatalf("%q: %v", text.String(), err)
			}
			cells := make([]string, len(header))
			object, unread := decodeRow(r.json)
			for i, name := range header {
				cells[i] = r.object[name].(string)
				if unread != nil || object[name] != r.object[name] {
					t.Errorf("got %s for %q", r.json, r.object)
				}
			}
			got = append(got, cells)
			return true
		})
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	f.Add("{\"a\": 1.50}\n\n[1]\n")
	f.Add("{\"a\":{\"b\":[1,2]}} x")
	f.Fuzz(func(t *testing.T, text string) {
		readJSONL(strings.NewReader(text), true, func(r *row, err error) bool {
			if err != nil {
				var one *rowError
				if !errors.As(err, &one) || one.line < 1 || one.column < 0 {
					t.Errorf("got %v", err)
				}
				return true
			}
			if _, err := decodeRow(r.json); err != nil {
				t.Errorf("%s does not read again: %v", r.json, err)
			}
			return true
		})
	})
}

func TestJSONLLimits(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":` + strings.Repeat("[", 1001) + strings.Repeat("]", 1001) + "}": "row 1: is nested deeper than 1000 levels",
		`{"a":"` + strings.Repeat("x", maxRow) + `"}`:                         "row 1: the line is longer than 16 MB",
	} {
		var got error
		readJSONL(strings.NewReader(text), false, func(_ *row, err error) bool { got = err; return true })
		if got == nil || got.Error() != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

// A quote that is never closed must not read a large file into memory.
func TestCSVLimit(t *testing.T) {
	c, header, err := openCSV(strings.NewReader("a\n\""+strings.Repeat("x\n", maxRow)), false)
	if err != nil {
		t.Fatal(err)
	}
	var got error
	c.read(header, false, func(_ *row, err error) bool { got = err; return true })
	if got == nil || got.Error() != "row 1: "+errLongRow.Error() {
		t.Errorf("got %v, want %v", got, errLongRow)
	}
}

// A manifest that is too large, or of another encoding, is refused unread.
func TestEncoding(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"\xff\xfev\x00e\x00", "m.yaml: the file is UTF-16, not UTF-8\nhint: save it as UTF-8\n"},
		{"\xfe\xff\x00v\x00e", "m.yaml: the file is UTF-16, not UTF-8\nhint: save it as UTF-8\n"},
		{"v\x00e\x00r\x00", "m.yaml: the file is UTF-16, not UTF-8\nhint: save it as UTF-8\n"},
		{"version: 1\n" + strings.Repeat("#", maxFile), "m.yaml: the file is larger than 64 MB\n"},
		{"version: 1\nname: a\x01b\n", "m.yaml:2:8: control characters are not allowed\n"},
	} {
		write(t, map[string]string{"m.yaml": c.text})
		_, err := Load("m.yaml", Options{})
		if got := output(nil, err); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// A schema file cannot be reached through a symbolic link that leads out.
func TestSchemaSymlink(t *testing.T) {
	write(t, map[string]string{"out.json": `{"type":"object"}`, "in/tasks.yaml": "version: 1\nresultSchemas: {a: {$ref: a.json}}\ntasks: [{task: a}]\n"})
	if err := os.Symlink("../out.json", "in/a.json"); err != nil {
		t.Skip(err)
	}
	if _, err := Load("in/tasks.yaml", Options{}); err == nil {
		t.Error("a link out of the folder was followed")
	}
}
