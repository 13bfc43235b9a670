package report

import (
	"strconv"
	"strings"
)

// StandingLine is where a batch stands in a line, without the moment: "unfinished
// 3 of 40 tasks done: 2 passed, 1 failed, 5 running, 32 pending". It is the same
// as long as nothing has changed.
func StandingLine(s Standing) string {
	line := Verdict(s.Summary) + "  " + Count(s.done()) + " of " + counted(s.Summary.Info.Total, "task", "tasks") + " done: " + outcomesOr(s.Summary, "nothing")
	switch {
	case !s.Summary.Info.ClosedAt.IsZero():
	case s.Process == nil:
		line += "; nobody works on it"
	case !s.Works:
		line += "; not touched yet by the process that holds the name"
	}
	return line
}

// Redrawing is what a terminal has to be sent so that text stands where before
// did. No line of it is wider than the terminal, or it counts as several.
func Redrawing(before, text string, width int) string {
	rows := 0
	for line := range strings.Lines(before) {
		rows += max(1, (columnsOf(strings.TrimSuffix(line, "\n"))+width-1)/max(width, 1))
	}
	if rows == 0 {
		return text
	}
	return "\x1b[" + strconv.Itoa(rows) + "A" + erase + text
}
