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
	Reports []string // paths written
	Next    string   // the command to type next; "" for none
}

// Summary writes the last lines for people: the verdict, the outcomes, runs and
// time, what went wrong most often, the reports and what to do next. It is one
// write.
func Summary(w io.Writer, s batch.Summary, o SummaryOptions) error {
	var b strings.Builder
	passed, total := s.Counts[batch.Passed], s.Info.Total
	verdict, paint := "ok", "\x1b[32m"
	if passed != total {
		verdict, paint = "not ok", "\x1b[31m"
	}
	if o.Color {
		verdict = paint + verdict + "\x1b[0m"
	}
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s: %s of %s passed", verdict, Count(passed), Count(total))
	var counts []string
	for _, outcome := range batch.Outcomes {
		if n := s.Counts[outcome]; n > 0 {
			counts = append(counts, Count(n)+" "+string(outcome))
		}
	}
	if len(counts) > 0 {
		line("  %s", strings.Join(counts, ", "))
	}
	line("  %s, %s of run time", counted(s.Runs, "run", "runs"), Duration(s.RunTime))
	if s.Info.Halted != "" {
		line("  halted: %s", fit(Clean(s.Info.Halted), maxLine))
	}
	for _, f := range s.Failures {
		why := fit(Clean(joined(": ", string(f.Reason), f.Message)), maxLine)
		line("  %s %s", Count(f.Count), joined(": ", Clean(string(f.Outcome)), why)+", such as "+fit(Clean(f.Example), maxLine))
	}
	if n := s.Counts[batch.Unknown]; n > 0 {
		line("  unknown: for %s it could not be settled whether a run was bought;", counted(n, "task", "tasks"))
		line("    candidates in the JSONL report names the runs to look at before it is bought again")
	}
	if s.Leaked > 0 {
		line("  secrets: %s the value of a secret; look before you pass the reports on",
			counted(s.Leaked, "result contains", "results contain"))
	}
	for _, path := range o.Reports {
		line("  report: %s", Clean(path))
	}
	if o.Next != "" {
		line("next: %s", Clean(o.Next))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
