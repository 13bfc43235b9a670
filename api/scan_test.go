package api

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads one document the way every decoder does.
func readAll(r io.Reader) error {
	s := NewScanner(r)
	if err := s.Skip(); err != nil {
		return err
	}
	return s.End()
}

var documents = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-0`, `1.5e+10`, `1e10000000`, `-12.30E-7`, `""`, `"a"`,
	` { "a" : [ 1 , { "b" : null } ] , "c" : "\u00e9\ud800\n" } `, "\"\xff\xfe\"", `[[[[]]],{"":{}}]`,
	``, ` `, `{`, `[`, `{]`, `[}`, `[1,]`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{"a":}`, `[,1]`, `01`, `-`, `1.`, `.5`, `1e`, `+1`,
	`"\x"`, `"\u12g4"`, "\"\n\"", "{\"a\x00\":\"\t\x1f\\n\"}", "\x01", "[1\x00]", "tr\nue", "\"\\\x00\"", "\"\\u00\x0000\"", `"abc`, `"\`, `tru`, `nul`, `truee`, `1 2`, `{} x`, "\ufeff{}", `[1}`, `{"a":[}`, `'a'`, `NaN`,
	`{"a":1 "b":2}`, `[1 2]`, `{"a",1}`, `"a" "b"`, `]`, `{"a":1}}`,
}

// sound reports whether encoding/json takes doc with its control characters as
// harmless ones: white space as a space, which may stand within strings too, the
// others as a letter, which may stand there only.
func sound(doc []byte) bool {
	doc = []byte(strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return ' '
		case r < ' ':
			return 'x'
		}
		return r
	}, string(doc)))
	return json.Valid(doc)
}

func TestScannerAgreesWithEncodingJSON(t *testing.T) {
	for _, doc := range documents {
		want := sound([]byte(doc))
		if err := readAll(strings.NewReader(doc)); (err == nil) != want {
			t.Errorf("%q: got %v, want valid %v", doc, err, want)
		}
		// One byte at a time, every state meets the end of the buffer.
		if err := readAll(iotest.OneByteReader(strings.NewReader(doc))); (err == nil) != want {
			t.Errorf("%q byte by byte: got %v, want valid %v", doc, err, want)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if deepest(doc) >= 10_000 {
			return // encoding/json does not read that deep
		}
		want := sound(doc)
		if err := readAll(iotest.HalfReader(strings.NewReader(string(doc)))); (err == nil) != want {
			t.Fatalf("%q: got %v, want valid %v", doc, err, want)
		}
		// Object and Array have a grammar of their own to keep.
		if err := walk(doc); (err == nil) != want {
			t.Fatalf("%q walked: got %v, want valid %v", doc, err, want)
		}
	})
}

// deepest counts brackets, those in strings too.
func deepest(doc []byte) int {
	return strings.Count(string(doc), "[") + strings.Count(string(doc), "{")
}

// walk reads the outer two levels by Object and Array.
func walk(doc []byte) error {
	s := NewScanner(iotest.OneByteReader(strings.NewReader(string(doc))))
	var level func(depth int) error
	level = func(depth int) error {
		c, err := s.Peek()
		switch {
		case err != nil:
			return err
		case depth == 2:
			return s.Skip()
		case c == '{':
			return s.Object(func(string) error { return level(depth + 1) })
		case c == '[':
			return s.Array(func() error { return level(depth + 1) })
		case c == '"':
			_, _, err := s.Text(3)
			return err
		}
		_, _, err = s.Raw(2)
		return err
	}
	if err := level(0); err != nil {
		return err
	}
	return s.End()
}

func TestWalkAgreesWithEncodingJSON(t *testing.T) {
	for _, doc := range documents {
		want := sound([]byte(doc))
		if err := walk([]byte(doc)); (err == nil) != want {
			t.Errorf("%q: got %v, want valid %v", doc, err, want)
		}
	}
}

// Every cut of a document is io.ErrUnexpectedEOF, except after a whole number.
func TestCutDocumentIsUnexpectedEOF(t *testing.T) {
	doc := `{"a":[1.5e3,"x\u00e9",{"b":true,"c":null}],"d":-7}`
	for n := range len(doc) {
		if err := readAll(strings.NewReader(doc[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: got %v, want io.ErrUnexpectedEOF", doc[:n], err)
		}
	}
}

func TestReadErrorIsNotTheEnd(t *testing.T) {
	broken := errors.New("connection reset")
	for _, doc := range []string{``, `{}`, `{"a":`, `12`, `"a`, `[1`} {
		r := io.MultiReader(strings.NewReader(doc), iotest.ErrReader(broken))
		if err := readAll(r); !errors.Is(err, broken) {
			t.Errorf("%q: got %v, want %v", doc, err, broken)
		}
	}
}

