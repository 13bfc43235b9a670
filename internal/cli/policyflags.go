package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
)

// haltMin is how many tasks must have come to their end before the percentage of
// --halt counts, where the manifest does not say.
const haltMin = 20

// policyFlags are the flags that bound a batch and say when it is good enough.
// What they say replaces what the manifest does.
type policyFlags struct {
	runs      int
	minutes   time.Duration
	usd       batch.Money
	maxTime   time.Duration
	failFast  bool
	halt      *batch.Share
	canary    int
	accept    *batch.Share
	allowFail []string
}

func (f *policyFlags) define(flags *pflag.FlagSet) {
	countVar(flags, &f.runs, "budget-runs", "", "buy `N` runs at most, of the whole batch (default: budget of the manifest, likewise\nfor the next two)")
	flags.Var((*minutesFlag)(&f.minutes), "budget-minutes", "buy `M` minutes of run time at most")
	flags.Var((*moneyFlag)(&f.usd), "budget-usd", "spend `X` US dollars at most, by the price in the manifest")
	flags.Var((*spanFlag)(&f.maxTime), "max-time", "start nothing once the batch is so old, such as 90m: `TIME` since it was opened")
	flags.BoolVar(&f.failFast, "fail-fast", false, "start nothing once a task did not pass")
	flags.Var(shareFlag{&f.halt, false}, "halt", "start nothing once `N` or N% of the tasks that ended did not pass; a percentage counts\nonce "+strconv.Itoa(haltMin)+" have, or halt.min of the manifest")
	countVar(flags, &f.canary, "canary", "", "run `N` tasks, spread over the manifest, before all others; they must all pass")
	flags.Var(shareFlag{&f.accept, true}, "accept", "let `N` or N% of the tasks be enough that pass (default: accept of the manifest, else all)")
	flags.StringArrayVar(&f.allowFail, "allow-fail", nil, "do not hold it against the batch when a task with the tag `TAG` does not pass (repeatable)")
}

// resolve lays the flags over the policy of a manifest.
func (f *policyFlags) resolve(p batch.Policy) (batch.Policy, error) {
	if f.runs > 0 {
		p.Budget.Runs = f.runs
	}
	if f.minutes > 0 {
		p.Budget.Time = f.minutes
	}
	if f.usd > 0 {
		p.Budget.USD = f.usd
		switch {
		case p.Price == nil:
			return p, wrongFlag("budget-usd", errors.New("needs a price: what a run costs is not known"),
				"write it into the manifest, such as price: {perRun: 0.02, perMinute: 0.002}")
		case p.Price.PerRun == 0 && p.Price.PerMinute == 0:
			return p, wrongFlag("budget-usd", errors.New("can never be reached: by the price in the manifest a run costs nothing"), "")
		}
	}
	if f.maxTime > 0 {
		p.MaxTime = f.maxTime
	}
	p.FailFast = p.FailFast || f.failFast
	if f.halt != nil {
		p.Halt.Failures = f.halt
		if !f.halt.Percent() {
			p.Halt.Min = 0
		} else if p.Halt.Min == 0 {
			p.Halt.Min = haltMin
		}
	}
	if f.canary > 0 {
		p.Canary = batch.Canary{Tasks: f.canary}
	}
	if f.accept != nil {
		p.Accept = f.accept
	}
	if slices.Contains(f.allowFail, "") {
		return p, wrongFlag("allow-fail", errors.New("must not be empty"), "")
	}
	if len(f.allowFail) > 0 {
		p.AllowFail = slices.Compact(slices.Sorted(slices.Values(f.allowFail)))
	}
	return p, nil
}

