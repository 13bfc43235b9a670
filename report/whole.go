package report

import (
	"encoding/json"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// A wholeObject is what became of an expectation of a batch as a whole, for
// programs.
type wholeObject struct {
	That    string          `json:"that"`
	Because string          `json:"because,omitempty"`
	Holds   bool            `json:"holds"`
	Message string          `json:"message,omitempty"`
	Values  json.RawMessage `json:"values,omitempty"`
}

// wholeOf is nil where nothing was evaluated. The words and values of those that
// do not hold may quote results.
func wholeOf(verdicts []batch.WholeVerdict, words bool) []wholeObject {
	var all []wholeObject
	for _, v := range verdicts {
		o := wholeObject{That: v.That, Because: v.Because, Holds: v.Holds}
		if words {
			o.Message, o.Values = v.Message, v.Values
		}
		all = append(all, o)
	}
	return all
}

// expectLines says which expectations of a batch as a whole are false, or that
// they were not evaluated.
func expectLines(s batch.Summary) []string {
	if s.Unevaluated {
		return []string{"batchExpect: not evaluated; bbbatch recheck " + s.Info.ID + " --write does that"}
	}
	return wholeLines(s.Whole)
}

// wholeLines says which expectations of the batch as a whole are false, one to a
// line.
func wholeLines(verdicts []batch.WholeVerdict) (lines []string) {
	for _, v := range verdicts {
		if v.Holds {
			continue
		}
		words := v.Message
		if !strings.HasPrefix(words, v.That) {
			words = joined(": ", v.That+" is false", words)
		}
		lines = append(lines, "batchExpect: "+fit(Clean(words), maxLine))
	}
	return lines
}
