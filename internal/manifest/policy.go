package manifest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// policy reads what bounds the batch and what makes it good.
func (l *loader) policy(root *node) {
	p := &l.m.Policy
	before := l.ps.met
	p.Price = l.price(l.goodMap(root.get("price")))
	priced := !l.failedSince(before) && !l.badBelow(root.get("price"))
	p.Budget = l.budget(l.goodMap(root.get("budget")))
	p.Canary = l.canary(root.get("canary"))
	p.Halt = l.halt(l.goodMap(root.get("halt")))
	p.Accept = l.share(root.get("accept"))
	if n := l.good(root.get("continueWithin")); n != nil {
		l.m.ContinueWithin = l.duration(n)
	}
	if usd := root.get("budget").get("usd"); p.Budget.USD > 0 && priced {
		switch {
		case p.Price == nil:
			l.ps.add(usd.problem("needs a price: what a run costs is not known",
				"write what the service takes, such as price: {perRun: 0.02, perMinute: 0.002}"))
		case p.Price.PerRun == 0 && p.Price.PerMinute == 0:
			l.ps.wrong(usd, "can never be reached: by the price on line %d a run costs nothing", root.get("price").line)
		}
	}
}

// price reads a price, or nil when there is none.
func (l *loader) price(n *node) *batch.Price {
	if n == nil || l.bad(n) {
		return nil
	}
	if n.get("perRun") == nil && n.get("perMinute") == nil {
		l.ps.add(n.problem("perRun and perMinute are missing", "write what a run costs, such as price: {perRun: 0.02, perMinute: 0.002}"))
		return nil
	}
	p := &batch.Price{PerRun: l.money(n.get("perRun")), PerMinute: l.money(n.get("perMinute"))}
	if r := l.good(n.get("roundUp")); r != nil {
		p.RoundUp = l.duration(r)
	}
	return p
}

// money reads an exact amount; 0 for none.
func (l *loader) money(n *node) batch.Money {
	if n = l.good(n); n == nil {
		return 0
	}
	amount, err := batch.ParseMoney(n.text)
	if err != nil {
		l.ps.wrong(n, "%v, not %s", err, n.says())
	}
	return amount
}

func (l *loader) budget(n *node) batch.Budget {
	return batch.Budget{
		Runs: l.count(n.get("runs")),
		Time: l.minutes(n.get("minutes")),
		USD:  l.money(n.get("usd")),
	}
}

// minutes reads a number of minutes, to the nanosecond; 0 for none.
func (l *loader) minutes(n *node) time.Duration {
	rate := l.rate(n)
	d := time.Duration(math.Round(rate * float64(time.Minute)))
	if d == 0 && rate > 0 {
		l.ps.wrong(n, "is too small: %s", cut(n.text))
	}
	return d
}

// canary reads a number of tasks, or a map with it.
func (l *loader) canary(n *node) batch.Canary {
	if n = l.good(n); n == nil || n.kind == numeric {
		return batch.Canary{Tasks: l.count(n)}
	}
	c := batch.Canary{Tasks: l.count(n.get("tasks")), Pass: l.share(n.get("pass"))}
	switch {
	case c.Pass == nil || c.Tasks == 0:
	case c.Pass.Reached(0, c.Tasks):
		l.ps.add(n.get("pass").problem("must be more than 0, or the canary can never fail", "leave canary out for none"))
	case !c.Pass.Reached(c.Tasks, c.Tasks):
		l.ps.wrong(n.get("pass"), "must be at most %d, the canary's tasks, not %s", c.Tasks, c.Pass)
	}
	return c
}

func (l *loader) halt(n *node) batch.Halt {
	h := batch.Halt{Failures: l.share(n.get("failures")), Min: l.count(n.get("min"))}
	if per := l.good(n.get("per")); per != nil {
		h.PerGroup = true
	}
	switch {
	case h.Failures == nil:
	case h.Failures.Reached(0, math.MaxInt32):
		l.ps.add(n.get("failures").problem("must be more than 0, or nothing ever runs", "1 stops at the first failure"))
	case h.Min > 0 && !h.Failures.Percent():
		l.odd(n.get("min"), "does nothing: failures is a count, which needs no minimum", "write failures as a percentage, or leave min out")
	}
	return h
}

// share reads a count or a percentage; nil for none.
func (l *loader) share(n *node) *batch.Share {
	if n = l.good(n); n == nil {
		return nil
	}
	s, err := batch.ParseShare(n.text)
	if err != nil {
		l.ps.wrong(n, "%v, not %s", err, n.says())
		return nil
	}
	return &s
}

// inVain warns of policies that no task comes under, once all are counted.
func (l *loader) inVain(root *node) {
	grouped := slices.ContainsFunc(l.m.entries, func(e *entry) bool { return e.group != nil })
	if n := root.get("limits").get("perGroup"); n != nil && !grouped {
		l.odd(n, "does nothing: no task has a group", "give the tasks one, such as group: ${{ row.site }}")
	}
	if n := root.get("halt").get("per"); n != nil && !grouped {
		l.odd(n, "does nothing: no task has a group", "give the tasks one, such as group: ${{ row.site }}")
	}
	if s := l.m.Policy.Accept; s != nil && !s.Percent() && !s.Reached(l.m.Total, l.m.Total) {
		l.odd(root.get("accept"), fmt.Sprintf("can never be reached: there %s", areTasks(l.m.Total)), "")
	}
}

func areTasks(n int) string {
	if n == 1 {
		return "is 1 task"
	}
	return "are " + many(n, "task")
}

// odd files a warning of a value.
func (l *loader) odd(n *node, message, hint string) {
	p := n.problem(message, hint)
	p.Warning = true
	l.ps.add(p)
}