func TestScannerMemoryIsBounded(t *testing.T) {
	deep := strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)
	if err := readAll(strings.NewReader(deep)); err != nil {
		t.Errorf("a million levels: %v", err)
	}
	long := io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(endless('x'), 16<<20), strings.NewReader(`"}`))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := readAll(long); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 200<<10 {
		t.Errorf("reading 16 MB allocated %d bytes", got)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestNestedTooDeeply(t *testing.T) {
	var syntax *SyntaxError
	if err := readAll(endless('[')); !errors.As(err, &syntax) {
		t.Errorf("got %v, want a SyntaxError", err)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		doc   string
		text  string
		whole bool
	}{
		{`"abc"`, "abc", true},
		{`"abcd"`, "abcd", true},
		{`"abcde"`, "abcd", false},
		{`"\u0061\u0062\u0063\u0064\u0065"`, "abcd", false},
		{`"ééééé"`, "éééé", false},
		{`"\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00"`, "😀😀😀😀", true},
		{`"` + strings.Repeat(`\ud83d\ude00`, 1000) + `"`, "😀😀😀😀", false},
		{"\"a\xffb\"", "a\ufffdb", true},
		{"\"a\x00\n\"", "a  ", true},
		{"\"\x1f\\n\x7f\"", " \n\x7f", true},
		{`5`, "", false},
		{`{"a":"b"}`, "", false},
		{`null`, "", false},
	} {
		s := NewScanner(iotest.OneByteReader(strings.NewReader(c.doc)))
		text, whole, err := s.Text(4)
		if text != c.text || whole != c.whole || err != nil {
			t.Errorf("%.40s: got %q %v %v, want %q %v", c.doc, text, whole, err, c.text, c.whole)
		}
		if err := s.End(); err != nil {
			t.Errorf("%.40s: the value was not read to its end: %v", c.doc, err)
		}
	}
}

// An error of the file that takes a result is not lost behind a number, the
// one value that ends without a byte of its own.
func TestFileErrorIsNotLost(t *testing.T) {
	f, err := os.Open(os.DevNull) // not writable
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	s := NewScanner(iotest.OneByteReader(strings.NewReader(`12345`)))
	c := capture{spill: t.TempDir(), file: f}
	err = s.captured(&c, s.value)
	if err == nil {
		err = s.End()
	}
	if err == nil {
		t.Error("got no error from a file that can't be written")
	}
}

func BenchmarkScan(b *testing.B) {
	run := `{"runId":"r","status":"COMPLETED","result":{"output":{"name":"a widget of some kind","price":12.5,"tags":["a","b","c"],"stock":true}},"cause":null}`
	page := `{"data":[` + strings.Repeat(run+",", 999) + run + `],"limit":1000,"nextCursor":null}`
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := DecodePage(strings.NewReader(page), Limits{MaxResultBytes: 1 << 20})
		if err != nil || len(p.Runs) != 1000 {
			b.Fatal(len(p.Runs), err)
		}
	}
}
