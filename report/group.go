package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// A Group is a repetition: its members, in order, and what they come to.
type Group struct {
	Info    batch.Info
	ID      string
	Members []batch.Record // each has a Repeat
}

// tally counts the members that passed and those that may pass yet.
func (g Group) tally() (passes, open int) {
	for _, m := range g.Members {
		switch {
		case m.Left:
		case m.Outcome == batch.Passed:
			passes++
		case m.State != batch.StateDone && m.Outcome != batch.NotStarted:
			open++
		}
	}
	return passes, open
}

// verdict is passed, failed or, while it can be either, undecided.
func (g Group) verdict() string {
	passes, open := g.tally()
	switch pass := g.Members[0].Repeat.Pass; {
	case passes >= pass:
		return string(batch.Passed)
	case passes+open >= pass:
		return "undecided"
	}
	return string(batch.Failed)
}

// GroupText writes a repetition for people: what it came to, and a line for each
// member, cut to width columns; 0 leaves them whole.
func GroupText(w io.Writer, g Group, width int) error {
	var b strings.Builder
	passes, _ := g.tally()
	p := g.Members[0].Repeat
	b.WriteString(wrap(fmt.Sprintf("%s: %s: %d of %d passed, %d must", Clean(g.ID), g.verdict(), passes, p.Times, p.Pass), width-1) + "\n")
	b.WriteString(wrap(fmt.Sprintf("  batch %s of %s, opened %s", Clean(g.Info.ID), titled(g.Info), when(g.Info.OpenedAt)), width-1) + "\n")
	for _, m := range g.Members {
		line := TaskLine(m, 0)
		if m.Left {
			line += " (left: the manifest no longer has it)"
		}
		if line = "  " + line; width > 0 {
			line = fit(line, width-1)
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// GroupRecord writes a repetition for programs: one JSON object on a line, with
// its members as their records of the JSONL report.
func GroupRecord(w io.Writer, g Group) error {
	passes, _ := g.tally()
	p := g.Members[0].Repeat
	b := appendText([]byte(`{"id":`), g.ID)
	b = appendText(append(b, `,"verdict":`...), g.verdict())
	b = strconv.AppendInt(append(b, `,"passes":`...), int64(passes), 10)
	b = strconv.AppendInt(append(b, `,"pass":`...), int64(p.Pass), 10)
	b = strconv.AppendInt(append(b, `,"times":`...), int64(p.Times), 10)
	b = appendText(append(b, `,"batch":`...), g.Info.ID)
	b = append(b, `,"members":[`...)
	for i, m := range g.Members {
		b = append(comma(b, i), bytes.TrimSuffix(appendRecord(nil, m), []byte("\n"))...)
	}
	_, err := w.Write(append(b, ']', '}', '\n'))
	return err
}
