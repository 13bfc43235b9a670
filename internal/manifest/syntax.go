package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

const maxFile = 64 << 20 // bytes of a manifest or a schema file

// parse reads one YAML document. The problem, if there is one, is the only
// one: after a syntax error nothing else can be trusted. An empty document
// gives neither.
func parse(doc *document, text []byte) (root *yaml.Node, p *Problem) {
	if p := encoding(doc, text); p != nil {
		return nil, p
	}
	if line, column := tabbed(doc); line > 0 {
		return nil, &Problem{
			File: doc.name, Line: line, Column: column,
			Message: tabMessage, Hint: tabHint,
		}
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	root, err := decode(d)
	if refusesEscape(err) {
		if r := respell(text); r != nil {
			text, doc = r.text, doc.respelled(r.text)
			d = yaml.NewDecoder(bytes.NewReader(text))
			if root, err = decode(d); err == nil {
				r.undo(root)
			}
		}
	}
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		var second *yaml.Node
		if second, err = decode(d); err == nil {
			doc.settle(second)
			return nil, &Problem{
				File: doc.name, Line: second.Line, Column: second.Column,
				Message: "there is a second document", Hint: "put each manifest into a file of its own",
			}
		}
		if errors.Is(err, io.EOF) {
			if root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0 {
				return nil, nil // a line of --- and nothing after it
			}
			doc.settle(root)
			return root, nil
		}
	}
	return nil, locate(doc, text, err)
}

// decode reads the next document's root. The parser panics on some inputs
// that it should refuse.
func decode(d *yaml.Decoder) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: cannot be parsed: %v", r)
		}
	}()
	var n yaml.Node
	if err := d.Decode(&n); err != nil {
		return nil, err
	}
	if len(n.Content) == 0 {
		return nil, io.EOF
	}
	return n.Content[0], nil
}

// isUTF16 looks at the first two bytes of a text.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) ||
		len(text) > 1 && (text[0] == 0) != (text[1] == 0)
}

// encoding refuses what is not UTF-8 text of a bearable size.
func encoding(doc *document, text []byte) *Problem {
	p := &Problem{File: doc.name}
	switch {
	case len(text) > maxFile:
		p.Message = "the file is larger than 64 MB"
		return p
	case isUTF16(text):
		p.Message, p.Hint = "the file is UTF-16, not UTF-8", saveUTF8
		return p
	case utf8.Valid(text):
		return nil
	}
	for i, line := range doc.lines {
		if !utf8.ValidString(line) {
			p.Line, p.Column = i+1, 1
			for _, r := range line {
				if r == utf8.RuneError {
					break
				}
				p.Column++
			}
			break
		}
	}
	p.Message, p.Hint = "the file is not valid UTF-8", saveUTF8
	return p
}

// syntaxLine matches the parser's messages.
var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// locate finds the place of a syntax error. The parser names no column and
// often the line where the construct began, so the line is the shortest
// beginning of the file that is wrong in the same way.
func locate(doc *document, text []byte, err error) *Problem {
	m := syntaxLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		return &Problem{File: doc.name, Message: err.Error()}
	}
	message := m[2]
	line, _ := strconv.Atoi(m[1])
	line, _ = doc.real(line, 1)
	if len(text) <= 4<<20 {
		line = shortest(doc, message)
	}
	line = min(max(line, 1), len(doc.lines))
	p := &Problem{File: doc.name, Line: line, Column: indent(doc.line(line)) + 1, Message: message}
	point(p, doc)
	mangled(p, doc)
	if at := leftOpen(doc, p.Line-1); at > 0 {
		p.Hint = fmt.Sprintf("line %d opens a quote that it does not close: %s", at, cut(strings.TrimSpace(doc.line(at))))
	}
	return p
}

// shortest returns the least number of lines that give the same message. The
// end of the text that the parser asked for is mostly the place, so the search
// begins there: to parse a large file for every step takes long.
func shortest(doc *document, message string) int {
	fails := func(lines int) (bool, int) {
		r := &lineReader{lines: doc.lines[:lines]}
		d := yaml.NewDecoder(r)
		_, err := decode(d)
		for err == nil {
			_, err = decode(d)
		}
		m := syntaxLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
		return m != nil && m[2] == message, r.read
	}
	low, high := 1, len(doc.lines)
	if same, read := fails(high); same && read > 0 {
		if same, _ := fails(read); same {
			high = read
		}
	}
	for step := 4; high-step >= low; step *= 8 {
		if same, _ := fails(high - step); !same {
			low = high - step + 1
			break
		}
		high -= step
	}
	for low < high {
		mid := (low + high) / 2
		if same, _ := fails(mid); same {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// A lineReader hands lines out one by one and counts them.
type lineReader struct {
	lines []string
	read  int
	rest  string
}

func (r *lineReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.read == len(r.lines) {
			return 0, io.EOF
		}
		r.rest = r.lines[r.read] + "\n"
		r.read++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// tabbed finds a tab in the indentation of a line that is not part of a
// quoted or block scalar that has begun before; those may contain tabs.
func tabbed(doc *document) (line, column int) {
	block := -1 // indentation of the line that opened a block scalar
	for i, l := range doc.lines {
		trimmed := strings.TrimLeft(l, " \t")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		spaces := indent(l)
		if block >= 0 && spaces > block {
			continue
		}
		block = -1
		if spaces < len(l) && l[spaces] == '\t' && (i == 0 || opens(doc.lines[:i])) {
			return i + 1, spaces + 1
		}
		if strings.ContainsAny(l, "|>") && blockScalar.MatchString(l) {
			block = spaces
		}
	}
	return 0, 0
}

var blockScalar = regexp.MustCompile(`(?:[:-]|^)\s+(?:[&!]\S+\s+)*[|>][-+0-9]*\s*(?:#.*)?$`)

// opens reports whether the last line with content ends where a block of
// indented lines may begin.
func opens(lines []string) bool {
	for i := len(lines) - 1; i >= 0; i-- {
		l := strings.TrimSpace(lines[i])
		if l == "" || l[0] == '#' {
			continue
		}
		return strings.HasSuffix(l, ":") || l == "-"
	}
	return false
}
