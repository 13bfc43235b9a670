package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A Detail is everything known of one task.
type Detail struct {
	Info   batch.Info
	Record batch.Record
	Row    batch.Row
	Schema []byte // the schema that judges; nil for none
	Events []batch.Event

	Messages    []json.RawMessage // the run's transcript, when it was asked for
	HasMessages bool
}

// DetailOptions say how a Detail is shown to people.
type DetailOptions struct {
	Width   int    // columns of the terminal; 0 where lines are not cut
	Lines   int    // of a result and of a transcript at most; 0 for all
	Rest    string // the command that shows what was cut
	Results string // the state folder as commands name it
}

// DetailText writes a task for people.
func DetailText(w io.Writer, d Detail, o DetailOptions) error {
	t := &detailText{d: d, o: o}
	t.head()
	t.definition()
	for _, a := range d.Record.Attempts {
		t.attempt(a)
	}
	t.result()
	t.events()
	t.messages()
	_, err := io.WriteString(w, t.b.String())
	return err
}

type detailText struct {
	b strings.Builder
	d Detail
	o DetailOptions
}

// line writes a line, broken between its words where it is too long.
func (t *detailText) line(format string, args ...any) {
	t.b.WriteString(wrap(fmt.Sprintf(format, args...), t.o.Width-1) + "\n")
}

// labelled is how many columns the name of a value takes.
const labelled = 16

// field writes a named value, which has been cleaned, unless it is "". A
// terminal gets a screen of it at most.
func (t *detailText) field(name, value string) {
	if value == "" {
		return
	}
	if t.o.Width > 0 {
		value = fit(value, 20*t.o.Width)
	}
	text := wrap(spaces(labelled)+value, t.o.Width-1)
	t.b.WriteString(fmt.Sprintf("  %-*s", labelled-2, name) + text[labelled:] + "\n")
}

func (t *detailText) head() {
	r := t.d.Record
	v := r.Verdict
	message := Clean(v.Message)
	if len(v.Problems) > 0 {
		message = "" // it is that of the first
	}
	t.line("%s: %s", Clean(r.ID), joined(": ", string(r.Outcome), Clean(string(v.Reason)), message))
	for _, p := range v.Problems {
		t.problem(p)
	}
	for _, id := range v.Candidates {
		t.field("candidate", Clean(id))
	}
	for _, name := range v.Leaked {
		t.line("  the result contains the value of the secret %s", Clean(name))
	}
}

