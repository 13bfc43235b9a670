package report

import (
	"fmt"
	"io"

	"github.com/bbbatch/bbbatch/batch"
)

// ListEntry writes a batch of a list for people, in two lines: which and how it
// went, and what came of its tasks and what that cost. The first is cut to width
// columns and the second is broken there; 0 leaves them whole.
func ListEntry(w io.Writer, s batch.Summary, width int) error {
	first := fmt.Sprintf("%-8s  %s  %-10s  %s", Clean(s.Info.ID), when(s.Info.OpenedAt), Verdict(s), titled(s.Info))
	second := fmt.Sprintf("          %s of %s; %s, %s of run time",
		outcomesOr(s, "nothing"), counted(s.Info.Total, "task", "tasks"), counted(s.Runs, "run", "runs"), Duration(s.RunTime))
	second += costWords(s.Paid, s.Cost, s.Wasted, s.Info.Policy.Price != nil)
	if width > 0 {
		first, second = fit(first, width-1), wrap(second, width-1)
	}
	_, err := io.WriteString(w, first+"\n"+second+"\n")
	return err
}

// ListSums writes the last line of a list for people.
func ListSums(w io.Writer, t Sums, width int) error {
	line := fmt.Sprintf("%s: %s of %s passed; %s, %s of run time", counted(t.Batches, "batch", "batches"),
		Count(t.Passed), counted(t.Tasks, "task", "tasks"), counted(t.Runs, "run", "runs"), Duration(t.RunTime))
	line += costWords(t.Paid, t.Cost, t.Wasted, t.Priced > 0)
	if t.Priced > 0 && t.Priced < t.Batches {
		line += "; " + counted(t.Batches-t.Priced, "batch has", "batches have") + " no price"
	}
	_, err := io.WriteString(w, wrap(line, width-1)+"\n")
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
	line, err := encode(struct {
		batchRecord
		costRecord
	}{recordOf(s), costOf(s)})
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
