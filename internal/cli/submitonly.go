package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// collecting is the command line that collects what --submit-only has started:
// the same one without that flag.
func collecting(sys Sys, args []string) string {
	kept := slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return arg == "--submit-only" || strings.HasPrefix(arg, "--submit-only=")
	})
	line := againKeeping(sys, kept)
	if set, err := strconv.ParseBool(sys.Getenv(variableOf("submit-only"))); err == nil && set {
		line += " --submit-only=false"
	}
	return line
}

// A started says how far --submit-only came.
type started struct {
	tasks   int // that were started
	of      int
	running int // whose runs are to be collected
}

func (s started) code() int {
	if s.tasks < s.of {
		return exitFailed
	}
	return exitOK
}

// started counts the tasks that have, or had, a run, where --submit-only has come
// to its end; nil where this was something else, or where nothing is left to be
// collected, so that the batch is done.
func (a *application) started(b *ledger.Batch, sum batch.Summary, runErr error) (*started, error) {
	if !a.flags.submitOnly || runErr != nil || !sum.Info.ClosedAt.IsZero() {
		return nil, nil
	}
	s := &started{tasks: sum.Info.Total, of: sum.Info.Total, running: sum.Counts[batch.Running]}
	if sum.Counts[batch.Failed]+sum.Counts[batch.Unknown] == 0 {
		return s, nil
	}
	for row, err := range b.Open(batch.StateDone) {
		if err != nil {
			return nil, err
		}
		if row.RunID == "" && !row.Left && (row.Outcome == batch.Failed || row.Outcome == batch.Unknown) {
			s.tasks--
		}
	}
	return s, nil
}

// summarizeStarted is summarize for a batch whose runs are collected later.
func (a *application) summarizeStarted(s started, sum batch.Summary, written []string) {
	if a.flags.quiet {
		return
	}
	if a.show.json {
		_ = report.SummaryLine(a.sys.Stderr, sum, report.SummaryOptions{Reports: written, Next: a.flags.collect})
		return
	}
	lines := []string{"started " + report.Count(s.tasks) + " of " + plural(s.of, "task") + ": " + plural(s.running, "run") + " in flight"}
	for _, f := range sum.Failures {
		lines = append(lines, "  "+report.Count(f.Count)+" "+string(f.Outcome)+": "+f.Message+", such as "+f.Example)
	}
	for _, path := range written {
		lines = append(lines, "  report: "+path)
	}
	if a.service.kind != "local" {
		lines = append(lines, "next: "+a.flags.collect)
	}
	for _, line := range lines {
		say(a.sys.Stderr, line, "")
	}
}
