package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

func TestMomentsAreTimesOrHowLongAgo(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"30d":                       now.Add(-30 * 24 * time.Hour),
		"1d12h":                     now.Add(-36 * time.Hour),
		"90s":                       now.Add(-90 * time.Second),
		"0d":                        now,
		"2026-01-19":                time.Date(2026, 1, 19, 0, 0, 0, 0, time.Local),
		"2026-01-19T15:04:05+02:00": time.Date(2026, 1, 19, 13, 4, 5, 0, time.UTC),
		"2026-01-19 15:04":          time.Date(2026, 1, 19, 15, 4, 0, 0, time.Local),
		"soon":                      {}, "-2h": {}, "30": {}, "d": {}, "2026-13-01": {}, "99999999d": {}, "1d-2h": {},
	} {
		var got time.Time
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		momentVar(flags, &got, "since", func() time.Time { return now }, "")
		err := flags.Parse([]string{"--since", text})
		if !got.Equal(want) || (err == nil) == want.IsZero() {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestWhichPlaceAmongTheLatest(t *testing.T) {
	for which, want := range map[string]int{
		"latest": 0, "latest~0": 0, "latest~12": 12,
		"latest~": -1, "latest~-1": -1, "latest~x": -1, "latest~99999999999999999999": -1, "Latest": -1, "7f3a": -1,
	} {
		if back, ok := placeOf(which); ok != (want >= 0) || ok && back != want {
			t.Errorf("%s: got %d %v, want %d", which, back, ok, want)
		}
	}
}

func TestThePaceTellsTheTimeToTheEnd(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	sum := batch.Summary{Counts: map[batch.Outcome]int{batch.Pending: 30, batch.Running: 10, batch.Passed: 20}}
	pace := ledger.Pace{Judged: 20, From: now.Add(-10 * time.Minute)}
	if perMinute, left := estimate(sum, pace, now); perMinute != 2 || left != 20*time.Minute {
		t.Errorf("got %v a minute and %v left, want 2 and 20m", perMinute, left)
	}
	sum.Info.Halted = "the key was refused"
	if _, left := estimate(sum, pace, now); left != 0 {
		t.Errorf("halted: got %v left, want nothing", left)
	}
	for _, p := range []ledger.Pace{{Judged: 0, From: pace.From}, {Judged: 3, From: now}, {Judged: 3, From: now.Add(time.Hour)}} {
		if perMinute, left := estimate(sum, p, now); perMinute != 0 || left != 0 {
			t.Errorf("%v: got %v and %v, want nothing known", p, perMinute, left)
		}
	}
}

// cli.md "Streams": what a batch holds never moves a terminal's cursor, and no
// line but a command is wider than the terminal.
func TestStandingOnANarrowTerminal(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	evil := "\x1b[2J\u202e" + strings.Repeat("木", 80)
	s := report.Standing{
		Now:     now,
		Process: &report.Process{PID: 4711, Host: evil, Since: now}, Works: true,
		Summary: batch.Summary{
			Info:   batch.Info{ID: "7f3a0000", Name: "prices", Selection: evil, ManifestPath: evil, OpenedAt: now, Total: 40, Halted: evil},
			Counts: map[batch.Outcome]int{batch.Running: 40},
			Failures: []batch.Failure{
				{Outcome: batch.Failed, Reason: batch.RunFailed, Message: evil, Count: 3, Example: evil},
			},
		},
		InFlight: 40,
	}
	for i := range 12 {
		s.Flights = append(s.Flights, report.Flight{Task: fmt.Sprint(evil, i), RunID: evil, Status: batch.Status(evil), State: batch.StateRunning})
	}
	var out strings.Builder
	if err := report.StandingText(&out, s, 40); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\u202e") {
		t.Errorf("got control characters: %q", out.String())
	}
	for _, want := range []string{"in process 4711", "and 30 more", "halted"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got no %q in\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		// The terminal's last column stays free; 木 takes two.
		if got := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) + strings.Count(line, "木"); got > 39 {
			t.Errorf("got %d columns, want 39 at most: %s", got, line)
		}
	}
	if n := strings.Count(out.String(), "\n"); n < 15 || n > 60 {
		t.Errorf("got %d lines", n)
	}
}
