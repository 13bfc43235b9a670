package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

func TestVerdictFollowsThePolicy(t *testing.T) {
	accept, err := batch.ParseShare("98%")
	if err != nil {
		t.Fatal(err)
	}
	type counts = map[batch.Outcome]int
	closed := noon
	for _, test := range []struct {
		info    batch.Info
		counts  counts
		excused counts
		first   string // line of the summary
		verdict string
	}{
		{batch.Info{Total: 5000, ClosedAt: closed, Policy: batch.Policy{Accept: &accept}}, counts{batch.Passed: 4921, batch.Failed: 79}, nil,
			"ok: 4,921 of 5,000 passed (accept 98%)", "ok"},
		{batch.Info{Total: 100, ClosedAt: closed, Policy: batch.Policy{Accept: &accept}}, counts{batch.Passed: 97, batch.Failed: 3}, nil,
			"not ok: 97 of 100 passed (accept 98%)", "not ok"},
		{batch.Info{Total: 100, Policy: batch.Policy{Accept: &accept}}, counts{batch.Passed: 98, batch.Running: 2}, nil,
			"not ok: 98 of 100 passed (accept 98%)", "unfinished"},
		{batch.Info{Total: 100, Halted: "x", Policy: batch.Policy{Accept: &accept}}, counts{batch.Passed: 98, batch.NotStarted: 2}, nil,
			"not ok: 98 of 100 passed (accept 98%)", "halted"},
		{batch.Info{Total: 3, ClosedAt: closed}, counts{batch.Passed: 1, batch.Failed: 1, batch.Skipped: 1}, counts{batch.Failed: 1},
			"ok: 1 of 3 passed", "ok"},
		{batch.Info{Total: 3, ClosedAt: closed}, counts{batch.Passed: 1, batch.Failed: 2}, counts{batch.Failed: 1},
			"not ok: 1 of 3 passed", "not ok"},
	} {
		s := batch.Summary{Info: test.info, Counts: test.counts, Excused: test.excused}
		var out strings.Builder
		if err := Summary(&out, s, SummaryOptions{}); err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(out.String(), "\n"); first != test.first {
			t.Errorf("got %q, want %q", first, test.first)
		}
		if got := Verdict(s); got != test.verdict {
			t.Errorf("%v: got %q, want %q", test.counts, got, test.verdict)
		}
		var line strings.Builder
		if err := SummaryLine(&line, s, SummaryOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Contains(line.String(), `"ok":true`), strings.HasPrefix(test.first, "ok"); got != want {
			t.Errorf("%s: got ok %v, want %v", line.String(), got, want)
		}
	}
}

func TestAccounts(t *testing.T) {
	perMinute := batch.Policy{Price: &batch.Price{PerMinute: 2_000, RoundUp: time.Minute}}
	for _, test := range []struct {
		s    batch.Summary
		want []string
	}{
		{batch.Summary{Runs: 1}, []string{"1 run, 0.0s of run time"}},
		{batch.Summary{Info: batch.Info{Policy: perMinute}, Runs: 1204, RunTime: time.Hour, Paid: 1204 * time.Minute, Cost: 41_200_000, Wasted: 6_100_000},
			[]string{"1,204 runs, 1h0m0s of run time, 1,204 minutes paid", "cost: $41.20 estimated, $6.10 of it on runs that did not pass"}},
		{batch.Summary{Info: batch.Info{Policy: perMinute}, Paid: time.Minute, Cost: 2_000},
			[]string{"0 runs, 0.0s of run time, 1 minute paid", "cost: $0.002 estimated"}},
		{batch.Summary{Info: batch.Info{Policy: perMinute}, Paid: 90 * time.Second},
			[]string{"0 runs, 0.0s of run time, 1.5 minutes paid", "cost: $0.00 estimated"}},
		{batch.Summary{Info: batch.Info{Policy: batch.Policy{Price: &batch.Price{PerRun: 20_000}}}, Runs: 2, Cost: 40_000},
			[]string{"2 runs, 0.0s of run time", "cost: $0.04 estimated"}},
		{batch.Summary{Info: batch.Info{Total: 5000}, FirstTry: 4800, Retried: 200, Stale: 3, Reused: 12, Left: 2}, []string{
			"0 runs, 0.0s of run time",
			"first try: 4,800 of 5,000; 200 tasks took more than one run",
			"stale input: 3 tasks passed with an input that the manifest no longer has (--rerun changed buys them anew)",
			"reused: 12 tasks have the result of an earlier batch; nothing was bought for them",
			"left: 2 tasks are no longer in the manifest; only runs and cost count them, and they come last in the reports",
		}},
		{batch.Summary{Info: batch.Info{Policy: batch.Policy{AllowFail: []string{"a", "b\x1b"}}}, Excused: map[batch.Outcome]int{batch.Unknown: 1, batch.Invalid: 2}}, []string{
			"0 runs, 0.0s of run time", "excused: 2 invalid, 1 unknown, allowed to fail by their tags (a, b\uFFFD)",
		}},
		{batch.Summary{Info: batch.Info{Repeats: true}, Excused: map[batch.Outcome]int{batch.Failed: 1}}, []string{
			"0 runs, 0.0s of run time", "excused: 1 failed, of repetitions that passed as a whole",
		}},
	} {
		if diff := cmp.Diff(test.want, accounts(test.s)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAFailureSaysHowManyOfItAreExcused(t *testing.T) {
	f := batch.Failure{Outcome: batch.Failed, Reason: batch.Lost, Message: "m", Count: 3, Example: "a"}
	for excused, want := range map[int]string{
		0: "  3 failed: lost: m, such as a", 2: "  3 failed (2 excused): lost: m, such as a", 3: "  3 failed (excused): lost: m, such as a",
	} {
		f.Excused = excused
		if got := failureLine(f, 0); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
