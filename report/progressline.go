package report

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/schollz/progressbar/v3"

	"github.com/bbbatch/bbbatch/batch"
)

// maxLine is the width in columns of the longest line about a task where no
// terminal sets one. The report has the whole message.
const maxLine = 400

// text is a message as it is printed.
func (p *Progress) text(m message, width int) string {
	switch {
	case p.o.Objects && m.kind != "":
		return string(said{Time: now(), Batch: p.o.Batch, Event: m.kind, Message: m.text}.encode())
	case m.outcome == "":
		return m.text
	}
	name := m.id
	if name == "" && p.o.Name != nil {
		name = p.o.Name(m.position)
	}
	if name == "" {
		name = "task " + Count(m.position+1)
	}
	took := ""
	if m.took > 0 {
		took = Duration(m.took)
	}
	limit := maxLine
	if p.o.Mode == Bar {
		limit = width - 1
	}
	word := string(m.outcome)
	line := fit(joined("  ", word, Clean(name), took, m.text), limit)
	if rest, ok := strings.CutPrefix(line, word); ok {
		return p.paint(m.outcome, word) + rest
	}
	return line
}

// heartbeatLine says where the batch stands, for logs.
func (p *Progress) heartbeatLine() string {
	t := p.tally
	elapsed := time.Since(p.began)
	parts := []string{fmt.Sprintf("%s of %s done", Count(t.finished()), Count(t.total))}
	for _, o := range batch.Outcomes {
		if n := p.count(o); n > 0 {
			parts = append(parts, Count(n)+" "+string(o))
		}
	}
	parts = append(parts, Duration(elapsed)+" elapsed")
	if t.price != nil {
		parts = append(parts, Dollars(t.cost)+" so far")
	}
	if left := t.left(elapsed); left > 0 {
		parts = append(parts, "about "+Duration(left)+" left")
	}
	return strings.Join(parts, ", ")
}

// count is the number of tasks with an outcome that is worth a word: those that
// wait follow from the rest.
func (p *Progress) count(o batch.Outcome) int {
	switch o {
	case batch.Pending:
		return 0
	case batch.Running:
		return p.tally.running()
	}
	return p.tally.done[o]
}

// A field is a part of the bar's line. Where the line is too short for all, the
// ones with the lowest rank stay.
type field struct {
	text string
	rank int
	show string // text with its colour
}

// Widths of the bar's drawing in columns, its percentage included.
const (
	minBar = 16
	maxBar = 46
)

// barLine is the bar's line, at most limit columns wide, so that it never
// wraps: a line that wraps cannot be cleared. It is made of ASCII, whose width
// no terminal disputes.
func (p *Progress) barLine(limit int) string {
	t := p.tally
	elapsed := time.Since(p.began)
	finished := t.finished()
	fields := []field{{text: Count(finished) + "/" + Count(t.total)}}
	for i, o := range batch.Outcomes {
		if n := p.count(o); n > 0 {
			text := Count(n) + " " + string(o)
			fields = append(fields, field{text: text, rank: 10 + i, show: p.paint(o, text)})
		}
	}
	fields = append(fields, field{text: elapsed.Truncate(time.Second).String(), rank: 30})
	if left := t.left(elapsed).Round(time.Second); left > 0 {
		fields = append(fields, field{text: "~" + left.String() + " left", rank: 31})
	}

	fields, free := choose(fields, limit)
	var parts []string
	if free -= len("  "); free >= minBar && t.total > 0 {
		parts = append(parts, drawing(finished, t.total, min(free, maxBar)))
	}
	for _, f := range fields {
		if f.show == "" {
			f.show = f.text
		}
		parts = append(parts, f.show)
	}
	return strings.Join(parts, "  ")
}

// choose keeps the fields that fit into limit columns, two apart, in their
// order, and returns how many columns are left.
func choose(fields []field, limit int) ([]field, int) {
	byRank := slices.Clone(fields)
	slices.SortStableFunc(byRank, func(a, b field) int { return a.rank - b.rank })
	free := limit + len("  ")
	keep := map[string]bool{}
	for _, f := range byRank {
		need := len(f.text) + len("  ")
		if need > free {
			break
		}
		free -= need
		keep[f.text] = true
	}
	return slices.DeleteFunc(fields, func(f field) bool { return !keep[f.text] }), free
}

// drawing is the bar itself, with its percentage, exactly width columns wide.
// progressbar draws it into nothing: it would write and clear on its own, and
// its Bprint functions lose lines.
func drawing(done, total, width int) string {
	b := progressbar.NewOptions64(int64(total),
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(width-len("100% []")),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetTheme(progressbar.Theme{
			Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]",
		}),
	)
	// Below one per cent Set64 draws nothing; its error says that done is more
	// than total, which min rules out.
	_ = b.Set64(int64(min(done, total)))
	if b.String() == "" {
		_ = b.RenderBlank()
	}
	return fmt.Sprintf("%*s", width, strings.TrimSpace(b.String()))
}

// paint colours a word after an outcome: green for passed, red for what went
// wrong, nothing for the rest.
func (p *Progress) paint(o batch.Outcome, s string) string {
	if !p.o.Color {
		return s
	}
	switch o {
	case batch.Passed:
		return "\x1b[32m" + s + "\x1b[0m"
	case batch.Invalid, batch.Wrong, batch.Failed, batch.Unknown:
		return "\x1b[31m" + s + "\x1b[0m"
	}
	return s
}

var sgr = regexp.MustCompile("\x1b\\[[0-9]*m")

// cells is the width of a line of ours in columns, colours taken off.
func cells(line string) int { return columnsOf(sgr.ReplaceAllString(line, "")) }

// columnsOf measures text character by character. A terminal that joins
// several to one picture draws fewer columns, none draws more.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns does not ask the environment for its locale, as runewidth's own
// functions do.
func runeColumns(r rune) int {
	if r == '\uFE0F' {
		return 1 // makes the character before it a wide one
	}
	c := runewidth.Condition{StrictEmojiNeutral: true}
	return c.RuneWidth(r)
}

// fit cuts s to width columns and marks the cut. Characters without a width
// are counted as well, lest a page stack thousands of accents on one letter.
func fit(s string, width int) string {
	if width < 1 {
		return ""
	}
	columns, characters, room := 0, 0, 0
	for i, r := range s {
		if columns < width && characters < 4*width {
			room = i // what is before leaves a column for the mark
		}
		columns += runeColumns(r)
		if characters++; columns > width || characters > 4*width {
			return s[:room] + "…"
		}
	}
	return s
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }
