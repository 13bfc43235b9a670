package cli

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

func newStatus(sys Sys) *cobra.Command {
	var which batchArg
	var asJSON, watches bool
	cmd := &cobra.Command{
		Use:   "status [BATCH|FILE]",
		Short: "Tell where a batch stands, also while another process runs it",
		Long: `Tell where a batch stands, from the ledger; nothing is sent. It may be run while
another process works on the batch, and does not disturb it.
` + aboutBatch + `

With --json it is one JSON object on a line: the members of "bbbatch list --json",
and now, done, process (who works on batches of the name: pid, host, since; else
null), works (it works on this one), lastAt, perMinute, secondsLeft, inFlight,
flights (the 1,000 oldest of the tasks in flight: task, runId, status, state,
since, seconds), failures (the commonest kinds), leaked and next.

--watch goes on until the batch is closed, or Ctrl-C: on a terminal it is drawn
anew each second, elsewhere there is a line for each change, with --json an
object.

Exit codes:
  0    the batch was found, however it stands
  2    there is no such batch, or the ledger can't be read
  70   an internal error: the ledger could not be read to its end
  130  --watch: told to end before the batch was closed`,
		Example: `  bbbatch status
  bbbatch status tasks.yaml
  bbbatch status --watch
  bbbatch status --json | jq .counts`,
		Args: atMostOne("batch"),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			b, err := which.open(sys, args)
			if err != nil {
				return err
			}
			defer func() { err = also(err, b.close()) }()
			if watches {
				return watch(sys, b, asJSON)
			}
			s, err := standing(sys, b)
			if err != nil {
				return err
			}
			if asJSON {
				return unlessGone(report.StandingRecord(sys.stdout(), s))
			}
			return unlessGone(report.StandingText(sys.stdout(), s, sys.outWidth()))
		},
	}
	cmd.ValidArgsFunction = which.complete(sys)
	flagGroup(cmd, groupState, which.define)
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		jsonVar(flags, &asJSON)
		flags.BoolVar(&watches, "watch", false, "go on until the batch is closed")
	})
	return cmd
}

// The pace of a batch is that of its last minutes, once there is enough to
// tell from.
const (
	paceWindow = 10 * time.Minute
	paceLeast  = 5 * time.Second
)

// standing gathers where a batch stands. Each part is read by itself, so that a
// batch at work may have moved a little between them.
func standing(sys Sys, b *foundBatch) (report.Standing, error) {
	sum, err := b.Summary()
	if err != nil {
		return report.Standing{}, err
	}
	now := sys.Now().UTC()
	s := report.Standing{Summary: sum, Now: now}
	since := now.Add(-paceWindow)
	if sum.Info.ClosedAt.IsZero() {
		if h := ledger.HeldBy(b.reader.Dir(), sum.Info.Name); h != nil {
			s.Process = &report.Process{PID: h.PID, Host: h.Host, Since: h.Since}
		}
	}
	pace, err := b.Pace(since)
	if err != nil {
		return s, err
	}
	s.Last = pace.Last
	// Only who holds the lock writes events, so one that is younger than the
	// lock is its holder's.
	s.Works = s.Process != nil && !pace.Last.Before(s.Process.Since)
	if s.Works {
		s.PerMinute, s.Left = estimate(sum, pace, now)
	}
	if s.Flights, s.InFlight, err = flights(b, now); err != nil {
		return s, err
	}
	s.Next, err = nextCommand(sys, b, s)
	return s, err
}

// estimate is the pace of a batch in tasks a minute and the time to its end; 0
// when there is nothing to tell from.
func estimate(sum batch.Summary, pace ledger.Pace, now time.Time) (perMinute float64, left time.Duration) {
	took := now.Sub(pace.From)
	if pace.Judged == 0 || took < paceLeast {
		return 0, 0
	}
	rest := sum.Counts[batch.Pending] + sum.Counts[batch.Running]
	if sum.Info.Halted == "" {
		left = time.Duration(float64(took) / float64(pace.Judged) * float64(rest))
	}
	return math.Round(float64(pace.Judged)/took.Minutes()*100) / 100, left
}

