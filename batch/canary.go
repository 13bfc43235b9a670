package batch

import (
	"fmt"
	"slices"
)

// canaries are the places of the tasks that run before all others, ascending: as
// many as the policy asks for, spread evenly over the manifest's order.
type canaries []int

// spread is where the canary with a number, from 0, would stand if every task
// could be one.
func spread(number, of, tasks int) int { return int(int64(number) * int64(tasks) / int64(of)) }

// pickCanaries chooses the canaries among the tasks that are to be run: one that
// is skipped would say nothing, and the next one stands in for it. Where there are
// too few behind it, those before are taken.
func (r *runner) pickCanaries() (canaries, error) {
	most := min(r.Policy.Canary.Tasks, r.Total)
	var out canaries
	take := func(from int) (found bool, err error) {
		for row, err := range r.Ledger.Rows(from) {
			if err != nil || row.Left { // those that left come last
				return false, err
			}
			if at, taken := slices.BinarySearch(out, row.Place); !taken && row.Skip == "" {
				out = slices.Insert(out, at, row.Place)
				return true, nil
			}
		}
		return false, nil
	}
	from := 0
	for i := range most {
		if from = max(from, spread(i, most, r.Total)); from >= r.Total {
			break
		}
		found, err := take(from)
		if err != nil {
			return nil, err
		}
		if !found {
			break
		}
		from = out[len(out)-1] + 1
	}
	for found := len(out) < most; found && len(out) < most; {
		var err error
		if found, err = take(0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// has reports whether the task at a place is one.
func (c canaries) has(place int) bool {
	_, is := slices.BinarySearch(c, place)
	return is
}

// last is the place of the last one.
func (c canaries) last() int { return c[len(c)-1] }

// takeCanary decides whether the batch is past its canary already: more tasks
// than it has were started then.
func (r *runner) takeCanary() error {
	if r.Policy.Canary.Tasks <= 0 {
		return nil
	}
	var err error
	if r.canaries, err = r.pickCanaries(); err != nil || len(r.canaries) == 0 {
		return err
	}
	r.probing = true
	used, err := r.Ledger.Usage(Price{})
	if err != nil || used.Runs <= len(r.canaries) {
		return err
	}
	started := 0
	for row, err := range r.Ledger.Rows(0) {
		if err != nil {
			return err
		}
		if row.Attempt > 0 && !row.Left {
			started++
		}
		if started > len(r.canaries) {
			r.probing = false
			break
		}
	}
	return nil
}

// canary says of one whether it is open, and whether nothing speaks against the
// rest: one that was skipped says nothing.
func (r *runner) canary(row Row) (open, good int) {
	switch {
	case row.State != StateDone:
		return 1, 0
	case row.Outcome == Passed, row.Outcome == Skipped:
		return 0, 1
	}
	return 0, 0
}

// sings reports whether so many good canaries are enough.
func (r *runner) sings(good int) bool {
	pass := r.Policy.Canary.Pass
	return good == len(r.canaries) || pass != nil && pass.Reached(good, len(r.canaries))
}

// endCanary is called when nothing is in flight and no canary can start: the
// others may start now, or the batch is halted.
func (r *runner) endCanary() error {
	r.probing = false
	open, good := 0, 0
	for _, place := range r.canaries {
		for row, err := range r.Ledger.Rows(place) {
			if err != nil {
				return err
			}
			o, g := r.canary(row)
			open, good = open+o, good+g
			break
		}
	}
	if r.sings(good) {
		return nil
	}
	want := "all"
	if r.Policy.Canary.Pass != nil {
		want = r.Policy.Canary.Pass.String()
	}
	message := fmt.Sprintf("canary: %d of %d tasks passed, and %s must", good, len(r.canaries), want)
	if open > 0 {
		message += fmt.Sprintf("; %d did not come to their end", open)
	}
	return r.stop(&HaltedError{policyCanary, message})
}
