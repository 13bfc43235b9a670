package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// accounts are the lines about what a batch took and what its counts leave
// unsaid: runs and time, cost, tries, and what policies, edits and earlier
// batches have to do with it. They are clean.
func accounts(s batch.Summary) []string {
	used := counted(s.Runs, "run", "runs") + ", " + Duration(s.RunTime) + " of run time"
	price := s.Info.Policy.Price
	if price != nil && price.PerMinute > 0 {
		used += ", " + paidMinutes(s) + " paid"
	}
	lines := []string{used}
	if price != nil {
		cost := "cost: " + Dollars(s.Cost) + " estimated"
		if s.Wasted > 0 {
			cost += ", " + Dollars(s.Wasted) + " of it on runs that did not pass"
		}
		if n := s.Counts[batch.Running]; n > 0 {
			cost += "; " + counted(n, "task", "tasks") + " in flight not counted"
		}
		lines = append(lines, cost)
	}
	if s.Retried > 0 {
		lines = append(lines, fmt.Sprintf("first try: %s of %s; %s took more than one run",
			Count(s.FirstTry), Count(s.Info.Total), counted(s.Retried, "task", "tasks")))
	}
	if text := outcomes(s.Excused); text != "" {
		lines = append(lines, "excused: "+text+", "+whyExcused(s.Info))
	}
	if s.Stale > 0 {
		lines = append(lines, "stale input: "+counted(s.Stale, "task", "tasks")+
			" passed with an input that the manifest no longer has (--rerun changed buys "+oneOrMany(s.Stale, "it", "them")+" anew)")
	}
	if s.Reused > 0 {
		lines = append(lines, "reused: "+counted(s.Reused, "task has", "tasks have")+" the result of an earlier batch; nothing was bought for "+oneOrMany(s.Reused, "it", "them"))
	}
	if s.Left > 0 {
		lines = append(lines, "left: "+counted(s.Left, "task is", "tasks are")+" no longer in the manifest; only runs and cost count "+
			oneOrMany(s.Left, "it, and it comes", "them, and they come")+" last in the reports")
	}
	return lines
}

// whyExcused says what excuses tasks of a batch.
func whyExcused(info batch.Info) string {
	var why []string
	if tags := info.Policy.AllowFail; len(tags) > 0 {
		why = append(why, "allowed to fail by their tags ("+Clean(strings.Join(tags, ", "))+")")
	}
	if info.Repeats {
		why = append(why, "of repetitions that passed as a whole")
	}
	return strings.Join(why, " or ")
}

// paidMinutes is the time that was paid for, to a tenth of a minute.
func paidMinutes(s batch.Summary) string {
	whole, part, _ := strings.Cut(minutes(s.Paid, 1), ".")
	n, _ := strconv.Atoi(whole) // digits, far fewer than an int has
	if part != "" {
		return Count(n) + "." + part + " minutes"
	}
	return counted(n, "minute", "minutes")
}

func oneOrMany(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
