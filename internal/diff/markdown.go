package diff

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes what was found as tables: the first findings of each kind.
func (r *Result) Markdown(w io.Writer, before, now Side) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## What changed\n\nBefore: %s  \nNow: %s\n", cell(before.String()), cell(now.String()))
	for _, k := range Kinds {
		if r.Counts[k] == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### %s: %s\n\n", k, r.amount(k))
		if k == ShapeOf {
			r.shapeTable(&b)
			continue
		}
		if k == Outcome {
			b.WriteString("| task | was | is | |\n|---|---|---|---|\n")
		} else {
			b.WriteString("| task | path | was | is |\n|---|---|---|---|\n")
		}
		for _, f := range r.First[k] {
			row := []string{f.Task, f.Path, f.Was, f.Is}
			switch k {
			case Outcome:
				row = []string{f.Task, f.Was, f.Is, short(f.Message, 300)}
			case Value:
				row = []string{f.Task, f.Path, f.From.words(), f.To.words()}
			}
			for i, text := range row {
				row[i] = cell(text)
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
		if more := r.Counts[k] - len(r.First[k]); more > 0 {
			fmt.Fprintf(&b, "\nand %s more\n", countOf(more))
		}
	}
	if r.Same() {
		b.WriteString("\nNothing changed.\n")
	}
	b.WriteString("\n" + cell(strings.Join(r.notes(), "; ")) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) shapeTable(b *strings.Builder) {
	b.WriteString("| tasks | path | | was | is |\n|---|---|---|---|---|\n")
	told := 0
	for _, shape := range r.Shapes {
		for _, shift := range shape.Shifts {
			if told++; told > mostTold {
				continue
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", cell(strings.Join(shape.Templates, ", ")), cell(shape.Path), cell(shift.words()),
				cell(shape.Was.words()), cell(shape.Is.words()))
		}
	}
	if told > mostTold {
		fmt.Fprintf(b, "\nand %s more\n", countOf(told-mostTold))
	}
}

// cell makes text from outside plain text in Markdown: no markup, no HTML, no
// end of a cell, no address that would be a link or an image.
func cell(s string) string {
	var b strings.Builder
	text := plain(s)
	for at, r := range text {
		switch {
		case r == '.' && at >= 3 && strings.EqualFold(text[at-3:at], "www"):
			b.WriteString("&#46;") // what begins with www. is a link without being marked as one
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@':
			b.WriteString("&#64;") // would notify whoever has the name
		case strings.ContainsRune("\\`*_{}[]()#!|~:", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
