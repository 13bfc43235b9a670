package report

import (
	"fmt"
	"io"

	"github.com/bbbatch/bbbatch/batch"
)

// ListEntry writes a batch of a list for people, in two lines: which and how it
// went, and what came of its tasks. The first is cut to width columns and the
// second is broken there; 0 leaves them whole.
func ListEntry(w io.Writer, s batch.Summary, width int) error {
	first := fmt.Sprintf("%-8s  %s  %-10s  %s", Clean(s.Info.ID), when(s.Info.OpenedAt), Verdict(s), titled(s.Info))
	second := fmt.Sprintf("          %s of %s; %s, %s of run time",
		outcomesOr(s, "nothing"), counted(s.Info.Total, "task", "tasks"), counted(s.Runs, "run", "runs"), Duration(s.RunTime))
	if width > 0 {
		first, second = fit(first, width-1), wrap(second, width-1)
	}
	_, err := io.WriteString(w, first+"\n"+second+"\n")
	return err
}

func outcomesOr(s batch.Summary, none string) string {
	if text := outcomes(s.Counts); text != "" {
		return text
	}
	return none
}

// ListRecord writes a batch of a list for programs: one JSON object on a line.
func ListRecord(w io.Writer, s batch.Summary) error {
	line, err := encode(recordOf(s))
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