func (t *detailText) definition() {
	r, row := t.d.Record, t.d.Row
	t.field("batch", fmt.Sprintf("%s of %s, opened %s", Clean(r.BatchID), titled(t.d.Info), when(t.d.Info.OpenedAt)))
	place := fmt.Sprintf("%s of %s, from %s in %s", Count(r.Place+1), Count(t.d.Info.Total), Clean(r.Template), Clean(t.d.Info.ManifestPath))
	if r.Left {
		place = fmt.Sprintf("left: the manifest no longer has it; it was from %s in %s", Clean(r.Template), Clean(t.d.Info.ManifestPath))
	}
	t.field("place", place)
	t.field("state", Clean(string(r.State)))
	t.standing()
	if strings.Contains(row.Text, "\n") {
		t.field("text", "in lines")
		t.block(row.Text)
	} else {
		t.field("text", Clean(row.Text))
	}
	t.field("agent", Clean(row.AgentID))
	if len(r.Row) > 0 {
		t.field("row", Clean(string(r.Row)))
	}
	t.field("matrix", Clean(string(r.Matrix)))
	t.expectations()
	if row.Timeout > 0 {
		t.field("timeout", Duration(row.Timeout))
	}
	schema := "none"
	if t.d.Schema != nil {
		schema = fmt.Sprintf("%s bytes, sha256 %s", Count(len(t.d.Schema)), Clean(cmpOr(r.Verdict.Schema, row.Schema)))
	}
	t.field("schema", schema)
	t.field("fingerprints", Clean(r.Run))
	t.field(" ", Clean(r.Judge))
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (t *detailText) attempt(a batch.Attempt) {
	t.b.WriteByte('\n')
	t.line("attempt %d: %s", a.Number, cmpOr(Clean(string(a.Status)), "no run is known"))
	t.field("run id", Clean(a.RunID))
	t.field("session", Clean(a.SessionID))
	t.field("said", Clean(a.Message))
	if a.Cause != nil {
		t.field("cause", joined(": ", Clean(a.Cause.Code), Clean(a.Cause.Message)))
	}
	t.field("intended", precise(a.IntendedAt))
	began := a.StartedAt
	if began.IsZero() {
		began = a.CreatedAt
	}
	for _, at := range []struct {
		name string
		at   time.Time
	}{{"created", a.CreatedAt}, {"started", a.StartedAt}, {"ended", a.EndedAt}} {
		text := precise(at.at)
		if text != "" {
			text += " by the service's clock"
		}
		if at.name == "ended" && text != "" && !began.IsZero() {
			text += ", after " + Duration(at.at.Sub(began))
		}
		t.field(at.name, text)
	}
	t.came(a)
	if offset := t.offset(a.Number); offset.Abs() >= leastOffset {
		t.field("clock", "the service's minus ours: about "+offset.Round(time.Second).String())
	}
}

// leastOffset is the difference of the clocks that is told: the service's is
// known to the second.
const leastOffset = 2 * time.Second

// offset is the service's clock minus ours when the attempt was last sent: one
// that was refused for now has been sent before.
func (t *detailText) offset(attempt int) (offset time.Duration) {
	for _, e := range t.d.Events {
		if e.Kind == batch.AttemptIntended && e.Attempt == attempt {
			offset = e.Offset
		}
	}
	return offset
}

// precise is a local time with its milliseconds; "" for none.
func precise(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}

func (t *detailText) result() {
	r := t.d.Record
	if !r.Result.Present() {
		return
	}
	t.b.WriteByte('\n')
	if r.Result.File != "" {
		t.line("result: %s bytes, in the file", Count(int(r.Result.Size)))
		t.b.WriteString("  " + Clean(t.o.Results+"/"+sideName(r)) + "\n")
		return
	}
	what := "result"
	if r.Verdict.Unwrapped {
		what += ", of which the member output is judged"
	}
	t.line("%s: %s bytes", what, Count(int(r.Result.Size)))
	t.block(indented(r.Result.Raw))
}

// indented lays JSON out for people; what is none stays as it is.
func indented(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// block writes lines, so many at most.
func (t *detailText) block(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if t.o.Lines > 0 && i == t.o.Lines {
			t.b.WriteString("  … " + counted(len(lines)-i, "more line", "more lines") + ": " + Clean(t.o.Rest) + "\n")
			return
		}
		if l = "  " + Clean(l); t.o.Width > 0 {
			l = fit(l, t.o.Width-1)
		}
		t.b.WriteString(l + "\n")
	}
}

func (t *detailText) events() {
	t.b.WriteString("\nevents, by our clock:\n")
	for _, e := range t.d.Events {
		says := ""
		switch {
		case e.Verdict != nil:
			says = joined(": ", string(e.Verdict.Outcome), Clean(string(e.Verdict.Reason)))
		case e.Run != nil:
			says = Clean(string(e.Run.Status))
		}
		number := ""
		if e.Attempt > 0 {
			number = "attempt " + strconv.Itoa(e.Attempt)
		}
		text := joined("  ", "  "+precise(e.At), fmt.Sprintf("%-16s", e.Kind), number, says, Clean(e.Message))
		if t.o.Width > 0 {
			text = fit(text, t.o.Width-1)
		}
		t.b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
}

func (t *detailText) messages() {
	if !t.d.HasMessages {
		return
	}
	t.b.WriteString("\n" + counted(len(t.d.Messages), "message", "messages") + " of the run:\n")
	var all strings.Builder
	for _, m := range t.d.Messages {
		all.WriteString(inLines(m) + "\n")
	}
	if all.Len() > 0 {
		t.block(all.String())
	}
}

// inLines is a message in lines: who, then what. Parts that are no text are shown
// as their JSON.
func inLines(raw json.RawMessage) string {
	var m struct {
		CreatedAt time.Time
		Message   struct {
			Role    string
			Content json.RawMessage
		}
	}
	if json.Unmarshal(raw, &m) != nil || m.Message.Content == nil {
		return fit(string(raw), maxLine)
	}
	var parts []struct {
		Type, Text string
	}
	var pieces []json.RawMessage
	text := ""
	switch {
	case json.Unmarshal(m.Message.Content, &text) == nil:
	case json.Unmarshal(m.Message.Content, &parts) == nil && json.Unmarshal(m.Message.Content, &pieces) == nil:
		var lines []string
		for i, p := range parts {
			if p.Text == "" {
				p.Text = fit(string(pieces[i]), maxLine)
			}
			lines = append(lines, p.Text)
		}
		text = strings.Join(lines, "\n")
	default:
		text = fit(string(m.Message.Content), maxLine)
	}
	who := joined(" ", precise(m.CreatedAt), m.Message.Role)
	return who + "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
