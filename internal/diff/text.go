package diff

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Side says what is compared, for people and programs.
type Side struct {
	Baseline string    `json:"baseline,omitempty"` // the name that it was found by
	File     string    `json:"file,omitempty"`     // of a report
	Batch    string    `json:"batch,omitempty"`    // id
	Name     string    `json:"name,omitempty"`     // of the batch
	OpenedAt time.Time `json:"openedAt,omitzero"`
}

// String is the side in words.
func (s Side) String() string {
	text := s.File
	if s.Batch != "" {
		text = "batch " + s.Batch + " of " + s.Name + ", opened " + s.OpenedAt.Local().Format("2006-01-02 15:04")
	}
	if s.Baseline != "" {
		text = s.Baseline + ": " + text
	}
	return text
}

// Text tells people what was found: the first findings of each kind, one on a
// line. The text of each line is fit for a terminal; how long it may be is for
// line to say.
func (r *Result) Text(before, now Side, line func(string)) {
	say := func(format string, args ...any) { line(plain(fmt.Sprintf(format, args...))) }
	say("before: %s", before)
	say("now:    %s", now)
	for _, k := range Kinds {
		if r.Counts[k] == 0 {
			continue
		}
		say("%s: %s", k, r.amount(k))
		if k == ShapeOf {
			r.shapeText(say)
			continue
		}
		for _, f := range r.First[k] {
			say("  %s", f.words())
		}
		if more := r.Counts[k] - len(r.First[k]); more > 0 {
			say("  and %s more: --json lists all", countOf(more))
		}
	}
	if r.Same() {
		say("nothing changed")
	}
	for _, words := range r.notes() {
		say("%s", words)
	}
}

func (r *Result) shapeText(say func(format string, args ...any)) {
	told := 0
	for _, shape := range r.Shapes {
		if len(shape.Shifts) == 0 {
			continue
		}
		if told += len(shape.Shifts); told > mostTold {
			say("  and more: --json lists all")
			return
		}
		for _, shift := range shape.Shifts {
			say("  %s", joinedBy("  ", strings.Join(shape.Templates, ", "), shape.Path+": "+shift.words()))
		}
		say("    was: %s", shape.Was.words())
		say("    now: %s", shape.Is.words())
	}
}

// amount is how many findings of a kind there are.
func (r *Result) amount(k Kind) string {
	words := countOf(r.Counts[k])
	if k == Outcome && r.Better > 0 {
		words += ", " + countOf(r.Better) + " of them for the better"
	}
	return words
}

// words is a finding on a line.
func (f Finding) words() string {
	switch f.Kind {
	case Outcome:
		line := f.Task + ": " + f.Was + " -> " + f.Is
		if f.Message != "" {
			line += ": " + f.Message
		}
		return line
	case Keys:
		return f.Task + " " + f.Path + ": " + f.Was + " -> " + f.Is
	}
	return f.Task + " " + f.Path + ": " + f.From.words() + " -> " + f.To.words()
}

// words is a shift on a line.
func (s Shift) words() string {
	return fmt.Sprintf("%s in %s of %s, was in %s of %s (p %s)", s.What, countOf(s.Is.N), countOf(s.Is.Of), countOf(s.Was.N), countOf(s.Was.Of), likelihood(s.Adjusted))
}

func likelihood(p float64) string {
	if p < 1e-12 {
		return "< 1e-12"
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}

// notes are what a reader should know besides the findings.
func (r *Result) notes() (lines []string) {
	words := []string{tasks(r.Compared) + " compared"}
	for _, part := range [...]struct {
		n    int
		what string
	}{{r.New, "only now"}, {r.Gone, "only before"}, {r.Unfinished, "unfinished"}} {
		if part.n > 0 {
			words = append(words, countOf(part.n)+" "+part.what)
		}
	}
	lines = append(lines, strings.Join(words, ", "))
	if r.Unread > 0 {
		lines = append(lines, "the results of "+tasks(r.Unread)+" lie in files of their own, which a report does not hold: they were not compared")
	}
	if r.Beyond > 0 {
		lines = append(lines, fmt.Sprintf("there are more than %d schemas: the shape of %s more results was not compared", mostKinds, countOf(r.Beyond)))
	}
	for _, path := range r.Unmatched {
		lines = append(lines, "no result has "+path+", which is to be ignored, tolerated or matched")
	}
	return lines
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return countOf(n) + " tasks"
}

func joinedBy(by, a, b string) string {
	if a == "" {
		return b
	}
	return a + by + b
}

// Brief is what was found in a few words: "3 outcomes, 1 key"; "" where nothing
// differs.
func (r *Result) Brief() string {
	var words []string
	for _, k := range Kinds {
		noun := map[Kind]string{Outcome: "outcome", Value: "value", Keys: "key", ShapeOf: "shape"}[k]
		switch n := r.Counts[k]; {
		case n == 1:
			words = append(words, "1 "+noun)
		case n > 1:
			words = append(words, countOf(n)+" "+noun+"s")
		}
		if k == Outcome && r.Better > 0 {
			words[len(words)-1] += " (" + countOf(r.Better) + " better)"
		}
	}
	return strings.Join(words, ", ")
}
