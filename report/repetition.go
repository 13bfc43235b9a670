package report

import (
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// folded yields the records of s, those of a repetition as one: members are
// neighbours in the manifest's order. A member that left the manifest counts in
// no repetition any more and stays a record of its own, under its own id.
func folded(s Source) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		var open *repetition
		for rec, err := range s.Records(0) {
			if err != nil {
				yield(batch.Record{}, err)
				return
			}
			one := rec.Repeat == nil || rec.Left
			if open != nil && (one || rec.Repeat.Group != open.group()) {
				if !yield(open.record(), nil) {
					return
				}
				open = nil
			}
			switch {
			case one:
				if !yield(rec, nil) {
					return
				}
			case open == nil:
				open = &repetition{first: rec}
				fallthrough
			default:
				open.add(rec)
			}
		}
		if open != nil {
			yield(open.record(), nil)
		}
	}
}

// A repetition is what is kept of the members of one that were read.
type repetition struct {
	first batch.Record // what the members share

	passed, unfinished int
	attempts           []batch.Attempt // of all but good, bad and waiting

	good    *batch.Record // the first that passed
	bad     *batch.Record // the first that did not, and will not
	waiting *batch.Record // the first of those that may yet pass which has come the furthest
}

func (r *repetition) group() string { return r.first.Repeat.Group }

// add takes the next member.
func (r *repetition) add(m batch.Record) {
	if r.first.Stale && !m.Stale {
		r.first = m // whose definition is that of the manifest as it is now
	}
	var place **batch.Record
	better := false
	switch m.Outcome {
	case batch.Passed:
		r.passed++
		place = &r.good
	case batch.Running, batch.Pending, batch.NotStarted:
		r.unfinished++
		place = &r.waiting
		better = *place != nil && progress(m) > progress(**place)
	default:
		// One that was skipped, since the others had decided, decided nothing.
		place = &r.bad
		better = *place != nil && (*place).Outcome == batch.Skipped && m.Outcome != batch.Skipped
	}
	switch {
	case *place == nil:
		*place = &m
	case better:
		r.attempts = append(r.attempts, (*place).Attempts...)
		*place = &m
	default:
		r.attempts = append(r.attempts, m.Attempts...)
	}
}

// progress orders the outcomes of members that may yet pass.
func progress(m batch.Record) int {
	switch m.Outcome {
	case batch.Running:
		return 2
	case batch.Pending:
		return 1
	}
	return 0
}

// record is the repetition as a task: its id is the group's, its outcome what
// the members came to, its attempts are theirs, its result and newest run those
// of the first that passed, else of the member whose outcome it is.
func (r *repetition) record() batch.Record {
	rec := r.first
	rec.ID = r.group()
	rec.Passed = r.passed
	want := rec.Repeat.Pass
	if want == 0 {
		want = rec.Repeat.Times
	}
	var says *batch.Record // whose outcome it is
	switch {
	case r.passed >= want:
		says = r.good
	case r.bad == nil || r.passed+r.unfinished >= want:
		says = r.waiting
	default:
		says = r.bad
	}
	if says == nil { // not all were selected, and those passed
		says = r.good
	}
	shown := says
	if says == r.bad && r.good != nil {
		shown = r.good
	}
	rec.State, rec.Outcome, rec.Stale = says.State, says.Outcome, shown.Stale
	rec.Result, rec.Reuse, rec.Checks, rec.Judge = shown.Result, shown.Reuse, shown.Checks, shown.Judge
	rec.Verdict = batch.Verdict{
		Outcome: says.Outcome, Reason: says.Verdict.Reason, Message: r.words(*says), Problems: says.Verdict.Problems,
		Unwrapped: shown.Verdict.Unwrapped,
	}
	rec.Attempts = r.attempts
	for _, m := range []*batch.Record{r.waiting, r.bad, r.good} {
		if m != nil && m != shown {
			rec.Attempts = append(rec.Attempts, m.Attempts...)
		}
	}
	rec.Attempts = append(rec.Attempts, shown.Attempts...)
	return rec
}

// words are why the member m, whose outcome is the repetition's, has not
// passed, and which it is.
func (r *repetition) words(m batch.Record) string {
	words := reasonInWords(m)
	if words == "" || m.Outcome == batch.Skipped {
		return words
	}
	return m.ID + ": " + words
}
