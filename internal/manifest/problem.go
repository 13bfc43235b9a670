package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Problem is one thing that is wrong with a manifest or with a file that it
// names, or, as a warning, odd about it.
type Problem struct {
	File    string // as the user named it, or relative to the manifest's folder
	Line    int    // 1-based; 0 when the file as a whole is meant
	Column  int    // 1-based, in characters; 0 when the line as a whole is meant
	Path    string // of the value in the manifest, such as tasks[2].resultSchema; often ""
	Message string // for a person, without the place
	Hint    string // what to do about it; often ""
	Warning bool   // the manifest can be used all the same
}

// Error returns the place and the message on one line, without the hint.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are all that is wrong, in the order of the manifest. It is the
// error of [Load].
type Problems []Problem

// Error joins the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// maxRowProblems bounds what is said about the rows of data files: a wrong
// header would otherwise print a line for each of a million rows.
const maxRowProblems = 20

// maxProblems bounds what is said in all: more nobody reads, and what is wrong
// with every task of a huge file is seen in the first of them.
const maxProblems = 1000

// problems collects what Load finds and puts it in order.
type problems struct {
	found []filed
	met   int // errors, also those that have been filed before
	seen  map[string]bool
	rows  int             // problems of rows, those beyond the bound too
	hints map[string]bool // of rows, each said once
	more  int             // problems that were counted and not filed
}

// A filed problem is sorted by the place in the manifest that led to it.
type filed struct {
	Problem
	line, column int
}

// add files a problem under the place where it is.
func (ps *problems) add(p Problem) { ps.addUnder(p, p.Line, p.Column) }

// addUnder files a problem of another file under a place in the manifest. The
// same problem, met by way of several tasks, is kept once.
func (ps *problems) addUnder(p Problem, line, column int) {
	if !p.Warning {
		ps.met++
	}
	key := fmt.Sprintf("%s:%d:%d:%s", p.File, p.Line, p.Column, p.Message)
	if ps.seen[key] {
		return
	}
	if ps.seen == nil {
		ps.seen = map[string]bool{}
	}
	ps.seen[key] = true
	ps.found = append(ps.found, filed{p, line, column})
}

// addRow files a problem of a data row, unless there are many already. Many
// rows are wrong in the same way, and one hint will do.
func (ps *problems) addRow(p Problem, line, column int) {
	if ps.rows++; ps.rows <= maxRowProblems {
		if ps.hints[p.Hint] {
			p.Hint = ""
		}
		if ps.hints == nil {
			ps.hints = map[string]bool{}
		}
		ps.hints[p.Hint] = true
		ps.addUnder(p, line, column)
	}
}

// wrong files a message about a value.
func (ps *problems) wrong(n *node, format string, args ...any) {
	ps.add(n.problem(fmt.Sprintf(format, args...), ""))
}

// errors returns what makes the manifest unusable, in its order.
func (ps *problems) errors(file string) Problems {
	out, cut := ps.sorted(false)
	if cut += ps.more; cut > 0 {
		out = append(out, Problem{File: file, Message: "and " + many(cut, "more problem")})
	}
	if more := ps.rows - maxRowProblems; more > 0 {
		out = append(out, Problem{File: file, Message: "and " + many(more, "more problem") + " in data rows"})
	}
	return out
}

// many writes a count of what is not printed: "1 more problem", "9,980 more
// problems".
func many(n int, what string) string {
	text := plural(n, what)
	for at := len(strconv.Itoa(n)) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// warnings returns what is merely odd, in the manifest's order.
func (ps *problems) warnings(file string) []Problem {
	out, cut := ps.sorted(true)
	if cut > 0 {
		out = append(out, Problem{File: file, Message: "and " + many(cut, "more warning"), Warning: true})
	}
	return out
}

// sorted returns the first problems or warnings, and how many more there are.
func (ps *problems) sorted(warning bool) (out []Problem, more int) {
	slices.SortStableFunc(ps.found, func(a, b filed) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	for _, p := range ps.found {
		switch {
		case p.Warning != warning:
		case len(out) == maxProblems:
			more++
		default:
			out = append(out, p.Problem)
		}
	}
	return out, more
}
