package cli

import (
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/report"
)

// plural prints "1 task", "1,204 tasks".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return report.Count(n) + " " + noun
}

// clock prints the local time of day of a moment, with its date if it was not
// today.
func clock(t time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) == time.Now().Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

func join(names []string) string { return strings.Join(names, ", ") }
