package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// SummaryOptions are what the ledger does not know of a batch's end.
type SummaryOptions struct {
	Color   bool
	Width   int      // columns of the terminal, which no line but a path exceeds; 0 where lines are not cut
	Reports []string // paths written
	Of      int      // tasks of the whole manifest, where a part of it was selected; 0 where that is not known
	Next    string   // the command to type next; "" for none
}

// Summary writes the last lines for people: the verdict, the outcomes, runs and
// time, what went wrong most often, the reports and what to do next. It is one
// write.
func Summary(w io.Writer, s batch.Summary, o SummaryOptions) error {
	var b strings.Builder
	verdict, paint := "ok", "\x1b[32m"
	if !succeeded(s) {
		verdict, paint = "not ok", "\x1b[31m"
	}
	if o.Color {
		verdict = paint + verdict + "\x1b[0m"
	}
	line := func(format string, args ...any) { b.WriteString(wrap(fmt.Sprintf(format, args...), o.Width-1) + "\n") }
	accept := ""
	if share := s.Info.Policy.Accept; share != nil {
		accept = " (accept " + share.String() + ")"
	}
	line("%s: %s of %s passed%s", verdict, Count(s.Counts[batch.Passed]), Count(s.Info.Total), accept)
	if part := selectedLine(s.Info, o); part != "" {
		line("  %s", part)
	}
	if counts := outcomes(s.Counts); counts != "" {
		line("  %s", counts)
	}
	for _, words := range accounts(s) {
		line("  %s", words)
	}
	for _, words := range expectLines(s) {
		line("  %s", words)
	}
	if s.Info.Halted != "" {
		line("  halted: %s", fit(Clean(s.Info.Halted), maxLine))
	}
	for _, f := range s.Failures {
		b.WriteString(failureLine(f, o.Width-1) + "\n")
	}
	if n := s.Kinds - len(s.Failures); n > 0 {
		line("  and %s of failure: see the report", counted(n, "more kind", "more kinds"))
	}
	if n := s.Counts[batch.Unknown]; n > 0 {
		line("  unknown: for %s it could not be settled whether a run was bought;", counted(n, "task", "tasks"))
		line("    look at the runs that the reports name, or at those of that time, before it is bought again")
	}
	if s.Leaked > 0 {
		line("  secrets: %s the value of a secret (\"leaked\" in JSONL); look before you pass the reports on",
			counted(s.Leaked, "result contains", "results contain"))
	}
	// What is to be copied stays in one piece.
	for _, path := range o.Reports {
		b.WriteString("  report: " + Clean(path) + "\n")
	}
	if o.Next != "" {
		b.WriteString("next: " + Clean(o.Next) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// selectedLine says that the batch, and so its reports, are of a part of the
// manifest; "" when they are of all.
func selectedLine(info batch.Info, o SummaryOptions) string {
	if info.Selection == "" {
		return ""
	}
	if strings.HasPrefix(info.Selection, "--param ") || strings.HasPrefix(info.Selection, "--repeat ") {
		return "with " + Clean(info.Selection) // all of its tasks: what chooses some comes first
	}
	part := counted(info.Total, "task", "tasks")
	if o.Of > 0 {
		part = Count(info.Total) + " of " + counted(o.Of, "task", "tasks")
	}
	line := part + " selected: " + Clean(info.Selection)
	if len(o.Reports) > 0 && o.Of > info.Total {
		line += "; the reports have these alone"
	}
	return line
}

// failureLine is a failure with its count and one example. Where the width is
// too small for all, its message is cut, and the example has a line of its own
// when little would be left of the message.
func failureLine(f batch.Failure, width int) string {
	const enough = 24
	count := "  " + Count(f.Count) + " " + Clean(string(f.Outcome))
	switch f.Excused {
	case 0:
	case f.Count:
		count += " (excused)"
	default:
		count += " (" + Count(f.Excused) + " excused)"
	}
	why := fit(Clean(joined(": ", string(f.Reason), f.Message)), maxLine)
	example := "such as " + fit(Clean(f.Example), maxLine)
	if width > 0 {
		room := width - columnsOf(count+": , "+example)
		if room < min(enough, columnsOf(why)) {
			return fit(joined(": ", count, why), width) + "\n" + fit("    "+example, width)
		}
		why = fit(why, room)
	}
	return joined(": ", count, why) + ", " + example
}

// wrap breaks a line of ours between its words so that no part is wider than
// width; the parts that follow are indented. 0 or less leaves it whole.
func wrap(s string, width int) string {
	if width <= 0 || cells(s) <= width {
		return s
	}
	rest := strings.TrimLeft(s, " ")
	indent := spaces(len(s) - len(rest))
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(rest) {
		switch {
		case used == 0:
			b.WriteString(indent)
			used = len(indent)
		case used+1+cells(word) > width:
			b.WriteString("\n" + indent + "  ")
			used = len(indent) + 2
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += cells(word)
	}
	return b.String()
}
