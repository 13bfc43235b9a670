package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A Standing is where a batch stands at one moment.
type Standing struct {
	Summary batch.Summary
	Now     time.Time

	Process *Process // at work on batches of this name; nil when nobody is
	Works   bool     // the process is at work on this one
	Last    time.Time

	InFlight int      // tasks between their intent and their verdict
	Flights  []Flight // the oldest of them

	PerMinute float64       // tasks that came to their end lately; 0 when that is not known
	Left      time.Duration // to the end at this pace; 0 when that is not known

	Worse bool // a comparison with a baseline failed, which the summary does not know

	Next string // the command to type next; "" for none
}

// A Process holds the lock of a batch's name.
type Process struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// A Flight is a task that is under way.
type Flight struct {
	Task    string       `json:"task"`
	RunID   string       `json:"runId,omitempty"`
	Status  batch.Status `json:"status,omitempty"` // of the run; "" before there is one
	State   batch.State  `json:"state"`
	Since   time.Time    `json:"since"` // by our clock
	Seconds float64      `json:"seconds"`
}

// shownFlights is how many tasks in flight people are shown.
const shownFlights = 10

// StandingText writes where a batch stands, for people. No line but a command
// is wider than width; 0 leaves them whole.
func StandingText(w io.Writer, s Standing, width int) error {
	var b strings.Builder
	line := func(format string, args ...any) {
		for text := range strings.Lines(wrap(fmt.Sprintf(format, args...), width-1) + "\n") {
			if width > 0 { // a word may be wider than the terminal
				text = fit(strings.TrimSuffix(text, "\n"), width-1) + "\n"
			}
			b.WriteString(text)
		}
	}
	sum, info := s.Summary, s.Summary.Info
	line("batch %s of %s: %s", Clean(info.ID), titled(info), Verdict(sum))
	line("  opened %s, %s ago, from %s", when(info.OpenedAt), Duration(s.Now.Sub(info.OpenedAt)), Clean(info.ManifestPath))
	switch {
	case !info.ClosedAt.IsZero():
		line("  closed %s", when(info.ClosedAt))
	case s.Works:
		line("  running in process %d on %s since %s", s.Process.PID, Clean(s.Process.Host), when(s.Process.Since))
	case s.Process != nil:
		line("  process %d on %s holds the name since %s, but has not touched this batch", s.Process.PID, Clean(s.Process.Host), when(s.Process.Since))
	default:
		line("  nobody works on it; the last that happened was %s ago", Duration(s.Now.Sub(s.Last)))
	}
	if info.Halted != "" {
		line("  halted: %s", fit(Clean(info.Halted), maxLine))
	}
	line("  %s of %s done: %s", Count(s.done()), counted(info.Total, "task", "tasks"), outcomesOr(sum, "nothing"))
	line("  %s, %s of run time%s", counted(sum.Runs, "run", "runs"), Duration(sum.RunTime),
		costWords(sum.Paid, sum.Cost, sum.Wasted, info.Policy.Price != nil))
	switch {
	case s.PerMinute > 0 && s.Left > 0:
		line("  %s tasks a minute lately, about %s left", rate(s.PerMinute), Duration(s.Left))
	case s.PerMinute > 0:
		line("  %s tasks a minute lately", rate(s.PerMinute))
	}
	s.flights(&b, width)
	for _, words := range expectLines(sum) {
		line("  %s", words)
	}
	for _, f := range sum.Failures {
		b.WriteString(failureLine(f, width-1) + "\n")
	}
	if s.Next != "" {
		b.WriteString("next: " + Clean(s.Next) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// done counts the tasks that have come to their end.
func (s Standing) done() int {
	c := s.Summary.Counts
	return s.Summary.Info.Total - c[batch.Pending] - c[batch.Running] - c[batch.NotStarted]
}

func (s Standing) flights(b *strings.Builder, width int) {
	shown := s.Flights[:min(len(s.Flights), shownFlights)]
	if len(shown) == 0 {
		return
	}
	b.WriteString("  in flight, the oldest first:\n")
	for _, f := range shown {
		text := joined("  ", "    "+fit(Clean(f.Task), 60), Clean(f.word()), Duration(time.Duration(f.Seconds*float64(time.Second))), Clean(f.RunID))
		if width > 0 {
			text = fit(text, width-1)
		}
		b.WriteString(text + "\n")
	}
	if more := s.InFlight - len(shown); more > 0 {
		fmt.Fprintf(b, "    and %s more\n", Count(more))
	}
}

// word says how far a flight is: the service's status, or what is done about it
// here.
func (f Flight) word() string {
	switch f.State {
	case batch.StateStarting:
		return "being created"
	case batch.StateUnsure:
		return "unsure whether created"
	case batch.StateEnded:
		return string(f.Status) + ", not judged yet"
	}
	return string(f.Status)
}

func rate(perMinute float64) string {
	if perMinute < 10 {
		return fmt.Sprintf("%.1f", perMinute)
	}
	return Count(int(perMinute + 0.5))
}

// StandingRecord writes where a batch stands for programs: one JSON object on
// a line, that of [ListRecord] with more members.
func StandingRecord(w io.Writer, s Standing) error {
	type failure struct {
		Outcome batch.Outcome `json:"outcome"`
		Reason  batch.Reason  `json:"reason,omitempty"`
		Message string        `json:"message,omitempty"`
		Count   int           `json:"count"`
		Example string        `json:"example"`
		Excused int           `json:"excused,omitempty"`
	}
	record := struct {
		batchRecord
		costRecord
		Now         *string   `json:"now"`
		Done        int       `json:"done"`
		Process     *Process  `json:"process"`
		Works       bool      `json:"works"`
		LastAt      *string   `json:"lastAt"`
		PerMinute   float64   `json:"perMinute,omitempty"`
		SecondsLeft float64   `json:"secondsLeft,omitempty"`
		InFlight    int       `json:"inFlight"`
		Flights     []Flight  `json:"flights"`
		Failures    []failure `json:"failures"`
		Leaked      int       `json:"leaked"`
		Next        string    `json:"next,omitempty"`
	}{
		batchRecord: recordOf(s.Summary), costRecord: costOf(s.Summary), Now: stampOrNull(s.Now), Done: s.done(),
		Process: s.Process, Works: s.Works, LastAt: stampOrNull(s.Last),
		PerMinute: s.PerMinute, SecondsLeft: s.Left.Round(time.Second).Seconds(),
		InFlight: s.InFlight, Flights: s.Flights, Failures: []failure{}, Leaked: s.Summary.Leaked, Next: s.Next,
	}
	if s.Worse && record.Verdict == "ok" {
		record.Verdict = "not_ok"
	}
	if record.Flights == nil {
		record.Flights = []Flight{}
	}
	for _, f := range s.Summary.Failures {
		record.Failures = append(record.Failures, failure(f))
	}
	text, err := encode(record)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
