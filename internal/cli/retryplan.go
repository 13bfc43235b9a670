package cli

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/report"
)

// planShown is how many tasks a terminal is shown of a plan.
const planShown = 40

// tell writes what a retry would run, and what that may take and cost.
func (r *retrying) tell(sys Sys, b *foundBatch) error {
	out := bufio.NewWriter(sys.stdout())
	width, shown := sys.outWidth(), 0
	templates := map[string]int{}
	err := r.choose(b.Batch, func(rec batch.Record) error {
		templates[rec.Template]++
		if shown++; width > 0 && shown > planShown {
			return nil
		}
		_, err := out.WriteString(report.TaskLine(rec, width) + "\n")
		return err
	})
	if err != nil {
		return unlessGone(err)
	}
	tail, err := r.sums(b, templates)
	if err != nil {
		return err
	}
	if more := shown - planShown; width > 0 && more > 0 {
		tail = append([]string{"and " + report.Count(more) + " more"}, tail...)
	}
	for _, line := range tail {
		if _, err := out.WriteString(line + "\n"); err != nil {
			return unlessGone(err)
		}
	}
	return unlessGone(out.Flush())
}

// sums are the last lines of a plan.
func (r *retrying) sums(b *foundBatch, templates map[string]int) (lines []string, err error) {
	line := fmt.Sprintf("batch %s: %s of %s would be run again", report.Clean(titled(r.info)), report.Count(r.total()), plural(r.info.Total, "task"))
	if words := countsInWords(r.counts); words != "" {
		line += ": " + words
	}
	lines = append(lines, line)
	if r.total() > 0 {
		expected, err := r.expected(b, templates)
		if err != nil {
			return nil, err
		}
		lines = append(lines, expected)
	}
	if n := r.left[batch.Unknown]; n > 0 && r.where == nil {
		lines = append(lines, unknownLeft(n))
	}
	if r.flying > 0 && r.info.Provider != "local" {
		lines = append(lines, plural(r.flying, "run")+" in flight: collected, and not run again")
	}
	return lines, nil
}

// expected says what runs of these templates take, from those that completed
// before, and what they cost if there is a price.
func (r *retrying) expected(b *foundBatch, templates map[string]int) (string, error) {
	var length time.Duration
	var cost batch.Money
	price := r.info.Policy.Price
	for _, template := range slices.Sorted(maps.Keys(templates)) {
		n := templates[template]
		typical, err := b.Typical(template)
		if err != nil {
			return "", err
		}
		if typical == 0 {
			return "expected time and cost: unknown, no run of " + report.Clean(template) + " has completed yet", nil
		}
		length += time.Duration(n) * typical
		if price != nil {
			cost += batch.Money(n) * price.Of(typical)
		}
	}
	text := "expected: about " + report.Duration(length) + " of run time"
	if price == nil {
		return text + "; no price is known", nil
	}
	return text + ", " + report.Dollars(cost), nil
}
