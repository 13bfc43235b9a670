package report

import (
	"encoding/json"
	"io"

	"github.com/bbbatch/bbbatch/batch"
)

// summaryLine is a batch's end as an object.
type summaryLine struct {
	Time         string                `json:"time"`
	Batch        string                `json:"batch"`
	Event        string                `json:"event"`
	OK           bool                  `json:"ok"`
	Total        int                   `json:"total"`
	Counts       map[batch.Outcome]int `json:"counts"`
	Runs         int                   `json:"runs"`
	RunSeconds   float64               `json:"runSeconds"`
	Accept       *batch.Share          `json:"accept,omitempty"`
	Excused      map[batch.Outcome]int `json:"excused,omitempty"`
	PaidMinutes  json.Number           `json:"paidMinutes,omitempty"`
	USD          *batch.Money          `json:"usd,omitempty"`
	WastedUSD    *batch.Money          `json:"wastedUsd,omitempty"`
	FirstTry     int                   `json:"firstTry"`
	Retried      int                   `json:"retried"`
	Stale        int                   `json:"stale"`
	Reused       int                   `json:"reused"`
	Left         int                   `json:"left"`
	Halted       string                `json:"halted,omitempty"`
	Failures     []failureObject       `json:"failures"`
	FailureKinds int                   `json:"failureKinds"`
	Leaked       int                   `json:"leaked"`
	Whole        []wholeObject         `json:"batchExpect,omitempty"`
	Reports      []string              `json:"reports"`
	Next         string                `json:"next,omitempty"`
}

type failureObject struct {
	Outcome batch.Outcome `json:"outcome"`
	Reason  batch.Reason  `json:"reason,omitempty"`
	Message string        `json:"message,omitempty"`
	Count   int           `json:"count"`
	Example string        `json:"example"`
	Excused int           `json:"excused,omitempty"`
}

// SummaryLine writes what [Summary] says as an object on one line. Of o it takes
// Reports and Next.
func SummaryLine(w io.Writer, s batch.Summary, o SummaryOptions) error {
	counts := map[batch.Outcome]int{}
	for outcome, n := range s.Counts {
		if n > 0 {
			counts[outcome] = n
		}
	}
	line := summaryLine{
		Time: now(), Batch: s.Info.ID, Event: kindSummary,
		OK: succeeded(s), Total: s.Info.Total, Counts: counts,
		Runs: s.Runs, RunSeconds: inSeconds(s.RunTime), Halted: s.Info.Halted,
		Accept: s.Info.Policy.Accept, Excused: s.Excused,
		FirstTry: s.FirstTry, Retried: s.Retried, Stale: s.Stale, Reused: s.Reused, Left: s.Left,
		Failures: []failureObject{}, FailureKinds: s.Kinds, Leaked: s.Leaked, Whole: wholeOf(s.Whole, true),
		Reports: append([]string{}, o.Reports...), Next: o.Next,
	}
	if s.Info.Policy.Price != nil {
		line.PaidMinutes, line.USD, line.WastedUSD = json.Number(minutes(s.Paid, 4)), &s.Cost, &s.Wasted
	}
	for _, f := range s.Failures {
		line.Failures = append(line.Failures, failureObject{f.Outcome, f.Reason, f.Message, f.Count, f.Example, f.Excused})
	}
	_, err := io.WriteString(w, Clean(string(mustEncode(line)))+"\n")
	return err
}
