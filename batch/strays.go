package batch

import "strings"

// straysMost bounds the runs that are kept of a listing because a damaged
// ledger may have lost them.
const straysMost = 10_000

// strays are runs that bear the marker of a batch and that its ledger does not
// know: a ledger that lost its newest commits has lost their intents too. The
// zero value looks for none.
type strays struct {
	stem string // of the batch's markers; "" to look for none
	runs map[string][]stray
	n    int
}

type stray struct {
	attempt int
	run     Observed
}

func straysOf(batch string) strays {
	return strays{stem: markerPrefix + batch + ":", runs: make(map[string][]stray)}
}

func (s *strays) concerns(m marker) bool {
	return s.stem != "" && strings.HasPrefix(string(m), s.stem) && m.attempt() > 0
}

func (s *strays) add(m marker, run Observed) {
	if !s.concerns(m) || s.n == straysMost {
		return
	}
	s.n++
	task := string(m[:strings.LastIndexByte(string(m), ':')+1])
	run.Schema, run.Result = nil, Result{}
	s.runs[task] = append(s.runs[task], stray{m.attempt(), run})
}

// of returns the stray runs of a task, by the stem of its markers.
func (s *strays) of(stem string) []stray { return s.runs[stem] }
