package batch

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A HaltedError says that a policy of the batch let nothing new start, and that
// tasks are left over. What was in flight has come to its end, or is not waited
// for.
type HaltedError struct {
	Policy  string // halt, fail-fast, canary, max-time, budget-runs, budget-minutes, budget-usd or submit-only
	Message string // why, in words
}

func (e *HaltedError) Error() string { return e.Message }

// The policies that halt a batch.
const (
	policyHalt          = "halt"
	policyFailFast      = "fail-fast"
	policyCanary        = "canary"
	policyMaxTime       = "max-time"
	policyBudgetRuns    = "budget-runs"
	policyBudgetMinutes = "budget-minutes"
	policyBudgetUSD     = "budget-usd"
	policySubmitOnly    = "submit-only"
)

// A count is how many tasks came to their end, and how many of those did not
// pass. A repetition counts as one task, once its verdict is certain.
type count struct{ ended, failed int }

// tallies are the counts that a [Halt] looks at. Counts of groups are kept only
// where groups are halted, so that memory grows with their number at most.
type tallies struct {
	policy Policy

	mu      sync.Mutex
	all     count
	groups  map[string]*count
	stopped map[string]bool
}

// add counts tasks, and returns the halt that they lead to, which is of the
// group alone when that is named.
func (t *tallies) add(group string, c count) (halted *HaltedError, only bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.ended += c.ended
	t.all.failed += c.failed
	if t.policy.FailFast && t.all.failed > 0 {
		return &HaltedError{policyFailFast, "a task did not pass, and the first such one halts the batch"}, false
	}
	if !t.policy.Halt.PerGroup {
		if t.policy.Halt.reached(t.all) {
			return &HaltedError{policyHalt, t.policy.Halt.why(t.all)}, false
		}
		return nil, false
	}
	g := t.groups[group]
	if g == nil {
		g = new(count)
		t.groups[group] = g
	}
	g.ended += c.ended
	g.failed += c.failed
	if t.stopped[group] || !t.policy.Halt.reached(*g) {
		return nil, false
	}
	t.stopped[group] = true
	return &HaltedError{policyHalt, nameGroup(group) + ": " + t.policy.Halt.why(*g)}, true
}

// stands reports whether nothing new of a group may start.
func (t *tallies) stands(group string) bool {
	if !t.policy.Halt.PerGroup {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped[group]
}

// groupsMost is how many groups a message names.
const groupsMost = 3

// error is the halt of the groups that stand; nil when none does.
func (t *tallies) error() *HaltedError {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.stopped) == 0 {
		return nil
	}
	var named []string
	for group := range t.stopped {
		named = append(named, group)
	}
	slices.Sort(named)
	more := len(named) - groupsMost
	named = named[:min(len(named), groupsMost)]
	for i, group := range named {
		named[i] = nameGroup(group) + ": " + t.policy.Halt.why(*t.groups[group])
	}
	message := strings.Join(named, "; ")
	if more > 0 {
		message += fmt.Sprintf("; and %d more groups", more)
	}
	return &HaltedError{policyHalt, message}
}

func nameGroup(group string) string {
	if group == "" {
		return "tasks without a group"
	}
	return "group " + group
}

func (h Halt) reached(c count) bool {
	if h.Failures == nil || c.failed == 0 || h.Failures.Percent() && c.ended < h.Min {
		return false
	}
	return h.Failures.Reached(c.failed, c.ended)
}

func (h Halt) why(c count) string {
	return fmt.Sprintf("%d of %s did not pass (halt: %s)", c.failed, manyTasks(c.ended), h.Failures)
}

func manyTasks(n int) string {
	if n == 1 {
		return "1 task that ended"
	}
	return fmt.Sprintf("%d tasks that ended", n)
}

// takeTally counts what was done before this process, so that a batch that was
// halted is halted again, unless somebody had its tasks tried again.
func (r *runner) takeTally() error {
	r.tallies = &tallies{policy: r.Policy, groups: make(map[string]*count), stopped: make(map[string]bool)}
	if r.Anew || !r.Policy.FailFast && r.Policy.Halt.Failures == nil {
		return nil
	}
	all, err := r.Ledger.Tallies()
	if err != nil {
		return err
	}
	counts := make(map[string]count)
	for _, t := range all {
		c := counts[t.Group]
		if t.Outcome != Skipped {
			c.ended += t.Tasks
		}
		if t.Outcome.fails() {
			c.failed += t.Tasks
		}
		counts[t.Group] = c
	}
	if !r.Policy.Halt.PerGroup { // together, or the first group might be all of a percentage
		var sum count
		for _, c := range counts {
			sum.ended += c.ended
			sum.failed += c.failed
		}
		counts = map[string]count{"": sum}
	}
	for group, c := range counts {
		if err := r.tally(group, c); err != nil {
			return err
		}
	}
	return nil
}

// fails reports whether a halt counts the outcome.
func (o Outcome) fails() bool {
	switch o {
	case Passed, Skipped, NotStarted, Running, Pending:
		return false
	}
	return true
}

// tally counts tasks that came to their end, and halts where that is enough.
func (r *runner) tally(group string, c count) error {
	halted, only := r.tallies.add(group, c)
	switch {
	case halted == nil:
		return nil
	case only:
		r.warn(halted.Message + "; nothing more of it is started")
		return nil
	}
	return r.stop(halted)
}

// heeds reports whether what starts next may depend on how this task ends.
func (r *runner) heeds(row Row) bool {
	return r.Policy.FailFast || r.Policy.Halt.Failures != nil || row.Repeat != nil && !row.Repeat.All
}

// stop lets nothing new start, by a policy. The first reason stays. Where all
// tasks have started anyway, there is nothing to halt.
func (r *runner) stop(why *HaltedError) error {
	r.mu.Lock()
	first := r.stopped == nil
	if first {
		r.stopped = why
	}
	r.mu.Unlock()
	if !first {
		return nil
	}
	r.noMore() // before any slot is freed, so that nothing slips through
	_, err := r.leftOver()
	return err
}

// stoppedBy is the policy that lets nothing new start; nil for none.
func (r *runner) stoppedBy() *HaltedError {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// leftOver returns why tasks are left over that have not started, nil when none
// is, or when no policy is to blame. The ledger says so from then on.
func (r *runner) leftOver() (*HaltedError, error) {
	why := r.stoppedBy()
	if why == nil {
		why = r.tallies.error()
	}
	if why == nil {
		return nil, nil
	}
	for _, err := range r.Ledger.Open(StatePending) {
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		told := r.told
		r.told = true
		r.mu.Unlock()
		if told {
			return why, nil
		}
		return why, r.append(Event{Kind: BatchHalted, Position: -1, Message: why.Message})
	}
	return nil, nil
}
