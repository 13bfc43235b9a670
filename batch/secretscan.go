package batch

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A leakFinder looks for secrets in results.
type leakFinder struct {
	names   []string
	needles map[string][][]byte // by name
	longest int
}

func newLeakFinder(x Secrets) *leakFinder {
	f := &leakFinder{needles: make(map[string][][]byte)}
	for name, value := range x {
		if len(value) < secretLeast {
			continue
		}
		f.names = append(f.names, name)
		for _, form := range shortest(forms(value)) {
			f.needles[name] = append(f.needles[name], []byte(form))
			f.longest = max(f.longest, len(form))
		}
	}
	slices.Sort(f.names)
	return f
}

// shortest leaves out every form that another one is a part of.
func shortest(forms []string) []string {
	return slices.DeleteFunc(slices.Clone(forms), func(form string) bool {
		return slices.ContainsFunc(forms, func(part string) bool {
			return len(part) < len(form) && strings.Contains(form, part)
		})
	})
}

// in lists the secrets whose values stand in a result, in any of their forms
// and however its strings are escaped. A file that can't be read has none.
func (f *leakFinder) in(result Result) []string {
	if len(f.names) == 0 || !result.Present() {
		return nil
	}
	found := make(map[string]bool)
	if result.File == "" {
		f.search(result.Raw, found)
		if bytes.IndexByte(result.Raw, '\\') >= 0 {
			f.search([]byte(unescape(string(result.Raw))), found)
		}
	} else {
		f.read(result.File, found, func(r io.Reader) io.Reader { return r })
		f.read(result.File, found, func(r io.Reader) io.Reader { return &unescaper{in: bufio.NewReader(r)} })
	}
	var names []string
	for _, name := range f.names {
		if found[name] {
			names = append(names, name)
		}
	}
	return names
}

// read looks through a file in pieces that overlap by the longest needle.
func (f *leakFinder) read(path string, found map[string]bool, as func(io.Reader) io.Reader) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }() // it was only read
	r, keep := as(file), f.longest-1
	buf := make([]byte, 0, keep+64<<10)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		f.search(buf, found)
		if err != nil {
			return
		}
		tail := copy(buf, buf[len(buf)-min(keep, len(buf)):])
		buf = buf[:tail]
	}
}

func (f *leakFinder) search(text []byte, found map[string]bool) {
	for _, name := range f.names {
		if !found[name] && containsAny(text, f.needles[name]) {
			found[name] = true
		}
	}
}

func containsAny(text []byte, needles [][]byte) bool {
	for _, n := range needles {
		if bytes.Contains(text, n) {
			return true
		}
	}
	return false
}

// unescape decodes the escapes of the JSON strings in a text, and leaves all
// else as it is.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	out, _ := io.ReadAll(&unescaper{in: bufio.NewReader(strings.NewReader(text))}) // memory does not fail
	return string(out)
}

// An unescaper reads a JSON text with the escapes of its strings decoded.
type unescaper struct {
	in   *bufio.Reader
	rest []byte // decoded, and not read yet
}

func (u *unescaper) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(u.rest) == 0 {
			if _, err := u.in.Peek(1); err != nil {
				return n, err
			}
			run, _ := u.in.Peek(u.in.Buffered()) // what is there already
			if i := bytes.IndexByte(run, '\\'); i >= 0 {
				run = run[:i]
			}
			if len(run) > 0 {
				m := copy(p[n:], run)
				_, _ = u.in.Discard(m)
				n += m
				continue
			}
			_, _ = u.in.Discard(1) // the backslash
			u.rest = u.escape()
		}
		m := copy(p[n:], u.rest)
		u.rest, n = u.rest[m:], n+m
	}
	return n, nil
}

// escape decodes what follows a backslash.
func (u *unescaper) escape() []byte {
	c, err := u.in.ReadByte()
	if err != nil {
		return nil
	}
	switch c {
	case 'b':
		return []byte("\b")
	case 'f':
		return []byte("\f")
	case 'n':
		return []byte("\n")
	case 'r':
		return []byte("\r")
	case 't':
		return []byte("\t")
	case 'u':
		r, ok := u.unit(0)
		if !ok {
			return []byte("u")
		}
		if utf16.IsSurrogate(r) {
			if low, ok := u.unit(2); ok {
				r = utf16.DecodeRune(r, low)
			}
		}
		return utf8.AppendRune(nil, r)
	}
	return []byte{c}
}

// unit reads four hexadecimal digits after skip bytes, which are \u.
func (u *unescaper) unit(skip int) (rune, bool) {
	next, err := u.in.Peek(skip + 4)
	if err != nil || skip > 0 && string(next[:skip]) != `\u` {
		return 0, false
	}
	v, err := strconv.ParseUint(string(next[skip:]), 16, 16)
	if err != nil {
		return 0, false
	}
	_, _ = u.in.Discard(skip + 4) // they were just peeked at
	return rune(v), true
}
