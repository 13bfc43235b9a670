package report

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// Verdict says in a word or two how a batch went: "ok" (enough of its tasks
// passed, and what was expected of it as a whole holds) and "not ok" once it is closed, "halted" when nothing new starts, else "unfinished".
func Verdict(s batch.Summary) string {
	switch {
	case s.Info.ClosedAt.IsZero() && s.Info.Halted != "":
		return "halted"
	case s.Info.ClosedAt.IsZero():
		return "unfinished"
	case s.Enough() && s.Holds():
		return "ok"
	}
	return "not ok"
}

// succeeded reports whether enough tasks passed, what is expected of the batch as a
// whole holds, and nothing more is to come.
func succeeded(s batch.Summary) bool {
	open := s.Counts[batch.Pending] + s.Counts[batch.Running] + s.Counts[batch.NotStarted]
	return s.Enough() && s.Holds() && (open == 0 || !s.Info.ClosedAt.IsZero())
}

// outcomes is the counts that are not 0, in words; "" for none.
func outcomes(counts map[batch.Outcome]int) string {
	var words []string
	for _, o := range batch.Outcomes {
		if n := counts[o]; n > 0 {
			words = append(words, Count(n)+" "+string(o))
		}
	}
	return strings.Join(words, ", ")
}

// titled is the name of a batch and, in brackets, which part of its manifest
// it is of.
func titled(i batch.Info) string {
	name := Clean(i.Name)
	if i.Selection != "" {
		name += " (" + Clean(i.Selection) + ")"
	}
	return name
}

// when is the local day and minute of a moment.
func when(t time.Time) string {
	if t.IsZero() {
		return "at no known time"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// A batchRecord is a batch as programs read it.
type batchRecord struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Selection  string          `json:"selection,omitempty"`
	Manifest   string          `json:"manifest"`
	Provider   string          `json:"provider"`
	BaseURL    string          `json:"baseUrl"`
	OpenedAt   *string         `json:"openedAt"`
	ClosedAt   *string         `json:"closedAt"`
	Verdict    string          `json:"verdict"`
	Halted     string          `json:"halted,omitempty"`
	Tasks      int             `json:"tasks"`
	Counts     json.RawMessage `json:"counts"`
	Runs       int             `json:"runs"`
	RunSeconds float64         `json:"runSeconds"`
}

func recordOf(s batch.Summary) batchRecord {
	counts := []byte{'{'}
	for i, o := range batch.Outcomes {
		counts = appendText(comma(counts, i), string(o))
		counts = append(append(counts, ':'), strconv.Itoa(s.Counts[o])...)
	}
	i := s.Info
	return batchRecord{
		ID: i.ID, Name: i.Name, Selection: i.Selection, Manifest: i.ManifestPath, Provider: i.Provider, BaseURL: i.BaseURL,
		OpenedAt: stampOrNull(i.OpenedAt), ClosedAt: stampOrNull(i.ClosedAt),
		Verdict: strings.ReplaceAll(Verdict(s), " ", "_"), Halted: i.Halted,
		Tasks: i.Total, Counts: append(counts, '}'), Runs: s.Runs, RunSeconds: float64(s.RunTime.Milliseconds()) / 1000,
	}
}

func stampOrNull(t time.Time) *string {
	text := stamp(t)
	if text == "" {
		return nil
	}
	return &text
}
