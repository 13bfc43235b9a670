package report

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// holds reports whether what was expected of a batch as a whole is true, as far
// as it was looked at.
func holds(verdicts []batch.WholeVerdict) bool {
	return !slices.ContainsFunc(verdicts, func(v batch.WholeVerdict) bool { return !v.Holds })
}

// wholeLines say which expectations of a batch are false, a line each.
func wholeLines(verdicts []batch.WholeVerdict) (lines []string) {
	for _, v := range verdicts {
		if v.Holds {
			continue
		}
		line := Clean(v.That) + " is false"
		switch {
		case v.Message == "":
		case strings.HasPrefix(v.Message, v.That):
			line = Clean(v.Message)
		default:
			line += ": " + Clean(v.Message)
		}
		if v.Because != "" {
			line += " (" + Clean(v.Because) + ")"
		}
		lines = append(lines, fit("batchExpect: "+line, maxLine))
	}
	return lines
}

// A wholeObject is an expectation of a batch as programs read it.
type wholeObject struct {
	That    string          `json:"that"`
	Because string          `json:"because,omitempty"`
	Holds   bool            `json:"holds"`
	Message string          `json:"message,omitempty"`
	Values  json.RawMessage `json:"values,omitempty"`
}

func wholeObjects(verdicts []batch.WholeVerdict) (objects []wholeObject) {
	for _, v := range verdicts {
		objects = append(objects, wholeObject{v.That, v.Because, v.Holds, v.Message, v.Values})
	}
	return objects
}
