package report

import "github.com/bbbatch/bbbatch/batch"

// TaskLine is a task in a line for people: its id, how it ended and why, cut to
// width columns; 0 leaves it whole.
func TaskLine(r batch.Record, width int) string {
	why := ""
	if r.State == batch.StateDone {
		why = joined(": ", string(r.Verdict.Reason), fit(r.Verdict.Message, maxLine))
	}
	line := Clean(fit(r.ID, maxLine) + ": " + joined(": ", string(r.Outcome), why))
	if width > 0 {
		line = fit(line, width-1)
	}
	return line
}
