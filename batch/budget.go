package batch

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// How many lengths of a template's runs are remembered, and of how many
// templates.
const (
	lengthsMost   = 100
	templatesMost = 1000
)

// A ration is what of a budget a run uses, or may come to use.
type ration struct {
	runs int
	time time.Duration
	usd  Money
}

func (a ration) plus(b ration) ration {
	return ration{a.runs + b.runs, time.Duration(sumOf(int64(a.time), int64(b.time))), Money(sumOf(int64(a.usd), int64(b.usd)))}
}

func (a ration) minus(b ration) ration {
	return ration{a.runs - b.runs, a.time - b.time, a.usd - b.usd}
}

// sumOf adds what is not negative, up to the largest number.
func sumOf(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// A budgeter lets no run start that could go over the budget. What has ended and
// every create that was or may have been accepted is used; what is in flight is
// reserved as long as such runs usually take.
type budgeter struct {
	most   Budget
	price  Price
	ledger Ledger

	mu       sync.Mutex
	used     ration
	reserved ration
	held     map[int]ration // of reserved, by position
	lengths  map[string]*lengths
}

// lengths are how long runs of a template took.
type lengths struct {
	newest []time.Duration // in this process
	next   int
	before time.Duration // the median of earlier ones; 0 for not known
}

func newBudgeter(p Policy, l Ledger) *budgeter {
	b := &budgeter{most: p.Budget, ledger: l, held: make(map[int]ration), lengths: make(map[string]*lengths)}
	if p.Price != nil {
		b.price = *p.Price
	}
	return b
}

func (b *budgeter) bounded() bool { return b.most != Budget{} }

// open reads what was used, and reserves what the rows in flight may come to.
func (b *budgeter) open(flight, unsure []Row) error {
	if !b.bounded() {
		return nil
	}
	u, err := b.ledger.Usage(b.price)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.used, b.reserved = ration{u.Runs, u.Time, u.USD}, ration{}
	clear(b.held)
	b.mu.Unlock()
	for _, m := range u.Unmeasured {
		_, one, err := b.expect(m.Template, m.Timeout)
		if err != nil {
			return err
		}
		one.runs = 0 // they are used
		b.mu.Lock()
		for range m.Creates {
			b.used = b.used.plus(one)
		}
		b.mu.Unlock()
	}
	for _, row := range slices.Concat(flight, unsure) {
		if row.State == StateEnded {
			continue // its length is in the ledger
		}
		_, one, err := b.expect(row.Template, row.Timeout)
		if err != nil {
			return err
		}
		one.runs = 0 // it is used
		b.mu.Lock()
		if row.State == StateUnsure {
			b.used = b.used.plus(one)
		} else {
			b.held[row.Position] = one
			b.reserved = b.reserved.plus(one)
		}
		b.mu.Unlock()
	}
	return nil
}

// expect is what a run of a template is likely to use: as much as those before
// it, or where there was none, as its timeout lets it.
func (b *budgeter) expect(template string, timeout time.Duration) (known bool, r ration, err error) {
	length := timeout
	if b.most.Time > 0 || b.most.USD > 0 {
		typical, err := b.typical(template)
		if err != nil {
			return false, r, err
		}
		if typical > 0 {
			known, length = true, typical
		}
	}
	return known, ration{1, b.price.Time(length), b.price.Of(length)}, nil
}

// typical is the median length of a template's runs, 0 when that is not known.
func (b *budgeter) typical(template string) (time.Duration, error) {
	b.mu.Lock()
	l := b.lengths[template]
	full := len(b.lengths) >= templatesMost
	if l != nil && len(l.newest) > 0 {
		sorted := slices.Sorted(slices.Values(l.newest))
		b.mu.Unlock()
		return sorted[len(sorted)/2], nil
	}
	b.mu.Unlock()
	if l != nil || full {
		if l == nil {
			return 0, nil
		}
		return l.before, nil
	}
	before, err := b.ledger.Typical(template)
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lengths[template] == nil {
		b.lengths[template] = &lengths{before: before}
	}
	return before, nil
}

// admit reserves what a new run may use. When that could go over the budget it is
// not ok: then either it surely would, and halted says so, or it depends on what
// is in flight. With final nothing of that will change.
func (b *budgeter) admit(position int, t Task, final bool) (ok bool, halted *HaltedError, err error) {
	if !b.bounded() {
		return true, nil, nil
	}
	known, one, err := b.expect(t.Template, t.Timeout)
	if err != nil {
		return false, nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if halted := b.passes(b.used, one, known); halted != nil {
		return false, halted, nil
	}
	if halted := b.passes(b.used.plus(b.reserved), one, known); halted != nil {
		if !final {
			halted = nil
		}
		return false, halted, nil
	}
	b.held[position] = one
	b.reserved = b.reserved.plus(one)
	return true, nil, nil
}

// passes says which bound one more run would pass; nil for none.
func (b *budgeter) passes(used, one ration, known bool) *HaltedError {
	like := "a run like the next usually takes"
	if !known {
		like = "how long the next one takes is not known, and its timeout lets it take"
	}
	sum := used.plus(one)
	switch {
	case b.most.Runs > 0 && sum.runs > b.most.Runs:
		return &HaltedError{policyBudgetRuns, fmt.Sprintf("the budget of %s is used up", manyRuns(b.most.Runs))}
	case b.most.Time > 0 && sum.time > b.most.Time:
		return &HaltedError{policyBudgetMinutes, fmt.Sprintf("one more run could go over the budget of %s: %s used, and %s %s",
			minutes(b.most.Time), minutes(used.time), like, minutes(one.time))}
	case b.most.USD > 0 && sum.usd > b.most.USD:
		return &HaltedError{policyBudgetUSD, fmt.Sprintf("one more run could go over the budget of $%s: an estimated $%s used, and %s %s, $%s",
			dollars(b.most.USD), dollars(used.usd), like, minutes(one.time), dollars(one.usd))}
	}
	return nil
}

func manyRuns(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// minutes is a length in minutes, rounded up to a tenth.
func minutes(d time.Duration) string {
	n := strconv.FormatFloat(math.Ceil(d.Minutes()*10)/10, 'f', -1, 64)
	if n == "1" {
		return "1 minute"
	}
	return n + " minutes"
}

func dollars(m Money) string { return decimalText(int64(m), moneyPlaces, 2) }

// accepted is told when the create of a run was, or may have been: it is used
// then, whatever becomes of it.
func (b *budgeter) accepted(position int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one, ok := b.held[position]; ok {
		bought := ration{runs: one.runs}
		b.used, b.reserved = b.used.plus(bought), b.reserved.minus(bought)
		b.held[position] = one.minus(bought)
	}
}

// ended is told how long a run took that had been reserved for.
func (b *budgeter) ended(row Row, length time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, ok := b.held[row.Position]
	if !ok {
		return
	}
	b.used = b.used.plus(ration{one.runs, b.price.Time(length), b.price.Of(length)})
	b.drop(row.Position, one)
	if l := b.lengths[row.Template]; l != nil {
		if len(l.newest) < lengthsMost {
			l.newest = append(l.newest, length)
		} else {
			l.newest[l.next] = length
			l.next = (l.next + 1) % lengthsMost
		}
	}
}

// inDoubt is told of a create of unknown fate: all that it may use counts as
// used.
func (b *budgeter) inDoubt(position int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one, ok := b.held[position]; ok {
		b.used = b.used.plus(one)
		b.drop(position, one)
	}
}

// release is told when no run of the task is in flight.
func (b *budgeter) release(position int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one, ok := b.held[position]; ok {
		b.drop(position, one)
	}
}

func (b *budgeter) drop(position int, one ration) {
	delete(b.held, position)
	b.reserved = b.reserved.minus(one)
}

// LongestRun is the longest time that is believed of one run: a service's clock
// that says more says nothing.
const LongestRun = 31 * 24 * time.Hour

// lengthOf is how long a run took: by the service's clock, or by ours where that
// says nothing.
func lengthOf(row Row, run Observed) time.Duration {
	began := run.StartedAt
	for _, at := range []time.Time{run.CreatedAt, row.CreatedAt} {
		if began.IsZero() {
			began = at
		}
	}
	if length := run.EndedAt.Sub(began); !began.IsZero() && !run.EndedAt.IsZero() && length >= 0 && length <= LongestRun {
		return length
	}
	return max(time.Since(row.StartedAt), 0)
}