// mostFlights is how many tasks in flight a status names.
const mostFlights = 1000

// flights returns the oldest tasks in flight, and how many there are.
func flights(b *foundBatch, now time.Time) (oldest []report.Flight, n int, err error) {
	byAge := func(x, y report.Flight) int { return x.Since.Compare(y.Since) }
	for row, err := range b.Open(batch.StateStarting, batch.StateUnsure, batch.StateRunning, batch.StateEnded) {
		if err != nil {
			return nil, 0, err
		}
		n++
		since := cmp.Or(row.StartedAt, row.IntendedAt)
		oldest = append(oldest, report.Flight{
			Task: row.ID, RunID: row.RunID, Status: row.Status, State: row.State, Since: since,
			Seconds: float64(max(now.Sub(since), 0).Milliseconds()) / 1000,
		})
		if len(oldest) == 2*mostFlights {
			slices.SortStableFunc(oldest, byAge)
			oldest = oldest[:mostFlights]
		}
	}
	slices.SortStableFunc(oldest, byAge)
	return oldest[:min(len(oldest), mostFlights)], n, nil
}

// nextCommand is what to type next, "" while a process is at work. Where apply
// would not continue the batch, a shell's comment says so: it buys anew.
func nextCommand(sys Sys, b *foundBatch, s report.Standing) (string, error) {
	info := s.Summary.Info
	switch {
	case s.Process != nil:
		return "", nil
	case info.ClosedAt.IsZero():
		warning, err := afresh(sys, b.Batch, info)
		return applyCommand(sys, b, info) + warning, err
	case len(s.Summary.Failures) > 0:
		return again(withState([]string{"show", s.Summary.Failures[0].Example, "--batch", info.ID}, b.state)), nil
	}
	return again(append(withState([]string{"report", info.ID}, b.state), "-o", "PATH")), nil
}

// applyCommand is what continues a batch. Where no file has the manifest as it
// was, or the batch is of a part of it, only the person knows the command.
func applyCommand(sys Sys, b *foundBatch, info batch.Info) string {
	path := b.manifest(info)
	if info.Selection != "" || path == "" {
		from := info.ManifestPath
		if from == "-" {
			from = "standard input"
		}
		return "the same bbbatch apply command again, with the manifest of " + from + " as it was"
	}
	return againKeeping(sys, append(applyWords(sys, b, info, path), boundWords(info.Policy)...))
}

// applyWords are the command that continues a batch with the manifest at path,
// but for which part of it the batch is of.
func applyWords(sys Sys, b *foundBatch, info batch.Info, path string) []string {
	words := []string{"apply", path}
	if info.Label != "" {
		words = append(words, "--batch", info.Label)
	}
	if !b.besideManifest(path) || sys.Getenv(variableOf("state")) != "" {
		words = append(words, "--state", b.state)
	}
	switch {
	case info.Provider == "local":
		words = append(words, "--local")
	case strings.TrimRight(serviceNow(sys), "/") != info.BaseURL || manifest.ServiceIn(info.Manifest).Named:
		words = append(words, "--provider-url", info.BaseURL)
	}
	return words
}

// serviceNow is the address that apply would use without --provider-url, of a
// manifest that names none.
func serviceNow(sys Sys) string {
	return cmp.Or(sys.Getenv(variableOf("provider-url")), sys.Getenv(baseVariable), browserbase.DefaultBaseURL)
}

// afresh warns, as a shell's comment, where apply would not continue the batch.
// It is "" too where that can't be told.
func afresh(sys Sys, b *ledger.Batch, info batch.Info) (string, error) {
	switch {
	case info.Label != "":
		return "", nil
	case info.Provider == "local":
		return "   # starts afresh: the local server ended with its process", nil
	}
	within, ok := withinNow(sys, info)
	if !ok {
		return "", nil
	}
	tooOld, err := isTooOld(b, info, sys.Now(), within)
	if !tooOld {
		return "", err
	}
	return "   # collects its runs, then starts afresh and buys every task: it is older than " + report.Duration(within), err
}