// boundWords are the flags that bound a batch as p does, so that who copies the
// command that goes on with it does not lift what bounded it. What no flag can
// say is the manifest's.
func boundWords(p batch.Policy) []string {
	var words []string
	add := func(flag, value string) { words = append(words, "--"+flag, value) }
	if p.Budget.Runs > 0 {
		add("budget-runs", strconv.Itoa(p.Budget.Runs))
	}
	if p.Budget.Time > 0 {
		add("budget-minutes", (*minutesFlag)(&p.Budget.Time).String())
	}
	if p.Budget.USD > 0 {
		add("budget-usd", decimalDollars(p.Budget.USD))
	}
	if p.MaxTime > 0 {
		add("max-time", p.MaxTime.String())
	}
	if p.FailFast {
		words = append(words, "--fail-fast")
	}
	if p.Halt.Failures != nil {
		add("halt", p.Halt.Failures.String())
	}
	if p.Canary.Tasks > 0 && p.Canary.Pass == nil {
		add("canary", strconv.Itoa(p.Canary.Tasks))
	}
	if p.Accept != nil {
		add("accept", p.Accept.String())
	}
	for _, tag := range p.AllowFail {
		add("allow-fail", tag)
	}
	return words
}

// decimalDollars is an amount as --budget-usd takes it.
func decimalDollars(m batch.Money) string {
	return strings.TrimSuffix(strings.TrimRight(m.String(), "0"), ".")
}

// howOn says what to do about a batch that a policy halted. onward is the command
// that continues it, "" for the one that was typed, and remark what it does
// besides.
func howOn(policy, onward, remark string) string {
	const kept = "nothing is lost, and what did not start stays pending; "
	onward = firstOf(onward, "the same command")
	if remark != "" {
		remark = "; it " + remark
	}
	switch policy {
	case "budget-runs", "budget-minutes", "budget-usd":
		return kept + onward + " with a higher --" + policy + " continues" + remark
	case "submit-only":
		return kept + "apply without --submit-only collects the runs, and starts the rest"
	case "max-time":
		return kept + onward + " with a longer --max-time continues" + remark
	}
	return kept + `"bbbatch retry" runs again what did not pass, and then the rest`
}

// A shareFlag is the value of a flag that takes a count of tasks or a
// percentage.
type shareFlag struct {
	share **batch.Share
	none  bool // 0 makes sense
}

func (s shareFlag) Type() string { return "share" }

func (s shareFlag) String() string {
	if s.share == nil || *s.share == nil {
		return ""
	}
	return (*s.share).String()
}

func (s shareFlag) Set(text string) error {
	share, err := batch.ParseShare(text)
	if err != nil {
		return fmt.Errorf("%w, not %q", err, text)
	}
	if !s.none && share.Reached(0, math.MaxInt32) {
		return errors.New("must be more than 0, or nothing ever runs")
	}
	*s.share = &share
	return nil
}

// A minutesFlag is the value of a flag that takes a number of minutes.
type minutesFlag time.Duration

func (m *minutesFlag) Type() string { return "minutes" }

func (m *minutesFlag) String() string {
	if *m == 0 {
		return ""
	}
	return strconv.FormatFloat(time.Duration(*m).Minutes(), 'f', -1, 64)
}

func (m *minutesFlag) Set(text string) error {
	n, err := strconv.ParseFloat(text, 64)
	d := math.Round(n * float64(time.Minute))
	if err != nil || !(d >= 1 && d < math.MaxInt64) { // NaN is neither
		return fmt.Errorf("must be a number of minutes, such as 90 or 0.5, not %q", text)
	}
	*m = minutesFlag(d)
	return nil
}

// A moneyFlag is the value of a flag that takes an amount in US dollars.
type moneyFlag batch.Money

func (m *moneyFlag) Type() string { return "usd" }

func (m *moneyFlag) String() string {
	if *m == 0 {
		return ""
	}
	return batch.Money(*m).String()
}

func (m *moneyFlag) Set(text string) error {
	usd, err := batch.ParseMoney(text)
	if err != nil {
		return fmt.Errorf("%w, not %q", err, text)
	}
	if usd == 0 {
		return errors.New("must be more than 0")
	}
	*m = moneyFlag(usd)
	return nil
}

// A spanFlag is the value of a flag that takes a length of time above 0.
type spanFlag time.Duration

func (s *spanFlag) Type() string { return "span" }

func (s *spanFlag) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

func (s *spanFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("must be a length of time above 0, such as 90m or 2h30m, not %q", text)
	}
	*s = spanFlag(d)
	return nil
}
