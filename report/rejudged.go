package report

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// A Recheck writes what judging stored results again comes to: for people a line
// for each task whose outcome changes, for programs one JSON object.
type Recheck struct {
	w     *bufio.Writer
	json  bool
	width int
	begun bool
	line  []byte

	Judged  int // results
	Worse   int // passed, and would not any more
	Better  int // the other way round
	Other   int // have another outcome, and passed neither before nor now
	Changed int // have the same outcome, and other errors

	// Whole is what the expectations of the batch as a whole came to, where they
	// were evaluated again. To be set before Close.
	Whole []batch.WholeVerdict
}

// NewRecheck makes one. Lines for people are cut to width columns; 0 leaves them
// whole.
func NewRecheck(w io.Writer, asJSON bool, width int) *Recheck {
	return &Recheck{w: bufio.NewWriter(w), json: asJSON, width: width}
}

// Add counts a result that was judged again, and writes what changes.
func (r *Recheck) Add(a batch.Rejudged) error {
	r.Judged++
	switch {
	case a.Outcome() && a.Was.Outcome == batch.Passed:
		r.Worse++
	case a.Outcome() && a.Is.Outcome == batch.Passed:
		r.Better++
	case a.Outcome():
		r.Other++
	case a.Words():
		r.Changed++
		if !r.json {
			return nil
		}
	default:
		return nil
	}
	if r.json {
		r.record(a)
		_, err := r.w.Write(r.line)
		return err
	}
	text := Clean(fit(a.Row.ID, maxLine)+": "+string(a.Was.Outcome)+" -> ") +
		joined(": ", string(a.Is.Outcome), Clean(fit(a.Is.Message, maxLine)))
	if r.width > 0 {
		text = fit(text, r.width-1)
	}
	_, err := r.w.WriteString(text + "\n")
	return err
}

func (r *Recheck) record(a batch.Rejudged) {
	b := r.line[:0]
	if r.begun {
		b = append(b, ',')
	} else {
		b = append(b, `{"tasks":[`...)
	}
	r.begun = true
	b = appendText(append(b, `{"id":`...), a.Row.ID)
	b = appendText(append(b, `,"was":`...), string(a.Was.Outcome))
	b = appendText(append(b, `,"is":`...), string(a.Is.Outcome))
	if a.Is.Message != "" {
		b = appendText(append(b, `,"message":`...), a.Is.Message)
	}
	b = append(b, `,"errors":`...)
	b = appendProblems(b, a.Is.Problems)
	r.line = append(b, '}')
}

// Close writes the sums. left is how many tasks of the batch were not judged,
// for want of a result or of a task of that name; written says that the ledger
// has the new verdicts.
func (r *Recheck) Close(info batch.Info, left int, written bool) error {
	if r.json {
		return r.closeRecord(info, left, written)
	}
	line := "batch " + Clean(info.ID) + " of " + titled(info) + ": " + counted(r.Judged, "result", "results") + " judged again"
	would, pass := " would change", " would pass now"
	if written {
		would, pass = " changed, and recorded", " pass now"
	}
	if n := r.Worse + r.Better + r.Other; n > 0 {
		var what []string
		if r.Worse > 0 {
			what = append(what, Count(r.Worse)+" passed before")
		}
		if r.Better > 0 {
			what = append(what, Count(r.Better)+pass)
		}
		if r.Other > 0 {
			what = append(what, Count(r.Other)+" passed neither before nor now")
		}
		line += ", " + counted(n, "outcome", "outcomes") + would + ": " + strings.Join(what, ", ")
	} else {
		line += ", no outcome" + strings.TrimSuffix(would, ", and recorded")
	}
	if r.Changed > 0 {
		line += "; " + counted(r.Changed, "more has", "more have") + " other errors than before"
	}
	if left > 0 {
		line += "; " + counted(left, "task", "tasks") + " not judged"
	}
	lines := append([]string{line}, wholeLines(r.Whole)...)
	if info.Policy.Expect != nil && !written {
		lines = append(lines, "what is expected of the batch as a whole: not evaluated anew without --write")
	}
	for _, line := range lines {
		if _, err := r.w.WriteString(wrap(line, r.width-1) + "\n"); err != nil {
			return err
		}
	}
	return r.w.Flush()
}

func (r *Recheck) closeRecord(info batch.Info, left int, written bool) error {
	var b []byte
	if !r.begun {
		b = append(b, `{"tasks":[`...)
	}
	b = appendText(append(b, `],"batch":`...), info.ID)
	for _, n := range []struct {
		name string
		n    int
	}{{"judged", r.Judged}, {"worse", r.Worse}, {"better", r.Better}, {"otherOutcomes", r.Other}, {"otherErrors", r.Changed}, {"notJudged", left}} {
		b = strconv.AppendInt(append(b, `,"`+n.name+`":`...), int64(n.n), 10)
	}
	b = strconv.AppendBool(append(b, `,"written":`...), written)
	if whole := wholeOf(r.Whole, true); whole != nil {
		text, err := encode(whole)
		if err != nil {
			return err
		}
		b = append(append(b, `,"batchExpect":`...), text...)
	}
	if _, err := r.w.Write(append(b, '}', '\n')); err != nil {
		return err
	}
	return r.w.Flush()
}
