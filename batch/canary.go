package batch

import "fmt"

// canaries says which tasks of a batch run before all others: as many as the
// policy asks for, spread evenly over the manifest's order.
type canaries struct {
	tasks int // of the batch
	k     int // how many of them are canaries
}

func canariesOf(c Canary, total int) canaries {
	return canaries{tasks: total, k: min(max(c.Tasks, 0), total)}
}

// place is where the canary with a number, from 0, stands.
func (c canaries) place(i int) int { return int(int64(i) * int64(c.tasks) / int64(c.k)) }

// has reports whether the task at a place is one.
func (c canaries) has(place int) bool {
	if c.k == 0 || place < 0 || place >= c.tasks {
		return false
	}
	// The first number whose place is this one or a later one.
	i := (int64(place)*int64(c.k) + int64(c.tasks) - 1) / int64(c.tasks)
	return i < int64(c.k) && c.place(int(i)) == place
}

// last is the place of the last one.
func (c canaries) last() int { return c.place(c.k - 1) }

// takeCanary decides whether the batch is past its canary already: more tasks
// than it has were started then.
func (r *runner) takeCanary() error {
	r.canaries = canariesOf(r.Policy.Canary, r.Total)
	if r.canaries.k == 0 {
		return nil
	}
	r.probing = true
	used, err := r.Ledger.Usage(Price{})
	if err != nil || used.Runs <= r.canaries.k {
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
		if started > r.canaries.k {
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
	if pass == nil {
		return good == r.canaries.k
	}
	return pass.Reached(good, r.canaries.k)
}

// endCanary is called when nothing is in flight and no canary can start: the
// others may start now, or the batch is halted.
func (r *runner) endCanary() error {
	r.probing = false
	open, good := 0, 0
	for i := range r.canaries.k {
		for row, err := range r.Ledger.Rows(r.canaries.place(i)) {
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
	message := fmt.Sprintf("canary: %d of %d tasks passed, and %s must", good, r.canaries.k, want)
	if open > 0 {
		message += fmt.Sprintf("; %d did not come to their end", open)
	}
	return r.stop(&HaltedError{policyCanary, message})
}
